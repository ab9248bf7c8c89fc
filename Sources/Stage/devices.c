// Directories, device nodes, links and the console: what is made inside the root.
#include "stage.h"

#define MODE_TYPE 0170000
#define OPEN_TREE_CLONE 1
#define DEVPTS_SUPER_MAGIC 0x1cd1
#define PTMX_DEVICE ((uint64_t)5 << 32 | 2)
#define TIOCSCTTY 0x540e
#define TIOCSWINSZ 0x5414
#define TIOCSPTLCK 0x40045431
#define TIOCGPTPEER 0x5441

struct window_size {
  uint16_t rows, columns, x, y;
};

long step_directory(struct stage *stage, const struct stage_step *step) {
  long fd = inroot_directory(stage, text_of(stage, step, 0), (uint32_t)step->number[0]);
  if (fd < 0)
    return fd;
  CALL(close, fd);
  return 0;
}

// The directory for a new entry, made when missing, and the entry's name.
static long entry_parent(struct stage *stage, const char *path, char *name, size_t size) {
  long parent = inroot_parent(stage, path, name, size);
  if (parent != -ENOENT)
    return parent;
  char head[4096];
  size_t length = text_copy(head, sizeof head, path);
  if (length >= sizeof head)
    return -ENAMETOOLONG;
  while (length > 1 && head[length - 1] != '/')
    length--;
  head[length] = 0;
  return inroot_directory(stage, head, 0755);
}

// number: mode with its type, device as mknod(2) takes it, uid << 32 | gid.
long step_device(struct stage *stage, const struct stage_step *step) {
  char name[256];
  const uint32_t mode = (uint32_t)step->number[0];
  const uint32_t uid = (uint32_t)(step->number[2] >> 32), gid = (uint32_t)step->number[2];
  long parent = entry_parent(stage, text_of(stage, step, 0), name, sizeof name);
  if (parent < 0)
    FAIL(stage, STAGE_DETAIL_DESTINATION, parent);
  long result = CALL(mknodat, parent, name, mode, step->number[1]);
  if (result == 0 && (uid || gid))
    result = CALL(fchownat, parent, name, uid, gid, AT_SYMLINK_NOFOLLOW);
  // An image may bring the node along; runc takes any node there, we only take the very device.
  if (result == -EEXIST) {
    uint32_t found = 0;
    uint64_t device = 0;
    long fd = CALL(openat, parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && file_mode((int)fd, &found, &device) == 0 && (found & MODE_TYPE) == (mode & MODE_TYPE)) {
      const uint64_t major = step->number[1] >> 8 & 0xfff,
                     minor = (step->number[1] & 0xff) | (step->number[1] >> 12 & 0xfff00);
      if (device == (major << 32 | minor))
        result = 0;
    }
    if (fd >= 0)
      CALL(close, fd);
  }
  CALL(close, parent);
  return result;
}

// A user namespace may not make device nodes: the host's node, checked, is bound in. number[1]: major << 32 | minor.
long step_device_bind(struct stage *stage, const struct stage_step *step) {
  uint32_t mode = 0;
  uint64_t device = 0;
  long tree = CALL(open_tree, AT_FDCWD, text_of(stage, step, 0), OPEN_TREE_CLONE | O_CLOEXEC);
  if (tree < 0)
    FAIL(stage, STAGE_DETAIL_SOURCE, tree);
  long result = file_mode((int)tree, &mode, &device);
  if (result == 0 && ((mode & MODE_TYPE) != (step->number[0] & MODE_TYPE) || device != step->number[1])) {
    stage->detail = STAGE_DETAIL_NO_DEVICE, result = -ENODEV;
  }
  if (result == 0)
    result = inroot_destination(stage, text_of(stage, step, 1), 0, 0);
  if (result >= 0) {
    long destination = result;
    result = mount_attach(stage, (int)tree, (int)destination);
    CALL(close, destination);
  }
  CALL(close, tree);
  return result;
}

long step_symlink(struct stage *stage, const struct stage_step *step) {
  char name[256];
  long parent = entry_parent(stage, text_of(stage, step, 1), name, sizeof name);
  if (parent < 0)
    FAIL(stage, STAGE_DETAIL_DESTINATION, parent);
  const char *target = text_of(stage, step, 0);
  long result = CALL(symlinkat, target, parent, name);
  if (result == -EEXIST && (step->flags & STAGE_REPLACE)) {
    CALL(unlinkat, parent, name, 0);
    result = CALL(symlinkat, target, parent, name);
  }
  CALL(close, parent);
  return result == -EEXIST ? 0 : result;
}

// The multiplexer of the container's own devpts, and no other file that an image put there.
static long open_ptmx(struct stage *stage, const char *path) {
  struct file_system info;
  uint32_t mode = 0;
  uint64_t device = 0;
  const int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
  // O_PATH first: opening a foreign device can have effects.
  long found = stage->root == STAGE_NO_FD ? CALL(openat, AT_FDCWD, path, O_PATH | O_CLOEXEC)
                                          : inroot_open(stage, path, O_PATH, 0);
  if (found < 0)
    return found;
  long result = CALL(fstatfs, found, &info);
  if (result == 0)
    result = file_mode((int)found, &mode, &device);
  CALL(close, found);
  if (result < 0)
    return result;
  if (info.type != DEVPTS_SUPER_MAGIC || device != PTMX_DEVICE)
    return -ENODEV;
  return stage->root == STAGE_NO_FD ? CALL(openat, AT_FDCWD, path, flags) : inroot_open(stage, path, flags, 0);
}

// A terminal from the container's devpts: the master goes to swiftcr, the slave becomes our standard streams. The
// slave comes from the master by ioctl (Linux 4.13), not by its name (CVE-2025-52565).
long step_console(struct stage *stage, const struct stage_step *step) {
  int unlocked = 0;
  char here = 0;
  long master = open_ptmx(stage, text_of(stage, step, 0));
  if (master < 0)
    FAIL(stage, STAGE_DETAIL_SOURCE, master);
  long result = CALL(ioctl, master, TIOCSPTLCK, &unlocked);
  if (result < 0)
    return result;
  long slave = CALL(ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0)
    return slave;
  if (step->number[1])
    CALL(fchown, slave, step->number[1], -1);
  if (step->number[0]) {
    struct window_size size;
    size.rows = (uint16_t)(step->number[0] >> 16), size.columns = (uint16_t)step->number[0];
    size.x = size.y = 0;
    CALL(ioctl, master, TIOCSWINSZ, &size);
  }
  if (step->flags & STAGE_CONSOLE_NODE) {
    long tree = CALL(open_tree, slave, &here, OPEN_TREE_CLONE | AT_EMPTY_PATH | O_CLOEXEC);
    if (tree < 0)
      return tree;
    long destination = inroot_destination(stage, text_of(stage, step, 1), 0, 0);
    if (destination < 0)
      return destination;
    result = mount_attach(stage, (int)tree, (int)destination);
    CALL(close, destination);
    CALL(close, tree);
    if (result < 0)
      return result;
  }
  stage_report(stage, STAGE_MASTER, 0, 0, (int)master);
  CALL(close, master);
  for (int fd = 0; fd < 3; fd++) {
    result = CALL(dup3, slave, fd, 0);
    if (result < 0)
      return result;
  }
  if (slave > 2)
    CALL(close, slave);
  return CALL(ioctl, 0, TIOCSCTTY, 0);
}
