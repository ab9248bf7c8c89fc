// The plan: what Swift decides and the stage does.
//
// The stage is freestanding C. It lies in a section of its own inside `swiftcr`, which puts an ELF header before it
// and the plan behind it, seals both in a memfd and executes that: /proc/PID/exe of a container's first process is
// the memfd, never a file of the host (CVE-2019-5736).
//
// The plan is mapped writable at STAGE_PLAN_ADDRESS: a header, the steps, and a heap of strings and blobs. A text is
// an offset from the start of the plan, 0 for none. A vector (argv, envp) is an array of addresses that ends with 0.
#pragma once

#include <stdint.h>

#define STAGE_CODE_ADDRESS 0x400000ul
#define STAGE_PLAN_ADDRESS 0x10000000ul
#define STAGE_MAGIC 0x31726373u
#define STAGE_NO_FD (-1)

struct stage_plan {
  uint32_t magic;
  uint32_t size;
  uint32_t step_count;
  // A SOCK_SEQPACKET socket: reports go out, answers, detached mounts and what is bound come in.
  int32_t report_fd;
};

struct stage_step {
  uint16_t op;
  uint16_t flags;
  int32_t fd;
  uint32_t text[4];
  uint64_t number[3];
};

enum stage_op {
  STAGE_SIGNALS = 1,
  STAGE_UNDUMPABLE,
  STAGE_JOIN_CGROUP,
  STAGE_SETNS,
  STAGE_UNSHARE,
  STAGE_WRITE_FILE,
  STAGE_CLONE,
  STAGE_ID_MAPS,
  STAGE_BECOME_ROOT,
  STAGE_SESSION,
  STAGE_KEYRING,
  STAGE_PROPAGATION,
  STAGE_PARENT_PRIVATE,
  STAGE_ROOT_BIND,
  STAGE_ROOT_RECEIVE,
  STAGE_ROOT_HERE,
  STAGE_LAYERS,
  STAGE_UPPER_MEMORY,
  STAGE_ROOT_OVERLAY,
  STAGE_MOUNT,
  STAGE_BIND,
  STAGE_RECEIVE,
  STAGE_SETATTR,
  STAGE_REMOUNT,
  STAGE_DIRECTORY,
  STAGE_DEVICE,
  STAGE_DEVICE_BIND,
  STAGE_SYMLINK,
  STAGE_CONSOLE,
  STAGE_SYSCTL,
  STAGE_LABEL,
  STAGE_MASK,
  STAGE_READONLY,
  STAGE_UNMOUNT,
  STAGE_HOOK,
  STAGE_SYNC,
  STAGE_PIVOT,
  STAGE_LOOPBACK,
  STAGE_HOSTNAME,
  STAGE_DOMAINNAME,
  STAGE_UMASK,
  STAGE_PERSONALITY,
  STAGE_HOME,
  STAGE_CWD,
  STAGE_RLIMIT,
  STAGE_SCHEDULER,
  STAGE_IO_PRIORITY,
  STAGE_AFFINITY,
  STAGE_MEMORY_POLICY,
  STAGE_BOUNDING,
  STAGE_CREDENTIALS,
  STAGE_CAPSET,
  STAGE_AMBIENT,
  STAGE_NO_NEW_PRIVS,
  STAGE_SECCOMP,
  STAGE_LOOKUP,
  STAGE_WAIT_START,
  STAGE_TIDY,
  STAGE_EXEC,
};

