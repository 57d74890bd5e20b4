#!/usr/bin/env bash
# Writes src/gen anew from the contract, or a copy of this repository's layout under another folder:
#
#     clients/java/generate.sh [folder]
#
# The generators come from Maven Central, in the versions of the libraries that pom.xml names.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/toolchain.sh"
root=$(cd "$here/../.." && pwd)
out=$(mkdir -p "${1:-$root}" && cd "${1:-$root}" && pwd)
property() { sed -n "s#.*<$1>\(.*\)</$1>.*#\1#p" "$here/pom.xml"; }
protobuf=$(property protobuf.version) grpc=$(property grpc.version)
system=$(uname -s | sed 's/Linux/linux/; s/Darwin/osx/')-$(uname -m | sed 's/aarch64\|arm64/aarch_64/')
tools=$cache/generators-$protobuf-$grpc

# fetch <artifact> <name under which the file is kept>
fetch() {
  [ ! -e "$tools/$2" ] || return 0
  local folder
  folder=$(mktemp -d "$tools/.XXXXXX")
  maven org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy "-Dartifact=$1" "-DoutputDirectory=$folder"
  chmod +x "$folder"/*
  mv "$folder"/* "$tools/$2"
  rmdir "$folder"
}
mkdir -p "$tools"
fetch "com.google.protobuf:protoc:$protobuf:exe:$system" protoc
fetch "io.grpc:protoc-gen-grpc-java:$grpc:exe:$system" protoc-gen-grpc-java
fetch "com.google.protobuf:protobuf-java:$protobuf:jar" protobuf.jar

rm -rf "$out/clients/java/src/gen"
cd "$root"
PATH=$tools:$root/node_modules/.bin:$PATH CLASSPATH=$tools/protobuf.jar \
  buf generate --template clients/java/buf.gen.yaml -o "$out"
