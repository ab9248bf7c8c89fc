// Moments at which somebody else has a say: hooks in here, swiftcr outside, and `start`.
#include "stage.h"

#define CLONE_PIDFD 0x1000
#define SIGCHLD 17
#define SIGKILL 9
#define P_PIDFD 3
#define WEXITED 4
#define CLD_EXITED 1
#define POLLIN 1
#define CLOSE_RANGE_CLOEXEC 4

struct poll_entry {
  int32_t fd;
  int16_t events, results;
};

struct child_status {
  int32_t signal, error, code, padding;
  int32_t pid, uid, status;
  int32_t rest[25];
};

struct interval {
  int64_t seconds, nanoseconds;
};

_Noreturn static void run_hook(struct stage *stage, const struct stage_step *step) {
  CALL(lseek, step->fd, 0, 0);
  long result = CALL(dup3, step->fd, 0, 0);
  // The container's output is the container's.
  if (result >= 0)
    result = CALL(dup3, 2, 1, 0);
  if (result >= 0)
    result = CALL(close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC);
  if (result >= 0) {
    CALL(execve, text_of(stage, step, 0), text_of(stage, step, 1), text_of(stage, step, 2));
  }
  stage_exit(127);
}

// fd: the state on standard input; number[0]: seconds, 0 for no limit.
long step_hook(struct stage *stage, const struct stage_step *step) {
  int pidfd = STAGE_NO_FD;
  struct clone_arguments arguments;
  bytes_clear(&arguments, sizeof arguments);
  arguments.flags = CLONE_PIDFD;
  arguments.pidfd = (uint64_t)&pidfd;
  arguments.exit_signal = SIGCHLD;
  long pid = CALL(clone3, &arguments, sizeof arguments);
  if (pid < 0)
    return pid;
  if (pid == 0)
    run_hook(stage, step);

  struct poll_entry poll;
  poll.fd = pidfd, poll.events = POLLIN, poll.results = 0;
  struct interval limit;
  limit.seconds = (int64_t)step->number[0], limit.nanoseconds = 0;
  long ready;
  do
    ready = CALL(ppoll, &poll, 1, step->number[0] ? &limit : 0, 0, 8);
  while (ready == -EINTR);
  if (ready == 0)
    CALL(pidfd_send_signal, pidfd, SIGKILL, 0, 0);
  struct child_status status;
  bytes_clear(&status, sizeof status);
  long waited;
  do
    waited = CALL(waitid, P_PIDFD, pidfd, &status, WEXITED, 0);
  while (waited == -EINTR);
  CALL(close, pidfd);
  if (waited < 0)
    return waited;
  stage->value = ready == 0 ? (int)step->number[0] : status.status;
  if (ready == 0)
    FAIL(stage, STAGE_DETAIL_HOOK_TIME, -EIO);
  if (status.code != CLD_EXITED)
    FAIL(stage, STAGE_DETAIL_HOOK_SIGNAL, -EIO);
  if (status.status != 0)
    FAIL(stage, STAGE_DETAIL_HOOK_EXIT, -EIO);
  return 0;
}

long step_sync(struct stage *stage, const struct stage_step *step) {
  stage_report(stage, STAGE_SYNCED, 0, (int)step->number[0], STAGE_NO_FD);
  return stage_answer(stage, 0);
}

// A created container waits here. `start` connects, and hears over the same connection what fails from now on; a
// `start` that dies before it said "go" has not started anything.
long step_wait_start(struct stage *stage, const struct stage_step *step) {
  CALL(close, stage->report);
  for (;;) {
    char byte = 0;
    long connection = CALL(accept4, step->fd, 0, 0, O_CLOEXEC);
    if (connection == -EINTR || connection == -103)
      continue;
    if (connection < 0)
      return connection;
    if (CALL(read, connection, &byte, 1) == 1) {
      stage->report = (int)connection;
      CALL(close, step->fd);
      return 0;
    }
    CALL(close, connection);
  }
}
