#!/usr/bin/env bash
# Runs the unit tests. The last line is `N passed, N failed`.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/toolchain.sh"
staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
status=0
maven -f "$here/pom.xml" "-DbuildDirectory=$staging" test || status=$?
# Each class has a report of its own.
cat "$staging"/surefire-reports/*.xml 2>/dev/null | awk '
  function count(name) { return match($0, " " name "=\"[0-9]+\"") ? substr($0, RSTART + length(name) + 3) + 0 : 0 }
  /^<testsuite / { ran += count("tests") - count("skipped"); failed += count("failures") + count("errors") }
  END { printf "%d passed, %d failed\n", ran - failed, failed }'
exit "$status"
