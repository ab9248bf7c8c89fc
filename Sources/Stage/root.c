// The container's root: attached at root.path in the container's mount namespace, then made "/".
#include "stage.h"

#define MOVE_MOUNT_F_EMPTY_PATH 0x4
#define MOVE_MOUNT_T_EMPTY_PATH 0x40
#define OPEN_TREE_CLONE 1
#define MS_REC 0x4000
#define MS_PRIVATE (1 << 18)
#define MS_SLAVE (1 << 19)

long step_propagation(struct stage *stage, const struct stage_step *step) {
  return CALL(mount, 0, text_of(stage, step, 0), 0, step->number[0], 0);
}

// The mount that root.path lies on must not be shared, or what is attached there shows on the host and pivot_root
// refuses. The kernel tells a mount's root from another directory: walk up until it accepts.
long step_parent_private(struct stage *stage, const struct stage_step *step) {
  char *path = text_of(stage, step, 0);
  char slash[2];
  slash[0] = '/', slash[1] = 0;
  for (size_t length = text_length(path);;) {
    long result = CALL(mount, 0, length ? path : slash, 0, MS_PRIVATE, 0);
    if (result != -EINVAL || length == 0)
      return result;
    while (length > 0 && path[--length] != '/') {
    }
    path[length] = 0;
  }
}

// Puts a detached mount on a descriptor.
long mount_attach(struct stage *stage, int mount, int destination) {
  char here = 0;
  long result = CALL(move_mount, mount, &here, destination, &here, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
  if (result < 0)
    FAIL(stage, STAGE_DETAIL_ATTACH, result);
  return 0;
}

// The mount's own descriptor is the root from now on: the path is not looked up again.
long root_attach(struct stage *stage, int mount, const char *path) {
  char here = 0;
  long result = CALL(move_mount, mount, &here, AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
  if (result < 0)
    FAIL(stage, STAGE_DETAIL_ATTACH, result);
  stage->root = mount;
  return 0;
}

long step_root_bind(struct stage *stage, const struct stage_step *step) {
  const char *path = text_of(stage, step, 0);
  long tree = CALL(open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | AT_RECURSIVE | O_CLOEXEC);
  if (tree < 0)
    FAIL(stage, STAGE_DETAIL_SOURCE, tree);
  return root_attach(stage, (int)tree, path);
}

// The overlay comes from swiftcr as a detached mount: made by root in the first user namespace, it obeys
// trusted.overlay.opaque, which one made in here would ignore.
long step_root_receive(struct stage *stage, const struct stage_step *step) {
  int mount = STAGE_NO_FD;
  long result = stage_answer(stage, &mount);
  if (result < 0)
    FAIL(stage, STAGE_DETAIL_SOURCE, result);
  return root_attach(stage, mount, text_of(stage, step, 0));
}

// In a container that runs already, "/" is the root.
long step_root_here(struct stage *stage, const struct stage_step *step) {
  long root = CALL(openat, AT_FDCWD, text_of(stage, step, 0), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0)
    return root;
  stage->root = (int)root;
  return 0;
}

long step_pivot(struct stage *stage, const struct stage_step *step) {
  char dot[2], slash[2];
  dot[0] = '.', dot[1] = 0;
  slash[0] = '/', slash[1] = 0;
  long result;

  if (step->flags & STAGE_NO_PIVOT) {
    char here = 0;
    result = CALL(move_mount, stage->root, &here, AT_FDCWD, slash, MOVE_MOUNT_F_EMPTY_PATH);
    if (result == 0)
      result = CALL(fchdir, stage->root);
    if (result == 0)
      result = CALL(chroot, dot);
  } else {
    // pivot_root(".", ".") stacks the old root on the new one: no directory for it is needed in the image.
    long old = CALL(openat, AT_FDCWD, slash, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (old < 0)
      return old;
    result = CALL(fchdir, stage->root);
    if (result == 0)
      result = CALL(pivot_root, dot, dot);
    if (result == 0)
      result = CALL(fchdir, old);
    if (result == 0 && (step->flags & STAGE_OLD_SLAVE))
      result = CALL(mount, 0, dot, 0, MS_SLAVE | MS_REC, 0);
    if (result == 0)
      result = CALL(umount2, dot, MNT_DETACH);
    CALL(close, old);
  }
  if (result == 0)
    result = CALL(chdir, slash);
  if (result < 0)
    return result;
  CALL(close, stage->root);
  stage->root = STAGE_NO_FD;
  return 0;
}
