#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CLinux.h"
#include "clone.h"

#define NAMESPACE_TYPE _IO(0xb7, 0x3)
#define MEMFD_EXEC 0x10u

extern char **environ;

_Noreturn static void execute(const struct clinux_launch *launch) {
  char *const arguments[] = {"swiftcr-stage", NULL};
  char *const environment[] = {NULL};
  int failed = 0;
  for (int i = 0; i < launch->kept_count; i++) {
    if (fcntl(launch->kept[i], F_SETFD, 0) != 0)
      failed = errno;
  }
  if (!failed) {
    execveat(launch->program, "", arguments, environment, AT_EMPTY_PATH);
    failed = errno;
  }
  (void)!send(launch->report, &failed, sizeof failed, MSG_NOSIGNAL);
  _exit(127);
}

// A sibling has the exit signal that its maker has, and may not say another one.
int clinux_clone(uint64_t flags, int cgroup, int *pidfd) {
  struct clone_args arguments;
  memset(&arguments, 0, sizeof arguments);
  arguments.flags = flags | (pidfd != NULL ? CLONE_PIDFD : 0);
  arguments.pidfd = (uint64_t)(uintptr_t)pidfd;
  arguments.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD;
  if (cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = (uint64_t)cgroup;
  }
  return (int)syscall(SYS_clone3, &arguments, sizeof arguments);
}

int clinux_start(const struct clinux_launch *launch, int *pidfd) {
  int pid = clinux_clone(launch->flags, launch->cgroup, pidfd);
  if (pid == 0)
    execute(launch);
  return pid;
}

// Gone with its maker, however that ends.
static void follow(int maker) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != maker)
    _exit(0);
}

int clinux_start_later(const struct clinux_launch *launch, int channel, int *pidfd) {
  int maker = getpid();
  int pid = clinux_clone(0, -1, pidfd);
  if (pid != 0)
    return pid;
  follow(maker);
  char word;
  if (read(channel, &word, 1) != 1)
    _exit(0);
  // A child of our maker's, as if that had made it: it waits for it, and the two see no difference.
  int answer = clinux_clone(launch->flags | CLONE_PARENT, -1, NULL);
  if (answer == 0)
    execute(launch);
  if (answer < 0)
    answer = -errno;
  (void)!send(channel, &answer, sizeof answer, MSG_NOSIGNAL);
  _exit(0);
}

int clinux_idle(uint64_t flags, int *pidfd) {
  int maker = getpid();
  int pid = clinux_clone(flags, -1, pidfd);
  if (pid != 0)
    return pid;
  follow(maker);
  // It holds nothing of its maker's open, a lock least of all.
  syscall(SYS_close_range, 0u, ~0u, 0u);
  for (;;)
    pause();
}

int clinux_fork(void) {
  return fork();
}

int clinux_unshare(uint64_t flags) {
  return (int)syscall(SYS_unshare, flags);
}

int clinux_executable_memfd(const char *name) {
  unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int fd = memfd_create(name, flags | MEMFD_EXEC);
  if (fd < 0 && errno == EINVAL)
    fd = memfd_create(name, flags);
  return fd;
}

int clinux_memfd(const char *name) {
  return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

int clinux_seal(int memfd) {
  return fcntl(memfd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}

int clinux_namespace_type(int fd) {
  return ioctl(fd, NAMESPACE_TYPE);
}

int clinux_pidfd_getfd(int pidfd, int number) {
  return (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
}

int clinux_pidfd_open(int pid) {
  return (int)syscall(SYS_pidfd_open, pid, 0);
}

int clinux_wait(int pidfd, int *signaled) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) != 0)
    return -1;
  *signaled = info.si_code != CLD_EXITED;
  return info.si_status;
}

int clinux_kill(int pidfd, int signal) {
  return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int clinux_thread_count(void) {
  struct stat status;
  // "." and ".." are links too.
  return stat("/proc/self/task", &status) == 0 ? (int)status.st_nlink - 2 : -1;
}

int clinux_set_subreaper(void) {
  return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

uint64_t clinux_device(uint32_t major, uint32_t minor) {
  return makedev(major, minor);
}
