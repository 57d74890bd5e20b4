#!/usr/bin/env bash
# Runs the example of README.md, with the package installed in an empty folder, against the service that
# CODEACTIONS_ADDRESS, CODEACTIONS_TOKEN and CODEACTIONS_PROJECT name:
#
#     clients/java/example.sh <folder of the package>
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/install.sh" "$1"
sed -n '/^```java$/,/^```$/p' "$here/README.md" | sed '/^```$/q' | sed '/^```/d' >Hello.java
java -cp 'lib/*' Hello.java
