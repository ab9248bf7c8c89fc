# Shared by the scripts in this directory; sourced, never run.
# shellcheck shell=bash

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
FIXTURES=$REPO/rootfs-fixtures
export LC_ALL=C

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  BOLD=$'\e[1m' DIM=$'\e[2m' GREEN=$'\e[32m' RED=$'\e[31m' PLAIN=$'\e[0m'
else
  BOLD='' DIM='' GREEN='' RED='' PLAIN=''
fi

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

need_root() {
  [ "$(id -u)" -eq 0 ] || die "needs root: run it as 'sudo scripts/$(basename "$0")'"
}

# sudo resets PATH, so a toolchain that only the invoking user's PATH names has to be looked for.
find_swift() {
  local home='' dir
  if command -v swift >/dev/null 2>&1; then return 0; fi
  if [ -n "${SUDO_USER:-}" ]; then home=$(getent passwd "$SUDO_USER" | cut -d: -f6); fi
  for dir in ${home:+"$home/.local/share/swiftly/bin" "$home"/swift*/usr/bin} "${HOME:-/root}/.local/share/swiftly/bin" \
    /opt/swift*/usr/bin /usr/local/swift*/usr/bin /usr/share/swift*/usr/bin /usr/libexec/swift/*/bin; do
    if [ -x "$dir/swift" ]; then
      # swiftly's links find their toolchain through this variable; sudo has changed HOME.
      case $dir in */swiftly/bin) export SWIFTLY_HOME_DIR=${dir%/bin} SWIFTLY_BIN_DIR=$dir ;; esac
      PATH=$dir:$PATH
      export PATH
      return 0
    fi
  done
  return 1
}

# The user who owns the clone builds it: a build directory that belongs to root would be in their way later.
build_user() {
  local owner
  owner=$(stat -c %U "$REPO")
  if [ "$(id -u)" -eq 0 ] && [ -n "${SUDO_USER:-}" ] && [ "$owner" = "$SUDO_USER" ]; then
    printf '%s\n' "$owner"
  else
    id -un
  fi
}

as_builder() {
  local user
  user=$(build_user)
  if [ "$user" = "$(id -un)" ]; then
    (cd "$REPO" && "$@")
  else
    (cd "$REPO" && runuser -u "$user" -- env "PATH=$PATH" "HOME=$(getent passwd "$user" | cut -d: -f6)" "$@")
  fi
}

# quietly LABEL COMMAND…: one line when it works, the whole output when it does not.
quietly() {
  local label=$1 log started=$SECONDS
  shift
  log=$(mktemp "${TMPDIR:-/tmp}/swiftcr-log.XXXXXX")
  printf '%s … ' "$label"
  if "$@" >"$log" 2>&1 </dev/null; then
    printf 'done (%d s)\n' $((SECONDS - started))
    rm -f "$log"
  else
    printf 'failed\n'
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
}

# Sets SWIFTCR to the release build unless the caller named a program to use instead.
build_release() {
  if [ -n "${SWIFTCR:-}" ]; then
    [ -x "$SWIFTCR" ] || die "SWIFTCR=$SWIFTCR is not an executable file"
    return 0
  fi
  quietly 'building swiftcr (release)' as_builder swift build -c release --product swiftcr
  SWIFTCR=$REPO/.build/release/swiftcr
  export SWIFTCR
}

# The program beside it that swiftcr executes for what has to do with images. It takes longer to build.
build_release_of_images() {
  local given=${SWIFTCR:-}
  build_release
  if [ -z "$given" ]; then
    quietly 'building swiftcr-image (release)' as_builder swift build -c release --product swiftcr-image
  fi
  [ -x "${SWIFTCR%/*}/swiftcr-image" ] || die "no swiftcr-image beside $SWIFTCR"
}

# What a container could leave on a host, one item a line, for diff: mounts, cgroups without a process, processes in
# namespaces of their own (or swiftcr's), state and layer directories (but not the place for them), device nodes. What
# other tenants of the machine do (their processes, and the cgroups around them) stays out of it as far as that can be told.
host_snapshot() {
  local dir procs ns mine comm pid
  sed 's/^[0-9]* [0-9]* //; s/^/mount /' /proc/self/mountinfo | sort
  find /sys/fs/cgroup -mindepth 1 -name cgroup.procs 2>/dev/null | sort | while read -r procs; do
    [ -n "$(cat "$procs" 2>/dev/null)" ] || printf 'cgroup %s\n' "${procs%/*}"
  done
  mine=$(readlink /proc/self/ns/mnt)
  for dir in /proc/[0-9]*; do
    pid=${dir#/proc/}
    ns=$(readlink "$dir/ns/mnt" 2>/dev/null) || continue
    comm=$(cat "$dir/comm" 2>/dev/null) || continue
    case $ns:$comm in
      "$mine":swiftcr | "$mine":swiftcr-stage) ;;
      "$mine":*) continue ;;
    esac
    printf 'process %s %s\n' "$pid" "$comm"
  done
  for dir in /run/swiftcr /var/lib/swiftcr; do
    [ -d "$dir" ] || continue
    find "$dir" -mindepth 1 -maxdepth 4 -not -path /var/lib/swiftcr/containers | sed 's/^/path /' | sort
  done
  find /dev -xdev -not -path '/dev/pts/*' | sed 's/^/path /' | sort
}

# assert_same BEFORE: the host is again what the file BEFORE says; what is on its way out gets three seconds.
assert_same() {
  local after i
  after=$(mktemp "${TMPDIR:-/tmp}/swiftcr-after.XXXXXX")
  for i in 1 2 3 4; do
    host_snapshot >"$after"
    if cmp -s "$1" "$after"; then
      rm -f "$after"
      return 0
    fi
    [ "$i" -eq 4 ] || sleep 1
  done
  diff "$1" "$after" | sed -n 's/^</missing:/p; s/^>/left over:/p' >&2
  rm -f "$after"
  return 1
}
