#!/usr/bin/env bash
# Gets the packed module into an empty folder, as anybody would, and plays the story with it:
#
#     STORY=<settings> clients/go/story.sh <folder of the artifact>
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/install.sh" "$1"
cp "$here"/story/*.go .
quietly go build -o program .
./program
