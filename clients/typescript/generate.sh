#!/usr/bin/env bash
# Writes src/gen anew from the contract, or a copy of this repository's layout under another folder:
#
#     clients/typescript/generate.sh [folder]
#
# The plugin is a package of the repository's own lock file.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
PATH=$PWD/node_modules/.bin:$PATH buf generate --template clients/typescript/buf.gen.yaml -o "${1:-.}"
