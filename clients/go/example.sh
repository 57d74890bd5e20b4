#!/usr/bin/env bash
# Runs the example of README.md, with the packed module in an empty folder, against the service that
# CODEACTIONS_ADDRESS, CODEACTIONS_TOKEN and CODEACTIONS_PROJECT name:
#
#     clients/go/example.sh <folder of the artifact>
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/install.sh" "$1"
sed -n '/^```go$/,/^```$/{/^```$/q;/^```go$/!p}' "$here/README.md" >main.go
quietly go build -o program .
./program
