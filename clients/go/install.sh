# Sourced by story.sh and example.sh: makes an empty folder, goes there, and gets the packed module from its folder as
# anybody would get it from a proxy. What it stands on comes from the proxies that this machine uses anyway.
#
#     . install.sh <folder of the artifact> <file.go>...
command -v go >/dev/null || { echo "Go is not installed: apt-get install golang-go" >&2; exit 77; }
artifact=$(cd "$1" && pwd)
shift
module=github.com/code-actions/code-actions/clients/go
version=$(cat "$artifact/$module/@v/list")
empty=$(mktemp -d)
trap 'chmod -R u+w "$empty"; rm -rf "$empty"' EXIT
cp "$@" "$empty"
cd "$empty"
# The packed module is not published: no checksum database knows it, and a cache shared with other projects must not
# remember it, because it can be packed anew under the same version.
export GOTOOLCHAIN=local GOWORK=off GOFLAGS=-mod=mod GONOSUMDB=$module
shared=$(go env GOMODCACHE)/cache/download
GOPROXY=file://$artifact,file://$shared,$(go env GOPROXY)
export GOPROXY GOMODCACHE=$empty/.modules
# Empty folders of Go begin with a dot or an underscore, so that `./...` does not look into them.
go mod init example.org/empty >&2 2>log || { cat log >&2; exit 1; }
go get "$module@$version" >log 2>&1 || { cat log >&2; exit 1; }
go build -o program . >log 2>&1 || { cat log >&2; exit 1; }
