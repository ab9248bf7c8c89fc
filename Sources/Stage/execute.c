// The container's program: found before anything irreversible, executed last.
#include "stage.h"

#define X_OK 1
#define CLOSE_RANGE_CLOEXEC 4

static long executable(const char *path) {
  uint32_t mode = 0;
  long fd = CALL(openat, AT_FDCWD, path, O_PATH | O_CLOEXEC);
  if (fd < 0)
    return fd;
  long result = file_mode((int)fd, &mode, 0);
  CALL(close, fd);
  if (result < 0)
    return result;
  if ((mode & S_IFMT) == S_IFDIR)
    return -EISDIR;
  return CALL(faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS);
}

// As a shell looks a command up, with the ids and capabilities that the program will have. text: name, PATH.
long step_lookup(struct stage *stage, const struct stage_step *step) {
  const char *name = text_of(stage, step, 0), *path = text_of(stage, step, 1);
  const size_t length = text_length(name), size = sizeof stage->executable;
  if (length >= size)
    return -ENAMETOOLONG;
  for (const char *c = name; *c; c++) {
    if (*c != '/')
      continue;
    text_copy(stage->executable, size, name);
    return executable(name);
  }
  while (length && path && *path) {
    size_t end = 0;
    while (path[end] && path[end] != ':')
      end++;
    if (end + length + 2 < size) {
      size_t at = 0;
      for (; at < end; at++)
        stage->executable[at] = path[at];
      if (end == 0)
        stage->executable[at++] = '.';
      stage->executable[at++] = '/';
      text_copy(stage->executable + at, size - at, name);
      if (executable(stage->executable) == 0)
        return 0;
    }
    path += end;
    if (*path)
      path++;
  }
  return -ENOENT;
}

// Whatever descriptor is still open here, ours or the caller's, is not the container's (CVE-2024-21626).
long step_tidy(struct stage *stage, const struct stage_step *step) {
  (void)stage;
  return CALL(close_range, step->number[0], ~0u, CLOSE_RANGE_CLOEXEC);
}

long step_exec(struct stage *stage, const struct stage_step *step) {
  return CALL(execve, stage->executable, text_of(stage, step, 0), text_of(stage, step, 1));
}
