#!/usr/bin/env bash
# Builds the package into a folder that Maven can take for a repository: clients/java/build.sh <folder>
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/toolchain.sh"
out=$(mkdir -p "$1" && cd "$1" && pwd)
staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
maven -f "$here/pom.xml" "-DbuildDirectory=$staging" -Dmaven.test.skip=true package

version=$(sed -n 's#^  <version>\(.*\)</version>$#\1#p' "$here/pom.xml")
folder=$out/io/codeactions/codeactions-client/$version
mkdir -p "$folder"
cp "$staging"/codeactions-client-*.jar "$folder"
cp "$here/pom.xml" "$folder/codeactions-client-$version.pom"
cd "$folder"
for file in *.jar *.pom; do sha1sum <"$file" | cut -d ' ' -f 1 >"$file.sha1"; done
