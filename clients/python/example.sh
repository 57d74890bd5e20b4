#!/usr/bin/env bash
# Runs the example of README.md, with the wheel installed in an empty environment, against the service that
# CODEACTIONS_ADDRESS, CODEACTIONS_TOKEN and CODEACTIONS_PROJECT name:
#
#     clients/python/example.sh <folder of the artifact>
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/install.sh" "$1" wheel
awk '/^```python$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' "$here/README.md" >example.py
python example.py
