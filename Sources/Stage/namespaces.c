// Cgroup, namespaces, ids: where the process is, before anything is mounted.
#include "stage.h"

#define PR_SET_DUMPABLE 4
#define SIG_SETMASK 2
#define KEYCTL_JOIN_SESSION_KEYRING 1
#define KEYCTL_DESCRIBE 6
#define KEYCTL_SETPERM 5
#define KEYRING_POSSESSOR_AND_USER_ALL 0x3f3f0000

struct signal_action {
  void *handler;
  uint64_t flags;
  void *restorer;
  uint64_t mask;
};

// The parent blocked the signals that it forwards, and its caller may ignore some (nohup): the container's program
// begins with none blocked and none ignored.
long step_signals(struct stage *stage, const struct stage_step *step) {
  (void)stage, (void)step;
  struct signal_action action;
  bytes_clear(&action, sizeof action);
  // KILL and STOP refuse, and need no change.
  for (int signal = 1; signal <= 64; signal++)
    CALL(rt_sigaction, signal, &action, 0, 8);
  uint64_t none = 0;
  return CALL(rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof none);
}

// Nobody in a namespace that we are about to enter may trace us or open our /proc files (CVE-2016-9962). An execve
// makes a process dumpable again: this is said after the stage's own.
long step_undumpable(struct stage *stage, const struct stage_step *step) {
  (void)stage, (void)step;
  return CALL(prctl, PR_SET_DUMPABLE, 0);
}

// `0` into `tasks` moves the writing thread. The same in `cgroup.procs` waits for an RCU grace period, 12 ms.
long step_join_cgroup(struct stage *stage, const struct stage_step *step) {
  (void)stage;
  char zero = '0';
  long written = CALL(write, step->fd, &zero, 1);
  return written < 0 ? written : 0;
}

long step_setns(struct stage *stage, const struct stage_step *step) {
  (void)stage;
  return CALL(setns, step->fd, step->number[0]);
}

long step_unshare(struct stage *stage, const struct stage_step *step) {
  (void)stage;
  return CALL(unshare, step->number[0]);
}

// A control file of the host's own procfs, before any foreign namespace is entered.
long step_write_file(struct stage *stage, const struct stage_step *step) {
  const char *content = text_of(stage, step, 1);
  long fd = CALL(openat, AT_FDCWD, text_of(stage, step, 0), O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return fd;
  long written = CALL(write, fd, content, text_length(content));
  CALL(close, fd);
  return written < 0 ? written : 0;
}

// The second clone of the two-step launch: a pid, user or time namespace takes effect in a child only. CLONE_PARENT
// makes the child swiftcr's own, so that it can wait for it; this process has done its part.
long step_clone(struct stage *stage, const struct stage_step *step) {
  const uint64_t clone_parent = 0x8000;
  struct clone_arguments arguments;
  bytes_clear(&arguments, sizeof arguments);
  arguments.flags = step->number[0] | clone_parent;
  long pid = CALL(clone3, &arguments, sizeof arguments);
  if (pid <= 0)
    return pid;
  stage_report(stage, STAGE_CHILD, 0, (int)pid, STAGE_NO_FD);
  stage_exit(0);
}

// In a new user namespace, in which nobody is anybody before swiftcr has written the maps.
long step_id_maps(struct stage *stage, const struct stage_step *step) {
  (void)step;
  stage_report(stage, STAGE_MAPS, 0, 0, STAGE_NO_FD);
  return stage_answer(stage, 0);
}

// The capabilities in the new user namespace came with clone.
long step_become_root(struct stage *stage, const struct stage_step *step) {
  (void)stage;
  long result = CALL(setresgid, 0, 0, 0);
  if (result < 0)
    return result;
  result = CALL(setresuid, 0, 0, 0);
  if (result < 0)
    return result;
  return step->flags & STAGE_SET_GROUPS ? CALL(setgroups, 0, 0) : 0;
}

long step_session(struct stage *stage, const struct stage_step *step) {
  (void)stage, (void)step;
  return CALL(setsid);
}

// A session keyring of its own: the host's keys stay the host's. A kernel without keyrings has none to lose.
long step_keyring(struct stage *stage, const struct stage_step *step) {
  long key = CALL(keyctl, KEYCTL_JOIN_SESSION_KEYRING, text_of(stage, step, 0));
  if (key == -ENOSYS)
    return 0;
  if (key < 0)
    return step->flags & STAGE_OPTIONAL ? 0 : key;
  // Search permission for the user, as runc grants it: the user of the process need not be the keyring's maker.
  CALL(keyctl, KEYCTL_SETPERM, key, KEYRING_POSSESSOR_AND_USER_ALL | 0x0008 << 16);
  return 0;
}
