// tmpcopyup: the new tmpfs begins with what the directory under it held.
#include "stage.h"

#define ENTRY_BUFFER 2048
#define DEEPEST 64

struct entry {
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char name[];
};

static long copy_bytes(int from, const char *name, int to, uint32_t mode) {
  long in = CALL(openat, from, name, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
  if (in < 0)
    return in;
  long out = CALL(openat, to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode & 07777);
  long count = out;
  if (out >= 0) {
    do
      count = CALL(sendfile, out, in, 0, 1 << 30);
    while (count > 0);
    CALL(close, out);
  }
  CALL(close, in);
  return count;
}

static long copy_link(int from, const char *name, int to) {
  char target[4096];
  long length = CALL(readlinkat, from, name, target, sizeof target - 1);
  if (length < 0)
    return length;
  target[length] = 0;
  return CALL(symlinkat, target, to, name);
}

static long copy_entry(int from, const char *name, int to, int depth) {
  struct status details;
  const unsigned basic = 0x7ff;
  long result = CALL(statx, from, name, AT_SYMLINK_NOFOLLOW, basic, &details);
  if (result < 0)
    return result;
  const uint32_t type = details.mode & S_IFMT;
  if (type == S_IFDIR) {
    result = CALL(mkdirat, to, name, 0700);
    if (result < 0)
      return result;
    long source = CALL(openat, from, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (source < 0)
      return source;
    long target = CALL(openat, to, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    result = target < 0 ? target : copy_up((int)source, (int)target, depth + 1);
    CALL(close, source);
    if (target >= 0)
      CALL(close, target);
    return result;
  }
  if (type == S_IFLNK) {
    result = copy_link(from, name, to);
  } else if (type == S_IFREG) {
    result = copy_bytes(from, name, to, details.mode);
  } else {
    result = CALL(mknodat, to, name, details.mode,
                  (details.rdev_minor & 0xff) | (uint64_t)details.rdev_major << 8 |
                      (uint64_t)(details.rdev_minor & ~0xffu) << 12);
  }
  if (result == 0)
    result = CALL(fchownat, to, name, details.uid, details.gid, AT_SYMLINK_NOFOLLOW);
  // chown clears the set-id bits.
  if (result == 0 && type != S_IFLNK)
    result = CALL(fchmodat, to, name, details.mode & 07777);
  return result;
}

long copy_up(int from, int to, int depth) {
  char buffer[ENTRY_BUFFER] __attribute__((aligned(8)));
  struct status details;
  char dot[2], here = 0;
  dot[0] = '.', dot[1] = 0;
  if (depth > DEEPEST)
    return -ELOOP;
  long directory = CALL(openat, from, dot, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0)
    return directory;
  long count, result = 0;
  while (result == 0 && (count = CALL(getdents64, directory, buffer, sizeof buffer)) != 0) {
    if (count < 0)
      result = count;
    for (long at = 0; result == 0 && at < count;) {
      const struct entry *entry = (const struct entry *)(buffer + at);
      const char *name = entry->name;
      at += entry->length;
      if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0)))
        continue;
      result = copy_entry((int)directory, name, to, depth);
    }
  }
  CALL(close, directory);
  if (result == 0)
    result = CALL(statx, from, &here, AT_EMPTY_PATH, 0x7ff, &details);
  if (result == 0)
    result = CALL(fchownat, to, &here, details.uid, details.gid, AT_EMPTY_PATH);
  if (result == 0)
    result = CALL(fchmodat, to, dot, details.mode & 07777);
  return result;
}
