#ifndef CLINUX_SPAWN_H
#define CLINUX_SPAWN_H

#include <stddef.h>
#include <stdint.h>

// A program of the host: a hook, newuidmap.
struct clinux_program {
  const char *_Nonnull path;
  // Both end with a null pointer.
  const char *_Nullable const *_Nonnull arguments;
  const char *_Nullable const *_Nonnull environment;
  // The working directory, or null for the caller's.
  const char *_Nullable directory;
  // The descriptors that become 0, 1 and 2; nothing else is inherited.
  int standard[3];
};

// clone3(2) and execve(2) with default signal handling; only this function's C runs in the child. The pid, and a
// pidfd. When the program cannot be executed: -1 with the child's errno, and the child is reaped.
int clinux_run_program(const struct clinux_program *_Nonnull program, int *_Nonnull pidfd);

// PIDFD_GET_INFO with PIDFD_INFO_EXIT (Linux 6.15): the status of a process that was reaped, whoever's child it was, as
// waitpid(2) has it. 1 and the status; 0 if the kernel has none to give (yet); -1 with errno.
int clinux_exit_information(int pidfd, int *_Nonnull status);

// pipe2(2) with O_CLOEXEC.
int clinux_pipe(int *_Nonnull ends);

// openat2(2) (Linux 5.6) of a directory below `directory`, through no symbolic link and over no mount.
int clinux_open_own_directory(int directory, const char *_Nonnull name);
// getdents64(2).
int64_t clinux_getdents(int directory, void *_Nonnull buffer, size_t size);
// Clears the immutable and append-only flags of a directory or regular file.
int clinux_clear_immutable(int fd);

// fsetxattr(2) and fgetxattr(2).
int clinux_set_xattr(int fd, const char *_Nonnull name, const void *_Nonnull value, size_t size);
int64_t clinux_get_xattr(int fd, const char *_Nonnull name, void *_Nonnull value, size_t size);

#endif
