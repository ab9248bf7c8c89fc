#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CLinux.h"

#define DETACH 2

// sys/mount.h of newer C libraries and linux/mount.h do not get on: these two are declared here.
int umount2(const char *target, int flags);
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);

int clinux_fsopen(const char *type) {
  return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
}

int clinux_fsconfig_flag(int context, const char *key) {
  return (int)syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, key, NULL, 0);
}

int clinux_fsconfig_string(int context, const char *key, const char *value) {
  return (int)syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value, 0);
}

int clinux_fsconfig_fd(int context, const char *key, int fd) {
  return (int)syscall(SYS_fsconfig, context, FSCONFIG_SET_FD, key, NULL, fd);
}

int clinux_fsconfig_create(int context) {
  return (int)syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

int clinux_fsmount(int context, unsigned attributes) {
  return (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
}

int clinux_clone_tree(int directory, const char *path, int recursive) {
  unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  return (int)syscall(SYS_open_tree, directory, path, flags);
}

int clinux_nameless_file(const char *directory) {
  return open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

int clinux_attach(int mount, const char *path) {
  return (int)syscall(SYS_move_mount, mount, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
}

int clinux_attach_to(int mount, int place) {
  return (int)syscall(SYS_move_mount, mount, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

int clinux_detach(const char *path) {
  return umount2(path, DETACH);
}

int clinux_mount_setattr(int mount, int recursive, uint64_t set, uint64_t clear, uint64_t propagation, int userns) {
  struct mount_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.attr_set = set | (userns >= 0 ? MOUNT_ATTR_IDMAP : 0);
  attributes.attr_clr = clear;
  attributes.propagation = propagation;
  attributes.userns_fd = userns >= 0 ? (uint64_t)userns : 0;
  unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  return (int)syscall(SYS_mount_setattr, mount, "", flags, &attributes, sizeof attributes);
}

int clinux_own_mounts(void) {
  if (unshare(CLONE_NEWNS) != 0)
    return -1;
  return mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
}

int clinux_enter_mounts(int namespace) {
  return setns(namespace, CLONE_NEWNS);
}

int clinux_open_path(const char *path) {
  return open(path, O_PATH | O_CLOEXEC);
}

int clinux_find_in_root(int directory, const char *path, int links) {
  struct open_how how;
  memset(&how, 0, sizeof how);
  how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  if (links)
    how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | (links ? 0 : RESOLVE_NO_SYMLINKS);
  return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}
