// What the process is when its program begins: names, limits, ids, capabilities, seccomp.
#include "stage.h"

#define PR_SET_KEEPCAPS 8
#define PR_CAPBSET_DROP 24
#define PR_SET_NO_NEW_PRIVS 38
#define PR_CAP_AMBIENT 47
#define PR_CAP_AMBIENT_RAISE 2
#define PR_CAP_AMBIENT_CLEAR_ALL 4
#define CAPABILITY_VERSION_3 0x20080522
#define CAP_SYS_ADMIN_BIT ((uint64_t)1 << 21)
#define SECCOMP_SET_MODE_FILTER 1
#define S_IFIFO 0010000
#define AF_INET 2
#define SOCK_DGRAM 2
#define SIOCSIFFLAGS 0x8914
#define IFF_UP 1
#define S_IFSOCK 0140000

struct capability_header {
  uint32_t version;
  int32_t pid;
};

struct capability_words {
  uint32_t effective, permitted, inheritable;
};

struct limit {
  uint64_t soft, hard;
};

struct filter_program {
  uint16_t count;
  void *instructions;
};

struct interface_flags {
  char name[16];
  uint16_t flags;
  char rest[22];
};

// A new network namespace has a loopback interface that is down.
long step_loopback(struct stage *stage, const struct stage_step *step) {
  (void)stage, (void)step;
  long fd = CALL(socket, AF_INET, SOCK_DGRAM | O_CLOEXEC, 0);
  if (fd < 0)
    return fd;
  struct interface_flags request;
  bytes_clear(&request, sizeof request);
  request.name[0] = 'l', request.name[1] = 'o';
  request.flags = IFF_UP;
  long result = CALL(ioctl, fd, SIOCSIFFLAGS, &request);
  CALL(close, fd);
  return result;
}

long step_hostname(struct stage *stage, const struct stage_step *step) {
  const char *name = text_of(stage, step, 0);
  return CALL(sethostname, name, text_length(name));
}

long step_domainname(struct stage *stage, const struct stage_step *step) {
  const char *name = text_of(stage, step, 0);
  return CALL(setdomainname, name, text_length(name));
}

long step_umask(struct stage *stage, const struct stage_step *step) {
  (void)stage;
  CALL(umask, step->number[0]);
  return 0;
}

long step_personality(struct stage *stage, const struct stage_step *step) {
  (void)stage;
  long previous = CALL(personality, step->number[0]);
  return previous < 0 ? previous : 0;
}

// The kernel writes "(unreachable)" before a directory outside of our root: a leaked descriptor of the host as
// working directory (CVE-2024-21626).
long step_cwd(struct stage *stage, const struct stage_step *step) {
  char reached[4096];
  long result = CALL(chdir, text_of(stage, step, 0));
  if (result == -EACCES && (step->flags & STAGE_LENIENT))
    return 0;
  if (result < 0)
    return result;
  result = CALL(getcwd, reached, sizeof reached);
  if (result < 0 || reached[0] != '/')
    FAIL(stage, STAGE_DETAIL_UNREACHABLE, -ENOENT);
  return 0;
}

long step_rlimit(struct stage *stage, const struct stage_step *step) {
  (void)stage;
  struct limit limit;
  limit.soft = step->number[1], limit.hard = step->number[2];
  return CALL(prlimit64, 0, step->number[0], &limit, 0);
}

// number[0]: the capabilities that stay; number[1]: the last one that the kernel knows.
long step_bounding(struct stage *stage, const struct stage_step *step) {
  (void)stage;
  for (uint64_t capability = 0; capability <= step->number[1]; capability++) {
    if (step->number[0] >> capability & 1)
      continue;
    long result = CALL(prctl, PR_CAPBSET_DROP, capability);
    if (result < 0)
      return result;
  }
  return 0;
}

// A user without privileges may reopen the pipes that it was given as /dev/stdout and /dev/stderr. The caller's own
// terminal or file is left alone.
static void own_streams(uint64_t uid) {
  for (int fd = 0; fd < 3; fd++) {
    uint32_t mode = 0;
    if (file_mode(fd, &mode, 0) < 0)
      continue;
    if ((mode & S_IFMT) == S_IFIFO || (mode & S_IFMT) == S_IFSOCK)
      CALL(fchown, fd, uid, -1);
  }
}

// number: uid, gid, count of additional groups; text[0]: the groups. The permitted capabilities are kept: what of
// them stays is the plan's later step.
long step_credentials(struct stage *stage, const struct stage_step *step) {
  long result = CALL(prctl, PR_SET_KEEPCAPS, 1);
  if (result < 0)
    return result;
  if (step->number[0])
    own_streams(step->number[0]);
  if (step->flags & STAGE_SET_GROUPS) {
    result = CALL(setgroups, step->number[2], text_of(stage, step, 0));
    if (result < 0)
      return result;
  }
  result = CALL(setresgid, step->number[1], step->number[1], step->number[1]);
  if (result < 0)
    return result;
  return CALL(setresuid, step->number[0], step->number[0], step->number[0]);
}

static long capabilities(uint64_t effective, uint64_t permitted, uint64_t inheritable) {
  struct capability_header header;
  struct capability_words words[2];
  header.version = CAPABILITY_VERSION_3, header.pid = 0;
  words[0].effective = (uint32_t)effective, words[1].effective = (uint32_t)(effective >> 32);
  words[0].permitted = (uint32_t)permitted, words[1].permitted = (uint32_t)(permitted >> 32);
  words[0].inheritable = (uint32_t)inheritable, words[1].inheritable = (uint32_t)(inheritable >> 32);
  return CALL(capset, &header, words);
}

// number: effective, permitted, inheritable.
long step_capset(struct stage *stage, const struct stage_step *step) {
  (void)stage;
  return capabilities(step->number[0], step->number[1], step->number[2]);
}

long step_ambient(struct stage *stage, const struct stage_step *step) {
  (void)stage;
  long result = CALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
  for (uint64_t capability = 0; result == 0 && capability < 64; capability++) {
    if (step->number[0] >> capability & 1)
      result = CALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability);
  }
  return result;
}

long step_no_new_privs(struct stage *stage, const struct stage_step *step) {
  (void)stage, (void)step;
  return CALL(prctl, PR_SET_NO_NEW_PRIVS, 1);
}

// text[0]: the filter; number: its count of instructions, seccomp(2)'s flags, the permitted capabilities.
long step_seccomp(struct stage *stage, const struct stage_step *step) {
  struct filter_program program;
  program.count = (uint16_t)step->number[0];
  program.instructions = text_of(stage, step, 0);
  if (step->flags & STAGE_RAISE) {
    long result = capabilities(CAP_SYS_ADMIN_BIT, step->number[2], 0);
    if (result < 0)
      return result;
  }
  // Every call after the filter may be one that it holds back for the listener: the number that the listener will
  // get is announced before, and nothing is waited for after.
  if (step->flags & STAGE_LISTENER) {
    long number = CALL(dup, stage->report);
    if (number < 0)
      return number;
    CALL(close, number);
    stage_report(stage, STAGE_NOTIFY, 0, (int)number, STAGE_NO_FD);
  }
  long result = CALL(seccomp, SECCOMP_SET_MODE_FILTER, step->number[1], &program);
  return result < 0 ? result : 0;
}
