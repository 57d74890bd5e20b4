#!/usr/bin/env bash
# Packs the module into a folder that Go can take for a proxy: clients/go/build.sh <folder>
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(mkdir -p "$1" && cd "$1" && pwd)
export GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOWORK=off
command -v go >/dev/null || { echo "Go is not installed: apt-get install golang-go" >&2; exit 77; }
version=v$(sed -n 's/^const Version = "\(.*\)"$/\1/p' "$here/version.go")
tools=${XDG_CACHE_HOME:-$HOME/.cache}/code-actions/go
mkdir -p "$tools"

(cd "$here" && go vet ./...)
(cd "$here/tools" && go build -o "$tools/" ./modzip)
"$tools/modzip" "$here" "$version" "$here/../../LICENSE" "$out"
