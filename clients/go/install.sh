# Sourced by story.sh and example.sh: makes an empty folder, goes there, and gets the packed module from its folder as
# anybody would get it from a proxy. What it stands on comes from the proxies that this machine uses anyway.
#
#     . install.sh <folder of the artifact>
command -v go >/dev/null || { echo "Go is not installed: apt-get install golang-go" >&2; exit 77; }
artifact=$(cd "$1" && pwd)
module=github.com/code-actions/code-actions/clients/go
version=$(cat "$artifact/$module/@v/list")
empty=$(mktemp -d)
trap 'chmod -R u+w "$empty"; rm -rf "$empty"' EXIT
cd "$empty"
# The packed module is not published: no checksum database knows it, and a cache shared with other projects must not
# remember it, because it can be packed anew under the same version.
export GOTOOLCHAIN=local GOWORK=off GOFLAGS=-mod=mod GONOSUMDB=$module
shared=$(go env GOMODCACHE)/cache/download
GOPROXY=file://$artifact,file://$shared,$(go env GOPROXY)
export GOPROXY GOMODCACHE=$empty/.modules

# Go tells on stderr what it does; only what fails is worth reading.
quietly() { "$@" >log 2>&1 || { cat log >&2; exit 1; }; }

quietly go mod init example.org/empty
quietly go get "$module@$version"
