// maskedPaths and readonlyPaths.
#include "stage.h"

#define FSOPEN_CLOEXEC 1
#define FSMOUNT_CLOEXEC 1
#define FSCONFIG_SET_STRING 1
#define FSCONFIG_CMD_CREATE 6
#define OPEN_TREE_CLONE 1
#define MOUNT_ATTR_RDONLY 1
#define MOUNT_ATTR_HIDDEN (1 | 2 | 4 | 8) // RDONLY, NOSUID, NODEV, NOEXEC
#define NULL_DEVICE ((uint64_t)1 << 32 | 3)

// The host's /dev/null, checked to be it, opened before anything of the container could put another one in its
// place (CVE-2025-31133).
static long host_null(struct stage *stage, const char *path) {
  if (stage->null != STAGE_NO_FD)
    return 0;
  uint32_t mode = 0;
  uint64_t device = 0;
  long fd = CALL(openat, AT_FDCWD, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return fd;
  long result = file_mode((int)fd, &mode, &device);
  if (result < 0)
    return result;
  if ((mode & S_IFMT) != S_IFCHR || device != NULL_DEVICE)
    return -ENODEV;
  stage->null = (int)fd;
  return 0;
}

// One empty read-only tmpfs hides all the directories: cloned by its descriptor, never by a path.
static long empty_directory(struct stage *stage, const struct stage_step *step) {
  const char *type = text_of(stage, step, 2), *options = text_of(stage, step, 3);
  char here = 0;
  if (stage->mask != STAGE_NO_FD) {
    return CALL(open_tree, stage->mask, &here, OPEN_TREE_CLONE | AT_EMPTY_PATH | O_CLOEXEC);
  }
  long context = CALL(fsopen, type, FSOPEN_CLOEXEC);
  if (context < 0)
    return context;
  long result = 0;
  // "nr_inodes", 0, "2", 0 and so on, then 0.
  while (*options && result == 0) {
    const char *value = options + text_length(options) + 1;
    result = CALL(fsconfig, context, FSCONFIG_SET_STRING, options, value, 0);
    options = value + text_length(value) + 1;
  }
  if (result == 0)
    result = CALL(fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0);
  if (result == 0)
    result = CALL(fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_HIDDEN);
  CALL(close, context);
  if (result >= 0)
    stage->mask = (int)result;
  return result;
}

long step_mask(struct stage *stage, const struct stage_step *step) {
  uint32_t mode = 0;
  char here = 0;
  long fd = inroot_open(stage, text_of(stage, step, 0), O_PATH, 0);
  // What is not there needs no mask.
  if (fd == -ENOENT || fd == -ENOTDIR)
    return 0;
  if (fd < 0)
    FAIL(stage, STAGE_DETAIL_DESTINATION, fd);
  long cover = file_mode((int)fd, &mode, 0);
  if (cover == 0 && (mode & S_IFMT) == S_IFDIR) {
    cover = empty_directory(stage, step);
  } else if (cover == 0) {
    cover = host_null(stage, text_of(stage, step, 1));
    if (cover == 0)
      cover = CALL(open_tree, stage->null, &here, OPEN_TREE_CLONE | AT_EMPTY_PATH | O_CLOEXEC);
  }
  long result = cover;
  if (cover >= 0) {
    result = mount_attach(stage, (int)cover, (int)fd);
    if (cover != stage->mask)
      CALL(close, cover);
  } else {
    stage->detail = STAGE_DETAIL_SOURCE;
  }
  CALL(close, fd);
  return result;
}

// A read-only clone of the path over the path itself.
long step_readonly(struct stage *stage, const struct stage_step *step) {
  char here = 0;
  long fd = inroot_open(stage, text_of(stage, step, 0), O_PATH, 0);
  if (fd == -ENOENT || fd == -ENOTDIR)
    return 0;
  if (fd < 0)
    FAIL(stage, STAGE_DETAIL_DESTINATION, fd);
  long tree = CALL(open_tree, fd, &here, OPEN_TREE_CLONE | AT_RECURSIVE | AT_EMPTY_PATH | O_CLOEXEC);
  long result = tree;
  if (tree >= 0) {
    result = mount_set((int)tree, MOUNT_ATTR_RDONLY, 0, 0, 0);
    if (result == 0)
      result = mount_attach(stage, (int)tree, (int)fd);
    CALL(close, tree);
  }
  CALL(close, fd);
  return result;
}
