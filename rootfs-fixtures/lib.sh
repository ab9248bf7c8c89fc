# Shared by the recipes in this directory; sourced, never run.
# shellcheck shell=bash

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export LC_ALL=C
umask 022

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# new_directory DIR: makes DIR, refuses one that already holds something.
new_directory() {
  mkdir -p "$1"
  [ -z "$(ls -A "$1")" ] || die "$1 is not empty"
}

find_busybox() {
  local path
  for path in /usr/bin/busybox /bin/busybox; do
    if [ -x "$path" ] && ! grep -aq /lib64/ld-linux "$path"; then
      printf '%s\n' "$path"
      return 0
    fi
  done
  die "no static busybox: apt-get install busybox-static"
}

# base_layer DIR: the smallest root file system that has a shell.
base_layer() {
  local layer=$1
  mkdir -p "$layer"/{bin,dev,etc,home/user,proc,root,run,sys,tmp,usr/bin,var/tmp}
  chmod 0755 "$layer"
  chmod 0700 "$layer/root"
  chmod 1777 "$layer/tmp" "$layer/var/tmp"
  cp "$(find_busybox)" "$layer/bin/busybox"
  # In one process: 400 times ln is most of the time that a recipe takes.
  "$layer/bin/busybox" --list | BIN=$layer/bin perl -ne '
    chomp; next if $_ eq "busybox" or $_ eq "linuxrc";
    symlink "busybox", "$ENV{BIN}/$_" or die "link $_: $!\n"'
  ln -s ../../bin/busybox "$layer/usr/bin/env"
  printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'user:x:1000:1000:user:/home/user:/bin/sh' \
    'nobody:x:65534:65534:nobody:/nonexistent:/bin/false' >"$layer/etc/passwd"
  printf '%s\n' 'root:x:0:' 'tty:x:5:' 'audio:x:29:user' 'user:x:1000:' 'nogroup:x:65534:' >"$layer/etc/group"
  chown 1000:1000 "$layer/home/user"
}

# whiteout PATH: what overlayfs reads as "no such file, whatever the layers below say".
whiteout() {
  mknod "$1" c 0 0
}

# opaque DIR [user]: hides what the layers below have in this directory, for overlays that root mounts, or for those of
# users. perl-base is part of every Debian, setfattr is not.
opaque() {
  perl -e '
    my %setxattr = (x86_64 => 188, aarch64 => 5, riscv64 => 5);
    my ($machine, $path, $namespace) = @ARGV;
    my ($name, $value) = ("$namespace.overlay.opaque", "y");
    syscall($setxattr{$machine} // 188, $path, $name, $value, 1, 0) == 0 or die "opaque $path: $!\n";
  ' "$(uname -m)" "$1" "${2:-trusted}"
}

is_opaque() {
  perl -e '
    my %lgetxattr = (x86_64 => 192, aarch64 => 9, riscv64 => 9);
    my ($machine, $path) = @ARGV;
    my ($name, $value) = ("trusted.overlay.opaque", "\0");
    exit(syscall($lgetxattr{$machine} // 192, $path, $name, $value, 1) == 1 && $value eq "y" ? 0 : 1);
  ' "$(uname -m)" "$1"
}
