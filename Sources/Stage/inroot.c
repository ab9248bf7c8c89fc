// The only door to a path below the container's root. A path from config.json or an image is resolved by openat2
// (Linux 5.6) as if the root were "/", without magic links, to a descriptor, and only the descriptor is used: a
// component that somebody swaps meanwhile leads nowhere outside (CVE-2019-19921, CVE-2021-30465, CVE-2023-27561).
#include <linux/openat2.h>

#include "stage.h"

#define PROC_SUPER_MAGIC 0x9fa0

long inroot_open(struct stage *stage, const char *path, uint64_t flags, uint64_t resolve) {
  struct open_how how;
  how.flags = flags | O_CLOEXEC;
  how.mode = 0;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve;
  // A rename elsewhere in the tree while ".." is walked gives EAGAIN: the kernel asks for another try.
  for (int tries = 0;; tries++) {
    long fd = CALL(openat2, stage->root, path, &how, sizeof how);
    if (fd != -11 || tries == 1000)
      return fd;
  }
}

// The mode with its file type, and a device's number as (major << 32 | minor).
long file_mode(int fd, uint32_t *mode, uint64_t *device) {
  struct status status;
  const unsigned type_and_mode = 0x3;
  const char here = 0;
  long result = CALL(statx, fd, &here, AT_EMPTY_PATH, type_and_mode, &status);
  if (result < 0)
    return result;
  *mode = status.mode;
  if (device)
    *device = (uint64_t)status.rdev_major << 32 | status.rdev_minor;
  return 0;
}

// Opens the directory that holds the last component, and gives the component.
long inroot_parent(struct stage *stage, const char *path, char *name, size_t size) {
  char head[4096];
  size_t length = text_copy(head, sizeof head, path);
  if (length >= sizeof head)
    return -ENAMETOOLONG;
  while (length > 1 && head[length - 1] == '/')
    head[--length] = 0;
  size_t slash = length;
  while (slash > 0 && head[slash - 1] != '/')
    slash--;
  if (text_copy(name, size, head + slash) >= size)
    return -ENAMETOOLONG;
  if (!name[0])
    return -EINVAL;
  if (slash == 0)
    head[0] = '.', slash = 1;
  head[slash] = 0;
  return inroot_open(stage, head, O_PATH | O_DIRECTORY, 0);
}

// Opens the directory, making what is missing on the way. The plan's paths have no "..".
long inroot_directory(struct stage *stage, const char *path, uint32_t mode) {
  long fd = inroot_open(stage, path, O_PATH | O_DIRECTORY, 0);
  if (fd != -ENOENT)
    return fd;

  char prefix[4096], name[256];
  size_t length = text_copy(prefix, sizeof prefix, path);
  if (length >= sizeof prefix)
    return -ENAMETOOLONG;
  while (length > 1 && prefix[length - 1] == '/')
    prefix[--length] = 0;
  for (size_t end = 1; end <= length; end++) {
    if (prefix[end] != '/' && prefix[end] != 0)
      continue;
    if (prefix[end - 1] == '/')
      continue;
    char saved = prefix[end];
    prefix[end] = 0;
    fd = inroot_open(stage, prefix, O_PATH | O_DIRECTORY, 0);
    if (fd == -ENOENT) {
      long parent = inroot_parent(stage, prefix, name, sizeof name);
      if (parent < 0)
        return parent;
      long made = CALL(mkdirat, parent, name, mode);
      CALL(close, parent);
      if (made < 0 && made != -EEXIST)
        return made;
      fd = inroot_open(stage, prefix, O_PATH | O_DIRECTORY, 0);
    }
    if (fd < 0)
      return fd;
    prefix[end] = saved;
    if (end < length)
      CALL(close, fd);
  }
  return fd;
}

// Opens the file for a mount on it, making an empty one (and its directories) when there is none.
long inroot_file(struct stage *stage, const char *path) {
  long fd = inroot_open(stage, path, O_PATH, 0);
  if (fd != -ENOENT)
    return fd;

  char head[4096], name[256];
  long parent = inroot_parent(stage, path, name, sizeof name);
  if (parent == -ENOENT) {
    size_t length = text_copy(head, sizeof head, path);
    while (length > 0 && head[length - 1] != '/')
      length--;
    head[length] = 0;
    parent = inroot_directory(stage, head, 0755);
  }
  if (parent < 0)
    return parent;
  fd = CALL(openat, parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  CALL(close, parent);
  if (fd < 0 && fd != -EEXIST)
    return fd;
  if (fd >= 0)
    CALL(close, fd);
  return inroot_open(stage, path, O_PATH, 0);
}

// Opens a mount's destination, made when missing. Nothing is mounted over another container's or our own procfs
// behind the plan's back (CVE-2019-16884), and procfs and sysfs never land behind a symlink.
long inroot_destination(struct stage *stage, const char *path, int directory, uint32_t flags) {
  long fd;
  if (flags & STAGE_REAL_DESTINATION) {
    fd = inroot_open(stage, path, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
    if (fd == -ELOOP || fd == -ENOTDIR)
      FAIL(stage, STAGE_DETAIL_NOT_REAL, fd);
    if (fd == -ENOENT) {
      fd = inroot_directory(stage, path, 0755);
      if (fd >= 0)
        CALL(close, fd), fd = inroot_open(stage, path, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
    }
  } else {
    fd = directory ? inroot_directory(stage, path, 0755) : inroot_file(stage, path);
  }
  if (fd < 0)
    FAIL(stage, STAGE_DETAIL_DESTINATION, fd);
  if (!(flags & STAGE_INSIDE_PROC)) {
    struct file_system info;
    long result = CALL(fstatfs, fd, &info);
    if (result == 0 && info.type == PROC_SUPER_MAGIC)
      result = -EPERM;
    if (result < 0) {
      CALL(close, fd);
      FAIL(stage, STAGE_DETAIL_IN_PROC, result);
    }
  }
  return fd;
}
