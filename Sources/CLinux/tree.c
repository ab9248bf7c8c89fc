#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "CLinux.h"

int clinux_own_umask(void) {
  if (unshare(CLONE_FS) != 0)
    return -1;
  umask(0);
  return 0;
}

int clinux_set_link_xattr(const char *path, const char *name, const void *value, size_t size) {
  return lsetxattr(path, name, value, size, 0);
}

int64_t clinux_list_xattr(int fd, char *names, size_t size) {
  return flistxattr(fd, names, size);
}

int64_t clinux_get_link_xattr(const char *path, const char *name, void *value, size_t size) {
  return lgetxattr(path, name, value, size);
}

int64_t clinux_list_link_xattr(const char *path, char *names, size_t size) {
  return llistxattr(path, names, size);
}

int clinux_syncfs(int fd) {
  return syncfs(fd);
}

int clinux_start_writeback(int fd, int64_t offset, int64_t count) {
  return sync_file_range(fd, offset, count, SYNC_FILE_RANGE_WRITE);
}

unsigned clinux_device_major(uint64_t device) {
  return major(device);
}

unsigned clinux_device_minor(uint64_t device) {
  return minor(device);
}

int64_t clinux_seek_data(int fd, int64_t offset) {
  return lseek(fd, offset, SEEK_DATA);
}

int64_t clinux_seek_hole(int fd, int64_t offset) {
  return lseek(fd, offset, SEEK_HOLE);
}

int64_t clinux_copy_range(int source, int target, size_t count) {
  ssize_t copied = copy_file_range(source, NULL, target, NULL, count, 0);
  if (copied >= 0 || (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS))
    return copied;
  return sendfile(target, source, NULL, count);
}

int clinux_is_kernels(int fd) {
  struct statfs status;
  if (fstatfs(fd, &status) != 0)
    return 0;
  switch ((unsigned long)status.f_type) {
  case PROC_SUPER_MAGIC:
  case SYSFS_MAGIC:
  case CGROUP_SUPER_MAGIC:
  case CGROUP2_SUPER_MAGIC:
  case DEVPTS_SUPER_MAGIC:
  case SECURITYFS_MAGIC:
  case DEBUGFS_MAGIC:
  case TRACEFS_MAGIC:
  case BPF_FS_MAGIC:
  case 0x19800202: // mqueue
    return 1;
  default:
    return 0;
  }
}
