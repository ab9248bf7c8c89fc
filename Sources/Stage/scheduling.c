// When, where and with whose memory the process runs: encoded by Swift as the kernel takes it.
#include "stage.h"

#define IOPRIO_WHO_PROCESS 1

// text[0]: a struct sched_attr.
long step_scheduler(struct stage *stage, const struct stage_step *step) {
  return CALL(sched_setattr, 0, text_of(stage, step, 0), 0);
}

// number[0]: class and priority.
long step_io_priority(struct stage *stage, const struct stage_step *step) {
  (void)stage;
  return CALL(ioprio_set, IOPRIO_WHO_PROCESS, 0, step->number[0]);
}

// text[0]: a set of processors; number[0]: its size in bytes.
long step_affinity(struct stage *stage, const struct stage_step *step) {
  return CALL(sched_setaffinity, 0, step->number[0], text_of(stage, step, 0));
}

// text[0]: a set of nodes, or none; number: mode and flags, bits in the set.
long step_memory_policy(struct stage *stage, const struct stage_step *step) {
  return CALL(set_mempolicy, step->number[0], text_of(stage, step, 0), step->number[1]);
}
