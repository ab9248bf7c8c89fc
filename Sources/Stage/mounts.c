// Mounts in the container's root, with the mount API of Linux 5.2: each is complete before it is attached.
#include "stage.h"

#define FSOPEN_CLOEXEC 1
#define UMOUNT_NOFOLLOW 8
#define FSMOUNT_CLOEXEC 1
#define FSCONFIG_SET_FLAG 0
#define FSCONFIG_SET_STRING 1
#define FSCONFIG_CMD_CREATE 6
#define FSCONFIG_CMD_RECONFIGURE 7
#define FSPICK_CLOEXEC 1
#define FSPICK_EMPTY_PATH 8
#define OPEN_TREE_CLONE 1
#define MS_REC 0x4000
#define MS_SLAVE (1 << 19)

struct mount_attributes {
  uint64_t set, clear, propagation, userns_fd;
};

// mount_setattr (Linux 5.12): all the flags of a tree at once.
long mount_set(int fd, uint64_t set, uint64_t clear, uint64_t propagation, int recursive) {
  if (!set && !clear && !propagation)
    return 0;
  struct mount_attributes attributes;
  attributes.set = set, attributes.clear = clear, attributes.propagation = propagation, attributes.userns_fd = 0;
  char here = 0;
  return CALL(mount_setattr, fd, &here, AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attributes, sizeof attributes);
}

// Of a mount that is in place. A slave that is shared as well takes two calls, in this order.
static long propagate(int fd, uint64_t flags) {
  const int recursive = (flags & MS_REC) != 0;
  long result = mount_set(fd, 0, 0, flags & MS_SLAVE, recursive);
  return result < 0 ? result : mount_set(fd, 0, 0, flags & ~(uint64_t)(MS_SLAVE | MS_REC), recursive);
}

// The file system's own words on what it refused are in the context's log: "e overlay: bad option".
static long refused(struct stage *stage, int context, uint32_t detail, long result) {
  char log[STAGE_NOTE_SIZE];
  long count = CALL(read, context, log, sizeof log - 1);
  if (count > 2 && log[1] == ' ') {
    while (count > 2 && log[count - 1] == '\n')
      count--;
    log[count] = 0;
    stage_note(stage, log + 2);
  }
  CALL(close, context);
  FAIL(stage, detail, result);
}

// Options: for each "s", key, 0, value, 0 (a string) or "f", key, 0 (a flag); then 0.
static long configure(struct stage *stage, int context, const char *options) {
  while (options && *options) {
    char kind = *options++;
    const char *key = options;
    options += text_length(options) + 1;
    long result;
    if (kind == 's') {
      result = CALL(fsconfig, context, FSCONFIG_SET_STRING, key, options, 0);
      options += text_length(options) + 1;
    } else {
      result = CALL(fsconfig, context, FSCONFIG_SET_FLAG, key, 0, 0);
    }
    if (result < 0) {
      stage_note(stage, key);
      CALL(close, context);
      FAIL(stage, STAGE_DETAIL_OPTION, result);
    }
  }
  return 0;
}

// Makes a detached mount of a new (or shared) file system instance.
long mount_make(struct stage *stage, const struct stage_step *step) {
  long context = CALL(fsopen, text_of(stage, step, 0), FSOPEN_CLOEXEC);
  if (context < 0)
    return context;
  long result = configure(stage, (int)context, text_of(stage, step, 3));
  if (result < 0)
    return result;
  result = CALL(fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0);
  if (result < 0)
    return refused(stage, (int)context, STAGE_DETAIL_NONE, result);
  long mount = CALL(fsmount, context, FSMOUNT_CLOEXEC, step->number[0]);
  if (mount < 0)
    return refused(stage, (int)context, STAGE_DETAIL_ATTRIBUTES, mount);
  CALL(close, context);
  return mount;
}

long step_mount(struct stage *stage, const struct stage_step *step) {
  long mount = mount_make(stage, step);
  if (mount < 0)
    return mount;
  long result = 0;
  long destination = inroot_destination(stage, text_of(stage, step, 2), 1, step->flags);
  if (destination < 0) {
    CALL(close, mount);
    return destination;
  }
  if (step->flags & STAGE_COPY_UP) {
    result = copy_up((int)destination, (int)mount, 0);
    if (result < 0)
      stage->detail = STAGE_DETAIL_COPY;
  }
  if (result == 0)
    result = mount_attach(stage, (int)mount, (int)destination);
  if (result == 0 && step->number[2]) {
    result = propagate((int)mount, step->number[2]);
    if (result < 0)
      stage->detail = STAGE_DETAIL_ATTRIBUTES;
  }
  CALL(close, destination);
  CALL(close, mount);
  return result;
}

