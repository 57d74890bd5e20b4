#!/usr/bin/env bash
# Runs the tests beside the code; the last line is `N passed, N failed`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOWORK=off
command -v go >/dev/null || { echo "Go is not installed: apt-get install golang-go" >&2; exit 77; }
status=0
results=$(go test -count=1 -v . 2>&1) || status=$?
[ "$status" = 0 ] || echo "$results"
echo "$(grep -c '^--- PASS' <<<"$results" || true) passed, $(grep -c '^--- FAIL' <<<"$results" || true) failed"
exit "$status"
