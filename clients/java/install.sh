# Sourced by story.sh and example.sh: makes an empty folder, goes there, and installs the built package as anybody would,
# as the README says. Then `lib` holds it and what it stands on, and `classes` the compiled sources.
#
#     . install.sh <folder of the package> <file.java>...
. "$(dirname "${BASH_SOURCE[0]}")/toolchain.sh"
artifact=$(cd "$1" && pwd)
shift
empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT
[ "$#" = 0 ] || cp "$@" "$empty"
cd "$empty"
# Maven looks again for what it remembers from a repository of another name; the package can be built anew under the same
# version.
cat >pom.xml <<POM
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId>
  <artifactId>empty</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <repositories>
    <repository>
      <id>built-$(cat "$artifact"/io/codeactions/codeactions-client/*/*.sha1 | sha1sum | cut -c 1-16)</id>
      <url>file://$artifact</url>
    </repository>
  </repositories>
  <dependencies>
$(sed -n '/^```xml$/,/^```$/{/^```/d;p}' "$here/README.md")
  </dependencies>
</project>
POM
maven org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies \
  -DincludeScope=runtime "-DoutputDirectory=$empty/lib"
