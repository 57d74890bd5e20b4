#!/usr/bin/env bash
# Writes the generated code anew from the contract, or a copy of this repository's layout under another folder:
#
#     clients/python/generate.sh [folder]
#
# The generators are pinned in tools/requirements.txt and live in a cache folder.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$(mkdir -p "${1:-$root}" && cd "${1:-$root}" && pwd)
. "$here/toolchain.sh"

rm -rf "$out/clients/python/src/codeactions/v1" "$out"/clients/python/src/codeactions/_generated*.py
cd "$root"
PATH=$root/node_modules/.bin:$PATH buf generate --template clients/python/buf.gen.yaml -o "$out"
