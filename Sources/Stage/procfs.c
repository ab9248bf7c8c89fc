// Writes to procfs, through an instance of our own: what is mounted at the container's /proc may be anything
// (CVE-2019-16884, CVE-2025-52881).
#include "stage.h"

#define FSOPEN_CLOEXEC 1
#define FSMOUNT_CLOEXEC 1
#define FSCONFIG_CMD_CREATE 6

static long write_proc(struct stage *stage, const struct stage_step *step) {
  if (stage->proc == STAGE_NO_FD) {
    long context = CALL(fsopen, text_of(stage, step, 2), FSOPEN_CLOEXEC);
    if (context < 0)
      FAIL(stage, STAGE_DETAIL_SOURCE, context);
    long mount = CALL(fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0);
    if (mount == 0)
      mount = CALL(fsmount, context, FSMOUNT_CLOEXEC, 0);
    CALL(close, context);
    if (mount < 0)
      FAIL(stage, STAGE_DETAIL_SOURCE, mount);
    stage->proc = (int)mount;
  }
  const char *value = text_of(stage, step, 1);
  long fd = CALL(openat, stage->proc, text_of(stage, step, 0), O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return fd;
  long written = CALL(write, fd, value, text_length(value));
  CALL(close, fd);
  return written < 0 ? written : 0;
}

long step_sysctl(struct stage *stage, const struct stage_step *step) {
  return write_proc(stage, step);
}

// The security label of the next execve. In an exec the procfs is the host's: it must not come along into the container.
long step_label(struct stage *stage, const struct stage_step *step) {
  long result = write_proc(stage, step);
  if (stage->proc != STAGE_NO_FD)
    CALL(close, stage->proc);
  stage->proc = STAGE_NO_FD;
  return result;
}
