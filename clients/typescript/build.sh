#!/usr/bin/env bash
# Builds the npm package into a folder: clients/typescript/build.sh <folder>
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$(mkdir -p "$1" && cd "$1" && pwd)
export PATH=$root/node_modules/.bin:$PATH
if ! command -v npm >/dev/null; then
  echo "npm is not installed: apt-get install npm" >&2
  exit 77
fi

staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
tsc -p "$here" --outDir "$staging/dist"
# The compiler rewrites the endings of imports in code only.
find "$staging/dist" -name '*.d.ts' -exec sed -i -E 's#(from "\./[^"]+)\.ts"#\1.js"#; s#(import\("\./[^"]+)\.ts"\)#\1.js")#' {} +
cp "$here/package.json" "$here/README.md" "$root/LICENSE" "$staging"
cd "$staging"
npm pack --silent --pack-destination "$out" >/dev/null
