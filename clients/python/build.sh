#!/usr/bin/env bash
# Builds the wheel and the sdist into a folder: clients/python/build.sh <folder>
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(mkdir -p "$1" && cd "$1" && pwd)
. "$here/toolchain.sh"

staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
cp -r "$here/pyproject.toml" "$here/README.md" "$here/../../LICENSE" "$here/src" "$here/tests" "$staging"
# The wheel is built from the sdist, so that one shows that the other is whole.
python -m build --no-isolation --outdir "$out" "$staging" >"$staging/log" 2>&1 || { cat "$staging/log" >&2; exit 1; }
