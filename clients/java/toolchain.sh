# Sourced by the other scripts: looks for the toolchain, and gives them `maven` and `here`.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v javac >/dev/null || { echo "javac is not installed: apt-get install openjdk-17-jdk-headless" >&2; exit 77; }
command -v mvn >/dev/null || { echo "mvn is not installed: apt-get install maven" >&2; exit 77; }
cache=${XDG_CACHE_HOME:-$HOME/.cache}/code-actions/java
mkdir -p "$cache"

# Maven with a local repository of its own: all versions are pinned, so that what is there is never asked for again. Only
# one at a time writes to it. What Maven says is shown when it fails.
maven() {
  local said status=0
  said=$(MAVEN_OPTS="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC ${MAVEN_OPTS:-}" \
    flock "$cache/lock" mvn -B -ntp "-Dmaven.repo.local=$cache/repository" "$@" 2>&1) || status=$?
  [ "$status" = 0 ] || echo "$said" >&2
  return "$status"
}
