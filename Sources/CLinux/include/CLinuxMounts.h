#ifndef CLINUX_MOUNTS_H
#define CLINUX_MOUNTS_H

#include <stdint.h>

// The mount API of Linux 5.2; every descriptor is close-on-exec.
int clinux_fsopen(const char *_Nonnull type);
int clinux_fsconfig_flag(int context, const char *_Nonnull key);
int clinux_fsconfig_string(int context, const char *_Nonnull key, const char *_Nonnull value);
int clinux_fsconfig_fd(int context, const char *_Nonnull key, int fd);
int clinux_fsconfig_create(int context);
int clinux_fsmount(int context, unsigned attributes);
// open_tree(2) with OPEN_TREE_CLONE: a detached copy of the mount at a path, or at `directory` when the path is empty.
int clinux_clone_tree(int directory, const char *_Nonnull path, int recursive);
// open(2) with O_TMPFILE: a regular file in a directory's file system, without a name.
int clinux_nameless_file(const char *_Nonnull directory);
// move_mount(2) of a detached mount onto a host path.
int clinux_attach(int mount, const char *_Nonnull path);
// The same onto what a descriptor is of, O_PATH or not.
int clinux_attach_to(int mount, int place);
int clinux_detach(const char *_Nonnull path);
// mount_setattr(2) (Linux 5.12) on a descriptor; `userns` < 0 leaves the id mapping alone.
int clinux_mount_setattr(int mount, int recursive, uint64_t set, uint64_t clear, uint64_t propagation, int userns);

// A mount namespace of the caller's own, to which the host's mounts still come; nothing goes back.
int clinux_own_mounts(void);
// setns(2) into a mount namespace.
int clinux_enter_mounts(int namespace);
// open(2) with O_PATH: what is there is named, not opened.
int clinux_open_path(const char *_Nonnull path);
// openat2(2) of a path inside of the root `directory`, O_PATH: symbolic links lead nowhere else, or are refused.
int clinux_find_in_root(int directory, const char *_Nonnull path, int links);

static const uint64_t clinux_attr_rdonly = 0x1;
static const uint64_t clinux_attr_nosuid = 0x2;
static const uint64_t clinux_attr_nodev = 0x4;
static const uint64_t clinux_attr_noexec = 0x8;
static const uint64_t clinux_attr_noatime = 0x10;
static const uint64_t clinux_attr_idmap = 0x100000;

#endif