// Flags of a step; each bit belongs to the ops that are named.
#define STAGE_RECURSIVE 0x01           // BIND, RECEIVE, SETATTR: the whole tree; ROOT_BIND
#define STAGE_REAL_DESTINATION 0x02    // MOUNT: no symlink on the way (CVE-2019-19921, CVE-2023-28642)
#define STAGE_INSIDE_PROC 0x04         // MOUNT, BIND, RECEIVE: may lie on procfs
#define STAGE_COPY_UP 0x08             // MOUNT: the new tmpfs starts with what the directory held
#define STAGE_REPLACE 0x10             // SYMLINK: takes the place of what is there
#define STAGE_NO_PIVOT 0x20            // PIVOT: move and chroot, for a root on initramfs
#define STAGE_OLD_SLAVE 0x40           // PIVOT: the old root is shared; its umount stays in here
#define STAGE_LENIENT 0x80             // CWD: a directory that only the user may enter is left to the next CWD step
#define STAGE_SET_GROUPS 0x100         // CREDENTIALS, BECOME_ROOT: setgroups is allowed
#define STAGE_LISTENER 0x200           // SECCOMP: announce the listener's descriptor and wait until it is taken
#define STAGE_RAISE 0x400              // SECCOMP: CAP_SYS_ADMIN is permitted but not effective
#define STAGE_OPENED 0x800             // BIND: swiftcr hands the source over, if it could open it
#define STAGE_CONSOLE_NODE 0x1000      // CONSOLE: appears as /dev/console
#define STAGE_OPTIONAL 0x2000          // MASK, READONLY: a missing path is none of our business; KEYRING
#define STAGE_KEEP_CAPABILITIES 0x4000 // CREDENTIALS: over the change of the user id

enum stage_report_kind {
  STAGE_FAILED = 1, // error, detail, note
  STAGE_CHILD,      // value: pid of the process that goes on instead of this one
  STAGE_MAPS,       // waits for the id maps
  STAGE_SYNCED,     // a SYNC step waits; value: its kind
  STAGE_MASTER,     // carries the terminal's master
  STAGE_NOTIFY,     // value: the seccomp listener's descriptor in the stage; waits until it is taken
};

enum stage_sync {
  STAGE_SYNC_HOOKS = 1, // the root is assembled: prestart and createRuntime hooks may run
  STAGE_SYNC_READY,     // all is set up; nothing follows before the answer
};

// What of a step failed.
enum stage_detail {
  STAGE_DETAIL_NONE = 0,
  STAGE_DETAIL_SOURCE,
  STAGE_DETAIL_DESTINATION,
  STAGE_DETAIL_OPTION, // note: its name
  STAGE_DETAIL_ATTRIBUTES,
  STAGE_DETAIL_ATTACH,
  STAGE_DETAIL_IN_PROC,
  STAGE_DETAIL_NOT_REAL,
  STAGE_DETAIL_NO_DEVICE,
  STAGE_DETAIL_HOOK_EXIT,   // value: exit status
  STAGE_DETAIL_HOOK_SIGNAL, // value: signal
  STAGE_DETAIL_HOOK_TIME,   // value: the seconds that it had
  STAGE_DETAIL_UNREACHABLE,
  STAGE_DETAIL_COPY,
};

#define STAGE_NOTE_SIZE 200
// Room for a home directory behind "HOME=/".
#define STAGE_HOME_SIZE 256

struct stage_report {
  uint32_t kind;
  uint32_t step;
  int32_t error;
  uint32_t detail;
  int32_t value;
  // The failed step's op: `start` does not know the plan.
  uint32_t op;
  // The kernel's own words on a refused mount, or a name; ends with 0.
  char note[STAGE_NOTE_SIZE];
};

_Static_assert(sizeof(struct stage_step) == 48, "steps are read as an array");
_Static_assert(sizeof(struct stage_plan) == 16, "the steps follow the header");

// Where the stage's code lies in this program, and where it begins.
extern const char __start_swiftcr_stage[] __attribute__((visibility("hidden")));
extern const char __stop_swiftcr_stage[] __attribute__((visibility("hidden")));
__attribute__((visibility("hidden"))) void swiftcr_stage_entry(void);

static inline const void *_Nonnull stage_code(void) {
  return __start_swiftcr_stage;
}
static inline uint64_t stage_code_size(void) {
  return (uint64_t)(__stop_swiftcr_stage - __start_swiftcr_stage);
}
static inline uint64_t stage_entry_offset(void) {
  return (uint64_t)((const char *)swiftcr_stage_entry - __start_swiftcr_stage);
}
