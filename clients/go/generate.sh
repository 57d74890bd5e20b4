#!/usr/bin/env bash
# Writes the generated code anew from the contract, or a copy of this repository's layout under another folder:
#
#     clients/go/generate.sh [folder]
#
# The generators are pinned in tools/go.mod and built into a cache folder.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$(mkdir -p "${1:-$root}" && cd "${1:-$root}" && pwd)
export PATH=$root/node_modules/.bin:$PATH GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOWORK=off
command -v go >/dev/null || { echo "Go is not installed: apt-get install golang-go" >&2; exit 77; }
plugins=${XDG_CACHE_HOME:-$HOME/.cache}/code-actions/go
mkdir -p "$plugins"
(cd "$here/tools" && go build -o "$plugins/" google.golang.org/protobuf/cmd/protoc-gen-go \
  connectrpc.com/connect/cmd/protoc-gen-connect-go ./protoc-gen-codeactions-go)

rm -rf "$out/clients/go/gen" "$out"/clients/go/*.gen.go
cd "$root"
PATH=$plugins:$PATH buf generate --template clients/go/buf.gen.yaml -o "$out"
