#!/usr/bin/env bash
# Runs the unit tests on the sources as they are. The last line is `N passed, N failed`.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
report=$(PATH=$PWD/../../node_modules/.bin:$PATH node --test --test-reporter=tap 'test/*.test.ts')
status=$?
[ "$status" -eq 0 ] || echo "$report"
count() { sed -n "s/^# $1 //p" <<<"$report"; }
echo "$(count pass) passed, $(count fail) failed"
exit "$status"
