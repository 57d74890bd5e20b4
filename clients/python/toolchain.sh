# Sourced by the other scripts. `tools` is a virtual environment with what tools/requirements.txt pins, in a cache folder
# and made anew when the pins or the Python change; `python` and the tools come from there.
python=$(command -v python3) || { echo "Python is not installed: apt-get install python3 python3-venv" >&2; exit 77; }
"$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' 2>/dev/null || {
  echo "Python 3.9 or newer with its module venv is not installed: apt-get install python3 python3-venv" >&2
  exit 77
}
pins=$(dirname "${BASH_SOURCE[0]}")/tools/requirements.txt
cache=${XDG_CACHE_HOME:-$HOME/.cache}/code-actions/python
tools=$cache/$({ "$python" -VV; "$python" -c 'import sys; print(sys.prefix)'; cat "$pins"; } | cksum | tr ' ' -)
mkdir -p "$cache"
# Several scripts may begin at once; one of them makes it.
(
  "$python" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
  [ -e "$tools/.ready" ] && exit
  rm -rf "$tools"
  "$python" -m venv "$tools"
  "$tools/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$pins" >&2
  touch "$tools/.ready"
) 9>"$cache/lock"
export PATH=$tools/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
