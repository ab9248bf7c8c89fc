#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// A file of memory only, closed on exec; for the size-bounded export of a program.
static inline int cseccomp_memory_file(void) {
  return (int)syscall(SYS_memfd_create, "seccomp", 1U);
}

// Asks the kernel whether it knows the flags of seccomp(2): it looks at them before it reads the program.
static inline int cseccomp_probe(unsigned int flags) {
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, (void *)0);
}
