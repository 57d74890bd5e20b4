#!/usr/bin/env bash
# Installs the built package into an empty environment, as anybody would, and plays the story with it:
#
#     STORY=<settings> clients/python/story.sh <folder of the artifact> [sync | asyncio]
#
# One way installs the wheel, the other the sdist.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
way=${2:-sync}
[ "$way" = asyncio ] && kind=sdist || kind=wheel
. "$here/install.sh" "$1" "$kind"
python "$here/story/play.py" "$way"
