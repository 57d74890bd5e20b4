#!/usr/bin/env bash
# Installs the built package into an empty folder, as anybody would, and plays the story with it:
#
#     STORY=<settings> clients/typescript/story.sh <folder of the package> [grpc | connect | grpc-js | browser]
#
# The player is TypeScript that is checked against the package's own types.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
artifact=$(cd "$1" && pwd)
way=${2:-grpc}
export PATH=$root/node_modules/.bin:$PATH
missing() {
  echo "$1 is not installed: apt-get install $2" >&2
  exit 77
}
command -v npm >/dev/null || missing npm npm
if [ "$way" = browser ]; then
  chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || missing chromium chromium
fi

empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT
cp "$here"/story/* "$empty"
cd "$empty"
npm install --silent --prefer-offline --no-audit --no-fund "$artifact"/code-actions-client-*.tgz >&2
tsc -p . >&2
if [ "$way" = browser ]; then
  ./node_modules/.bin/esbuild played/page.js --bundle --format=esm --log-level=error --outfile=page.js >&2
  node played/browser.js page.js "$chromium"
else
  node played/node.js "$way"
fi
