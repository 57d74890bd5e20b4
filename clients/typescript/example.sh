#!/usr/bin/env bash
# Runs the example of README.md, with the package installed in an empty folder, against the service that
# CODEACTIONS_ADDRESS, CODEACTIONS_TOKEN and CODEACTIONS_PROJECT name:
#
#     clients/typescript/example.sh <folder of the package>
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
artifact=$(cd "$1" && pwd)
if ! command -v npm >/dev/null; then
  echo "npm is not installed: apt-get install npm" >&2
  exit 77
fi

empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT
cd "$empty"
sed -n '/^```js$/,/^```$/{/^```/d;p}' "$here/README.md" >example.mjs
npm install --silent --prefer-offline --no-audit --no-fund "$artifact"/code-actions-client-*.tgz @connectrpc/connect-node@2.2.0 >&2
node example.mjs
