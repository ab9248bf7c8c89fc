// The stage's first instruction, and the loop over the plan's steps.
#include "stage.h"

static long run(struct stage *stage, const struct stage_step *step) {
  switch (step->op) {
  case STAGE_SIGNALS:
    return step_signals(stage, step);
  case STAGE_UNDUMPABLE:
    return step_undumpable(stage, step);
  case STAGE_JOIN_CGROUP:
    return step_join_cgroup(stage, step);
  case STAGE_SETNS:
    return step_setns(stage, step);
  case STAGE_UNSHARE:
    return step_unshare(stage, step);
  case STAGE_WRITE_FILE:
    return step_write_file(stage, step);
  case STAGE_CLONE:
    return step_clone(stage, step);
  case STAGE_ID_MAPS:
    return step_id_maps(stage, step);
  case STAGE_BECOME_ROOT:
    return step_become_root(stage, step);
  case STAGE_SESSION:
    return step_session(stage, step);
  case STAGE_KEYRING:
    return step_keyring(stage, step);
  case STAGE_PROPAGATION:
    return step_propagation(stage, step);
  case STAGE_PARENT_PRIVATE:
    return step_parent_private(stage, step);
  case STAGE_ROOT_BIND:
    return step_root_bind(stage, step);
  case STAGE_ROOT_RECEIVE:
    return step_root_receive(stage, step);
  case STAGE_ROOT_HERE:
    return step_root_here(stage, step);
  case STAGE_LAYERS:
    return step_layers(stage, step);
  case STAGE_UPPER_MEMORY:
    return step_upper_memory(stage, step);
  case STAGE_ROOT_OVERLAY:
    return step_root_overlay(stage, step);
  case STAGE_MOUNT:
    return step_mount(stage, step);
  case STAGE_BIND:
    return step_bind(stage, step);
  case STAGE_RECEIVE:
    return step_receive(stage, step);
  case STAGE_SETATTR:
    return step_setattr(stage, step);
  case STAGE_DIRECTORY:
    return step_directory(stage, step);
  case STAGE_DEVICE:
    return step_device(stage, step);
  case STAGE_DEVICE_BIND:
    return step_device_bind(stage, step);
  case STAGE_SYMLINK:
    return step_symlink(stage, step);
  case STAGE_CONSOLE:
    return step_console(stage, step);
  case STAGE_SYSCTL:
    return step_sysctl(stage, step);
  case STAGE_LABEL:
    return step_label(stage, step);
  case STAGE_MASK:
    return step_mask(stage, step);
  case STAGE_READONLY:
    return step_readonly(stage, step);
  case STAGE_REMOUNT:
    return step_remount(stage, step);
  case STAGE_UNMOUNT:
    return step_unmount(stage, step);
  case STAGE_HOOK:
    return step_hook(stage, step);
  case STAGE_SYNC:
    return step_sync(stage, step);
  case STAGE_PIVOT:
    return step_pivot(stage, step);
  case STAGE_LOOPBACK:
    return step_loopback(stage, step);
  case STAGE_HOSTNAME:
    return step_hostname(stage, step);
  case STAGE_DOMAINNAME:
    return step_domainname(stage, step);
  case STAGE_UMASK:
    return step_umask(stage, step);
  case STAGE_PERSONALITY:
    return step_personality(stage, step);
  case STAGE_HOME:
    return step_home(stage, step);
  case STAGE_CWD:
    return step_cwd(stage, step);
  case STAGE_RLIMIT:
    return step_rlimit(stage, step);
  case STAGE_SCHEDULER:
    return step_scheduler(stage, step);
  case STAGE_IO_PRIORITY:
    return step_io_priority(stage, step);
  case STAGE_AFFINITY:
    return step_affinity(stage, step);
  case STAGE_MEMORY_POLICY:
    return step_memory_policy(stage, step);
  case STAGE_BOUNDING:
    return step_bounding(stage, step);
  case STAGE_CREDENTIALS:
    return step_credentials(stage, step);
  case STAGE_CAPSET:
    return step_capset(stage, step);
  case STAGE_AMBIENT:
    return step_ambient(stage, step);
  case STAGE_NO_NEW_PRIVS:
    return step_no_new_privs(stage, step);
  case STAGE_SECCOMP:
    return step_seccomp(stage, step);
  case STAGE_LOOKUP:
    return step_lookup(stage, step);
  case STAGE_WAIT_START:
    return step_wait_start(stage, step);
  case STAGE_TIDY:
    return step_tidy(stage, step);
  case STAGE_EXEC:
    return step_exec(stage, step);
  default:
    return -ENOSYS;
  }
}

__attribute__((used)) _Noreturn static void stage_main(void) {
  // Filled by hand: an initialiser would become a call of memset.
  struct stage stage;
  bytes_clear(&stage, sizeof stage);
  stage.plan = (struct stage_plan *)STAGE_PLAN_ADDRESS;
  stage.report = stage.plan->report_fd;
  stage.root = stage.proc = stage.null = stage.mask = STAGE_NO_FD;

  if (stage.plan->magic != STAGE_MAGIC)
    stage_exit(1);
  const struct stage_step *steps = (const struct stage_step *)(stage.plan + 1);
  for (; stage.step < stage.plan->step_count; stage.step++) {
    stage.detail = STAGE_DETAIL_NONE;
    stage.note[0] = 0;
    long result = run(&stage, &steps[stage.step]);
    if (result < 0)
      stage_fail(&stage, result);
  }
  // The last step executes the container's program: a plan that ends otherwise is wrong.
  stage_fail(&stage, -EINVAL);
}

__attribute__((naked)) void swiftcr_stage_entry(void) {
#if defined(__x86_64__)
  __asm__("xorl %%ebp, %%ebp\n\tandq $-16, %%rsp\n\tcall %P0\n\tud2" ::"i"(stage_main));
#else
  __asm__("mov x29, #0\n\tbl %0\n\tbrk #1" ::"S"(stage_main));
#endif
}
