#!/usr/bin/env bash
# Installs the built package into an empty folder, as anybody would, and plays the story with it:
#
#     STORY=<settings> clients/java/story.sh <folder of the package>
set -euo pipefail
story=$(cd "$(dirname "${BASH_SOURCE[0]}")/story" && pwd)
. "$story/../install.sh" "$1" "$story"/*.java
javac -Xlint:all -Werror -proc:none -d classes -cp 'lib/*' ./*.java >&2
java -cp 'classes:lib/*' Story
