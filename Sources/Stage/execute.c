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

// The sixth field of a line of passwd(5), when its third is the uid. A line that does not look like that is passed
// over.
static const char *home_in(const char *line, const char *end, uint64_t uid) {
  const char *fields[7];
  int count = 0;
  fields[count++] = line;
  for (const char *c = line; c < end && count < 7; c++) {
    if (*c == ':')
      fields[count++] = c + 1;
  }
  if (count < 7 || fields[3] == fields[2] + 1)
    return 0;
  uint64_t number = 0;
  for (const char *c = fields[2]; c + 1 < fields[3]; c++) {
    if (*c < '0' || *c > '9' || number > 0xffffffff)
      return 0;
    number = number * 10 + (uint64_t)(*c - '0');
  }
  return number == uid && fields[5][0] == '/' ? fields[5] : 0;
}

// text: the "HOME=/" of the environment with its room, the container's passwd; number[0]: the uid. What the image says
// is read up to a bound and believed only so far; without an answer HOME stays "/".
long step_home(struct stage *stage, const struct stage_step *step) {
  char buffer[16384];
  char *home = text_of(stage, step, 0);
  if (!home)
    return 0;
  long fd = CALL(openat, AT_FDCWD, text_of(stage, step, 1), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0)
    return 0;
  long count = CALL(read, fd, buffer, sizeof buffer);
  CALL(close, fd);
  const char *end = buffer + (count > 0 ? count : 0);
  for (const char *line = buffer; line < end;) {
    const char *stop = line;
    while (stop < end && *stop != '\n')
      stop++;
    const char *found = stop < end ? home_in(line, stop, step->number[0]) : 0;
    if (found) {
      size_t at = 5;
      while (*found != ':' && at < STAGE_HOME_SIZE + 5)
        home[at++] = *found++;
      home[at] = 0;
      return 0;
    }
    line = stop + 1;
  }
  return 0;
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
