#ifndef CLINUX_LAUNCH_H
#define CLINUX_LAUNCH_H

#include <stdint.h>

// Flags of clone(2), unshare(2) and setns(2); Glibc's module has none of them.
static const uint64_t clinux_clone_newtime = 0x00000080;
static const uint64_t clinux_clone_newns = 0x00020000;
static const uint64_t clinux_clone_newcgroup = 0x02000000;
static const uint64_t clinux_clone_newuts = 0x04000000;
static const uint64_t clinux_clone_newipc = 0x08000000;
static const uint64_t clinux_clone_newuser = 0x10000000;
static const uint64_t clinux_clone_newpid = 0x20000000;
static const uint64_t clinux_clone_newnet = 0x40000000;

struct clinux_launch {
  // Namespaces of the child, besides CLONE_PIDFD.
  uint64_t flags;
  // A cgroup v2 directory for CLONE_INTO_CGROUP (Linux 5.7), or -1.
  int cgroup;
  // The program: a descriptor for execveat(2).
  int program;
  // The child's descriptors 0, 1 and 2 are the caller's; of the others it keeps these.
  const int *_Nullable kept;
  int kept_count;
  // Where the child sends its errno (an int) when it cannot execute the program.
  int report;
};

// clone3(2), then execveat(2) of the program in the child, in which only this function's C runs. The pid, and a pidfd.
int clinux_start(const struct clinux_launch *_Nonnull launch, int *_Nonnull pidfd);

// As clinux_start, by a child of this process that has been put where the program is to begin: it waits for a byte on
// `channel`, and answers with an int, the pid of the program, which is our child as well, or a negative errno. The pid
// of the child in between, and a pidfd for it.
int clinux_start_later(const struct clinux_launch *_Nonnull launch, int channel, int *_Nonnull pidfd);

// clone3(2) of a child that waits in C until it is killed, or its maker ends: to hold a user namespace, or a cgroup.
int clinux_idle(uint64_t flags, int *_Nonnull pidfd);

// fork(2), which Swift hides, and unshare(2).
int clinux_fork(void);
int clinux_unshare(uint64_t flags);

// memfd_create(2); MFD_EXEC is added where the kernel knows it (6.3).
int clinux_executable_memfd(const char *_Nonnull name);
int clinux_memfd(const char *_Nonnull name);
// Seals against every change of size and content, and against further seals.
int clinux_seal(int memfd);

// ioctl NS_GET_NSTYPE: the clone flag of an open namespace; EINVAL or ENOTTY if it is none.
int clinux_namespace_type(int fd);

// pidfd_getfd(2) (Linux 5.6).
int clinux_pidfd_getfd(int pidfd, int number);
// pidfd_open(2) (Linux 5.3).
int clinux_pidfd_open(int pid);

// waitid(2) by pidfd: the exit status, or the signal with `signaled` set; -1 if it is no child of ours.
int clinux_wait(int pidfd, int *_Nonnull signaled);
// pidfd_send_signal(2).
int clinux_kill(int pidfd, int signal);

// The number of this process's threads, from /proc/self/task's link count; -1 if that cannot be read.
int clinux_thread_count(void);

// prctl(PR_SET_CHILD_SUBREAPER).
int clinux_set_subreaper(void);

// makedev(3).
uint64_t clinux_device(uint32_t major, uint32_t minor);

#endif
