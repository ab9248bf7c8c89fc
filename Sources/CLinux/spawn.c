#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "CLinux.h"
#include "clone.h"

#define CLOSE_ON_EXEC_RANGE 4u // CLOSE_RANGE_CLOEXEC

static void reset_signals(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  // SIGKILL, SIGSTOP and the two that glibc keeps for itself fail, and are default anyway.
  for (int signal = 1; signal < 65; signal++)
    sigaction(signal, &action, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static int execute(const struct clinux_program *program) {
  // Out of the way first: the caller may have been started without 0, 1 or 2.
  int source[3];
  for (int i = 0; i < 3; i++) {
    source[i] = fcntl(program->standard[i], F_DUPFD_CLOEXEC, 3);
    if (source[i] < 0)
      return errno;
  }
  for (int i = 0; i < 3; i++) {
    if (dup2(source[i], i) < 0)
      return errno;
  }
  // Every descriptor of this program is close-on-exec; this is for those that it was started with.
  syscall(SYS_close_range, 3u, ~0u, CLOSE_ON_EXEC_RANGE);
  if (program->directory != NULL && chdir(program->directory) != 0)
    return errno;
  execve(program->path, (char *const *)program->arguments, (char *const *)program->environment);
  return errno;
}

_Noreturn static void run_child(const struct clinux_program *program, int report) {
  int number = fcntl(report, F_DUPFD_CLOEXEC, 3);
  reset_signals();
  int failed = number < 0 ? errno : execute(program);
  // A caller that is gone already shall not make this a SIGPIPE: the exit code is the same.
  (void)!write(number, &failed, sizeof failed);
  _exit(127);
}

int clinux_run_program(const struct clinux_program *program, int *pidfd) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0)
    return -1;
  // A handler of the caller must not run in the child.
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  int pid = clinux_clone(0, -1, pidfd);
  if (pid == 0)
    run_child(program, report[1]);
  int failed = pid < 0 ? errno : 0;
  sigprocmask(SIG_SETMASK, &before, NULL);
  close(report[1]);
  if (pid > 0) {
    ssize_t count;
    do {
      count = read(report[0], &failed, sizeof failed);
    } while (count < 0 && errno == EINTR);
    if (count != sizeof failed)
      failed = 0;
  }
  close(report[0]);
  if (failed == 0)
    return pid;
  if (pid > 0) {
    int signaled;
    while (clinux_wait(*pidfd, &signaled) < 0 && errno == EINTR) {
    }
    close(*pidfd);
  }
  errno = failed;
  return -1;
}

// The first version of linux/pidfd.h's struct: headers older than the kernel lack it.
struct exit_information {
  uint64_t mask;
  uint64_t cgroup;
  uint32_t ids[11];
  int32_t status;
};

#define EXIT_INFORMATION 8u // PIDFD_INFO_EXIT

int clinux_exit_information(int pidfd, int *status) {
  struct exit_information information;
  memset(&information, 0, sizeof information);
  information.mask = EXIT_INFORMATION;
  if (ioctl(pidfd, _IOWR(0xFF, 11, struct exit_information), &information) != 0)
    return -1;
  if ((information.mask & EXIT_INFORMATION) == 0)
    return 0;
  *status = information.status;
  return 1;
}

int clinux_pipe(int *ends) {
  return pipe2(ends, O_CLOEXEC);
}

int clinux_open_own_directory(int directory, const char *name) {
  struct open_how how;
  memset(&how, 0, sizeof how);
  how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  return (int)syscall(SYS_openat2, directory, name, &how, sizeof how);
}

int64_t clinux_getdents(int directory, void *buffer, size_t size) {
  return syscall(SYS_getdents64, directory, buffer, size);
}

int clinux_clear_immutable(int fd) {
  int flags;
  if (ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0)
    return -1;
  if ((flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) == 0)
    return 0;
  flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
  return ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

int clinux_set_xattr(int fd, const char *name, const void *value, size_t size) {
  return fsetxattr(fd, name, value, size, 0);
}

int64_t clinux_get_xattr(int fd, const char *name, void *value, size_t size) {
  return fgetxattr(fd, name, value, size);
}