// Attaches a detached tree; its attributes are set while nobody can see it, its propagation when it is in place.
// number: attributes to set and to clear, those of the whole tree in the upper half; the propagation.
static long place(struct stage *stage, const struct stage_step *step, int tree, const char *path) {
  uint32_t mode = 0;
  long result = file_mode(tree, &mode, 0);
  if (result < 0)
    FAIL(stage, STAGE_DETAIL_SOURCE, result);
  const uint64_t set = step->number[0], cleared = step->number[1];
  result = mount_set(tree, set & 0xffffffff, cleared & 0xffffffff, 0, 0);
  if (result == 0 && ((set | cleared) >> 32))
    result = mount_set(tree, set >> 32, cleared >> 32, 0, 1);
  if (result < 0)
    FAIL(stage, STAGE_DETAIL_ATTRIBUTES, result);
  long destination = inroot_destination(stage, path, (mode & S_IFMT) == S_IFDIR, step->flags);
  if (destination < 0)
    return destination;
  result = mount_attach(stage, tree, (int)destination);
  CALL(close, destination);
  if (result < 0)
    return result;
  result = propagate(tree, step->number[2]);
  if (result < 0)
    FAIL(stage, STAGE_DETAIL_ATTRIBUTES, result);
  return 0;
}

// The source is the host's path in our copy of its mount namespace. Where swiftcr did not get to it (an answer without
// a descriptor is EIO), it may be a magic link; else the path gives the reason.
long step_bind(struct stage *stage, const struct stage_step *step) {
  const char *path = text_of(stage, step, 0);
  char here = 0;
  int source = AT_FDCWD;
  if (step->flags & STAGE_OPENED) {
    long answer = stage_answer(stage, &source);
    if (answer == 0)
      path = &here;
    else if (answer != -EIO)
      FAIL(stage, STAGE_DETAIL_SOURCE, answer);
  }
  long recursive = step->flags & STAGE_RECURSIVE ? AT_RECURSIVE : 0;
  long tree = CALL(open_tree, source, path, OPEN_TREE_CLONE | AT_EMPTY_PATH | recursive | O_CLOEXEC);
  if (source != AT_FDCWD)
    CALL(close, source);
  if (tree < 0)
    FAIL(stage, STAGE_DETAIL_SOURCE, tree);
  long result = place(stage, step, (int)tree, text_of(stage, step, 1));
  CALL(close, tree);
  return result;
}

// A mount that swiftcr made, idmapped say, and hands over detached.
long step_receive(struct stage *stage, const struct stage_step *step) {
  int tree = STAGE_NO_FD;
  long result = stage_answer(stage, &tree);
  if (result < 0)
    FAIL(stage, STAGE_DETAIL_SOURCE, result);
  result = place(stage, step, tree, text_of(stage, step, 1));
  CALL(close, tree);
  return result;
}

// The name in its directory, not a descriptor: umount2 knows no descriptors, and the container's /proc is not ours.
long step_unmount(struct stage *stage, const struct stage_step *step) {
  char name[256];
  long parent = inroot_parent(stage, text_of(stage, step, 0), name, sizeof name);
  if (parent < 0)
    return parent;
  long result = CALL(fchdir, parent);
  if (result == 0)
    result = CALL(umount2, name, MNT_DETACH | UMOUNT_NOFOLLOW);
  CALL(close, parent);
  return result;
}

// Attributes of what is mounted at a path: recursive ones (`rro`), or `ro` of a tmpfs that had to be filled first.
long step_setattr(struct stage *stage, const struct stage_step *step) {
  const char *path = text_of(stage, step, 0);
  long fd = stage->root == STAGE_NO_FD ? CALL(openat, AT_FDCWD, path, O_PATH | O_CLOEXEC)
                                       : inroot_open(stage, path, O_PATH, 0);
  if (fd < 0)
    FAIL(stage, STAGE_DETAIL_DESTINATION, fd);
  long result = mount_set((int)fd, step->number[0], step->number[1], step->number[2], step->flags & STAGE_RECURSIVE);
  CALL(close, fd);
  if (result < 0)
    FAIL(stage, STAGE_DETAIL_ATTRIBUTES, result);
  return 0;
}

// text: the path, the file system's options as for a new mount; number: attributes to set and to clear.
long step_remount(struct stage *stage, const struct stage_step *step) {
  char here = 0;
  const char *options = text_of(stage, step, 1);
  long fd = inroot_open(stage, text_of(stage, step, 0), O_PATH, 0);
  if (fd < 0)
    FAIL(stage, STAGE_DETAIL_DESTINATION, fd);
  long result = 0;
  if (options && *options) {
    long context = CALL(fspick, fd, &here, FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
    result = context < 0 ? context : configure(stage, (int)context, options);
    if (result == 0) {
      result = CALL(fsconfig, context, FSCONFIG_CMD_RECONFIGURE, 0, 0, 0);
      if (result < 0)
        refused(stage, (int)context, STAGE_DETAIL_NONE, result);
      else
        CALL(close, context);
    }
  }
  if (result == 0) {
    result = mount_set((int)fd, step->number[0], step->number[1], 0, 0);
    if (result < 0)
      stage->detail = STAGE_DETAIL_ATTRIBUTES;
  }
  CALL(close, fd);
  return result;
}
