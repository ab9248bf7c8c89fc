// The socket to swiftcr: reports out, answers and descriptors in.
#include "stage.h"

#define SOL_SOCKET 1
#define SCM_RIGHTS 1
#define MSG_NOSIGNAL 0x4000
#define MSG_CMSG_CLOEXEC 0x40000000

struct vector {
  void *base;
  size_t length;
};

struct message {
  void *name;
  uint32_t name_length;
  struct vector *vectors;
  size_t vector_count;
  void *control;
  size_t control_length;
  int32_t flags;
};

struct rights {
  size_t length;
  int32_t level;
  int32_t type;
  int32_t fd;
  int32_t padding;
};

_Noreturn void stage_exit(int status) {
  for (;;)
    CALL(exit_group, status);
}

void stage_note(struct stage *stage, const char *text) {
  text_copy(stage->note, sizeof stage->note, text);
}

// Sends a report, with a descriptor unless `fd` is -1. Nobody may be listening any more: that shows at the next answer.
void stage_report(struct stage *stage, uint32_t kind, long error, int value, int fd) {
  struct stage_report report;
  bytes_clear(&report, sizeof report);
  report.kind = kind;
  report.step = stage->step;
  report.error = (int32_t)-error;
  report.detail = stage->detail;
  report.value = value;
  const struct stage_step *steps = (const struct stage_step *)(stage->plan + 1);
  if (stage->step < stage->plan->step_count) report.op = steps[stage->step].op;
  text_copy(report.note, sizeof report.note, stage->note);

  struct vector vector = {&report, sizeof report};
  struct rights rights;
  struct message message;
  bytes_clear(&message, sizeof message);
  message.vectors = &vector;
  message.vector_count = 1;
  if (fd >= 0) {
    bytes_clear(&rights, sizeof rights);
    rights.length = offsetof(struct rights, padding);
    rights.level = SOL_SOCKET;
    rights.type = SCM_RIGHTS;
    rights.fd = fd;
    message.control = &rights;
    message.control_length = sizeof rights;
  }
  while (CALL(sendmsg, stage->report, &message, MSG_NOSIGNAL) == -EINTR) {
  }
}

// Waits for swiftcr's answer; end of file means that it is gone, and the container with it.
long stage_answer(struct stage *stage, int *fd) {
  char byte = 0;
  struct vector vector = {&byte, 1};
  struct rights rights;
  struct message message;
  bytes_clear(&message, sizeof message);
  bytes_clear(&rights, sizeof rights);
  message.vectors = &vector;
  message.vector_count = 1;
  message.control = &rights;
  message.control_length = sizeof rights;
  long count;
  do
    count = CALL(recvmsg, stage->report, &message, MSG_CMSG_CLOEXEC);
  while (count == -EINTR);
  if (count < 0)
    return count;
  if (count == 0)
    stage_exit(1);
  if (fd) {
    if (message.control_length < offsetof(struct rights, padding) || rights.type != SCM_RIGHTS)
      return -EIO;
    *fd = rights.fd;
  }
  return 0;
}

_Noreturn void stage_fail(struct stage *stage, long error) {
  stage_report(stage, STAGE_FAILED, error, stage->value, STAGE_NO_FD);
  stage_exit(1);
}
