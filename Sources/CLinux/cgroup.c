#define _GNU_SOURCE
#include "CLinux.h"

#include <stddef.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

// The same number on every architecture; older headers lack them.
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

int64_t clinux_filesystem_type(const char *path) {
  struct statfs information;
  return statfs(path, &information) == 0 ? (int64_t)information.f_type : -1;
}

int clinux_cgroup_pidfd(int pid) {
  return (int)syscall(SYS_pidfd_open, pid, 0);
}

int clinux_cgroup_signal(int pidfd, int signal) {
  return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}
