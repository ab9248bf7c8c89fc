// Structures of the kernel's interface that more than one file of the stage uses.
#pragma once

#include <stdint.h>

// umount2(2).
#define MNT_DETACH 2

// clone3(2).
struct clone_arguments {
  uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

// statfs(2).
struct file_system {
  long type;
  long rest[15];
};

// statx(2).
struct status {
  uint32_t mask, block_size;
  uint64_t attributes;
  uint32_t links, uid, gid;
  uint16_t mode, spare;
  uint64_t inode, size, blocks, attributes_mask;
  uint64_t times[8];
  uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
  uint64_t rest[14];
};
