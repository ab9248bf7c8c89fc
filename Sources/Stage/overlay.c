// The overlay of a rootless container. Nobody has rights in the first user namespace, so the stage mounts it, with those
// that it has in its own, and `userxattr` in the options: user.overlay.opaque stands for trusted.overlay.opaque.
//
// mount(2) and not fsconfig(2), whose overlayfs takes 500 layers since Linux 6.8 only: the options have 4,096 bytes, and
// layers are named by the numbers of their descriptors, which are names in /proc/self/fd.
#include "stage.h"

#define MOVE_MOUNT_F_EMPTY_PATH 0x4
#define OPEN_TREE_CLONE 1
#define MNT_DETACH 2

// Writes a number at the end of the text.
static size_t put_number(char *to, size_t at, long number) {
  char digits[20];
  size_t count = 0;
  do {
    digits[count++] = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  while (count)
    to[at++] = digits[--count];
  return at;
}

// Appends the template to a text; each '%' becomes the number of a descriptor of the next path of the list, which stays
// open.
static long expand(struct stage *stage, char *to, size_t size, const char *template, const char *paths, int directory) {
  size_t at = text_length(to);
  for (; *template; template++) {
    if (at + 20 >= size)
      return -ENAMETOOLONG;
    if (*template != '%') {
      to[at++] = *template;
      continue;
    }
    long fd = CALL(openat, directory, paths, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
      stage_note(stage, paths);
      FAIL(stage, STAGE_DETAIL_SOURCE, fd);
    }
    // The first layer is the topmost: the container's root has its mode.
    if (!stage->root_mode && file_mode((int)fd, &stage->root_mode, 0) < 0)
      stage->root_mode = 0755;
    at = put_number(to, at, fd);
    paths += text_length(paths) + 1;
  }
  to[at] = 0;
  return 0;
}

// text: the options and the paths in them, the scaffold and the path in it, as `expand` takes them. Opened while we are
// still the user, who may go where the container's root may not, and in our own mount namespace: overlayfs takes no
// directories of another.
long step_layers(struct stage *stage, const struct stage_step *step) {
  long result = expand(
      stage, stage->overlay, sizeof stage->overlay, text_of(stage, step, 0), text_of(stage, step, 1), AT_FDCWD);
  if (result < 0)
    return result;
  return expand(stage, stage->scaffold, sizeof stage->scaffold, text_of(stage, step, 2), text_of(stage, step, 3),
      AT_FDCWD);
}

// A container layer on a tmpfs that only this mount namespace has. text: the type, more options for the overlay, the
// names in them, the tmpfs's options.
long step_upper_memory(struct stage *stage, const struct stage_step *step) {
  char here = 0;
  long memory = mount_make(stage, step);
  if (memory < 0)
    return memory;
  long result = CALL(move_mount, memory, &here, AT_FDCWD, stage->scaffold, MOVE_MOUNT_F_EMPTY_PATH);
  if (result < 0)
    FAIL(stage, STAGE_DETAIL_ATTACH, result);
  const char *upper = text_of(stage, step, 2), *work = upper + text_length(upper) + 1;
  result = CALL(mkdirat, memory, upper, 0700);
  if (result == 0)
    result = CALL(mkdirat, memory, work, 0700);
  if (result == 0)
    result = CALL(fchmodat, memory, upper, stage->root_mode & 07777);
  if (result == 0)
    result = expand(stage, stage->overlay, sizeof stage->overlay, text_of(stage, step, 1), upper, (int)memory);
  CALL(close, memory);
  return result;
}

// text: root.path, the type, where descriptors are names. The mount is cloned off its scaffold, which goes.
long step_root_overlay(struct stage *stage, const struct stage_step *step) {
  char dot[2];
  dot[0] = '.', dot[1] = 0;
  long before = CALL(openat, AT_FDCWD, dot, O_PATH | O_CLOEXEC);
  long result = CALL(chdir, text_of(stage, step, 2));
  if (result < 0)
    FAIL(stage, STAGE_DETAIL_SOURCE, result);
  result = CALL(mount, text_of(stage, step, 1), stage->scaffold, text_of(stage, step, 1), 0, stage->overlay);
  long tree = result;
  if (result == 0)
    tree = CALL(open_tree, AT_FDCWD, stage->scaffold, OPEN_TREE_CLONE | O_CLOEXEC);
  while (CALL(umount2, stage->scaffold, MNT_DETACH) == 0) {
  }
  if (before >= 0) {
    CALL(fchdir, before);
    CALL(close, before);
  }
  if (tree < 0)
    return tree;
  return root_attach(stage, (int)tree, text_of(stage, step, 0));
}
