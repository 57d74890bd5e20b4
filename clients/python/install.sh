# Sourced by story.sh and example.sh: makes an empty folder with an empty virtual environment, goes there, and installs
# the built package from its folder, as anybody would. What it stands on comes from the registry that this machine uses,
# or from pip's cache. `python` is that of the environment then.
#
#     . install.sh <folder of the artifact> <wheel | sdist>
. "$(dirname "${BASH_SOURCE[0]}")/toolchain.sh"
case $2 in
  wheel) package=$(echo "$(cd "$1" && pwd)"/code_actions-*.whl) ;;
  sdist) package=$(echo "$(cd "$1" && pwd)"/code_actions-*.tar.gz) ;;
esac
empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT
cd "$empty"
# The tools' pip installs into it, which spares it a pip of its own.
python -m venv --without-pip environment
python -m pip --python environment install --quiet "$package" >&2
export PATH=$empty/environment/bin:$PATH
