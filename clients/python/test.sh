#!/usr/bin/env bash
# Checks formatting, habits and types, and runs the unit tests on the sources as they are, with the oldest versions that
# the package promises to work with. The last line is `N passed, N failed`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. ./toolchain.sh
ruff format --quiet --no-cache --diff .
ruff check --quiet --no-cache .
mypy --no-error-summary --cache-dir "$cache/mypy"
status=0
report=$(python -m pytest --quiet) || status=$?
[ "$status" -eq 0 ] || echo "$report"
count() { grep -oE "[0-9]+ $1" <<<"$report" | tail -1 | grep -oE '^[0-9]+' || echo 0; }
echo "$(count passed) passed, $(($(count failed) + $(count error))) failed"
exit "$status"
