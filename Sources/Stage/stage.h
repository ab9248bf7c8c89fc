// What the stage's files share. Everything is reached through one `struct stage` on the stack; there is no global.
#pragma once

#include "call.h"
#include "include/Stage.h"
#include "kernel.h"

// All code goes into the section that is copied out (see Stage.h): each file says so again, as the pragma wants it.
#pragma clang section text = "swiftcr_stage"

struct stage {
  struct stage_plan *plan;
  uint32_t step;
  int report;
  int root; // the container's root directory while it is assembled; -1 after PIVOT
  int proc; // a private procfs (CVE-2019-16884), mounted when first needed
  int null; // the host's /dev/null
  int mask; // the empty read-only directory that hides directories
  uint32_t detail;
  int value;
  char note[STAGE_NOTE_SIZE];
  char executable[4096];
  // The overlay of a stage that makes its own: where it is mounted first, its options, the mode of its root.
  char scaffold[64];
  char overlay[4096];
  uint32_t root_mode;
};

// A failed step returns -errno and may say with `detail` what of it failed.
#define FAIL(stage, what, result)                                                                                      \
  do {                                                                                                                 \
    (stage)->detail = (what);                                                                                          \
    return (result);                                                                                                   \
  } while (0)

static inline char *text_of(struct stage *stage, const struct stage_step *step, int index) {
  return step->text[index] ? (char *)stage->plan + step->text[index] : (char *)0;
}

// report.c
void stage_report(struct stage *stage, uint32_t kind, long error, int value, int fd);
long stage_answer(struct stage *stage, int *fd);
void stage_note(struct stage *stage, const char *text);
_Noreturn void stage_fail(struct stage *stage, long error);
_Noreturn void stage_exit(int status);

// text.c
size_t text_length(const char *text);
size_t text_copy(char *to, size_t size, const char *from);
int text_equal(const char *a, const char *b);
void bytes_clear(void *at, size_t size);

// inroot.c: the only door to a path below the container's root
long inroot_open(struct stage *stage, const char *path, uint64_t flags, uint64_t resolve);
long inroot_parent(struct stage *stage, const char *path, char *name, size_t size);
long inroot_directory(struct stage *stage, const char *path, uint32_t mode);
long inroot_file(struct stage *stage, const char *path);
long inroot_destination(struct stage *stage, const char *path, int directory, uint32_t flags);
long file_mode(int fd, uint32_t *mode, uint64_t *device);

// Each of these interprets one kind of step.
typedef long stage_handler(struct stage *stage, const struct stage_step *step);

stage_handler step_signals, step_undumpable, step_join_cgroup, step_setns, step_unshare, step_write_file, step_clone,
    step_id_maps, step_become_root, step_session, step_keyring; // namespaces.c
stage_handler step_propagation, step_parent_private, step_root_bind, step_root_receive, step_root_here,
    step_pivot;                                                                          // root.c
stage_handler step_layers, step_upper_memory, step_root_overlay;                         // overlay.c
stage_handler step_mount, step_bind, step_receive, step_setattr, step_remount, step_unmount; // mounts.c
stage_handler step_mask, step_readonly;                                                  // hide.c
stage_handler step_directory, step_device, step_device_bind, step_symlink, step_console; // devices.c
stage_handler step_sysctl, step_label;                                                   // procfs.c
stage_handler step_hook, step_sync, step_wait_start;                                     // hooks.c
stage_handler step_loopback, step_hostname, step_domainname, step_umask, step_personality, step_cwd, step_rlimit,
    step_bounding, step_credentials, step_capset, step_ambient, step_no_new_privs, step_seccomp; // process.c
stage_handler step_scheduler, step_io_priority, step_affinity, step_memory_policy; // scheduling.c
stage_handler step_home, step_lookup, step_tidy, step_exec;                                      // execute.c

long mount_make(struct stage *stage, const struct stage_step *step);
long mount_attach(struct stage *stage, int mount, int destination);
long root_attach(struct stage *stage, int mount, const char *path);
long mount_set(int fd, uint64_t set, uint64_t clear, uint64_t propagation, int recursive);
long copy_up(int from, int to, int depth);
