#ifndef CLINUX_CLONE_H
#define CLINUX_CLONE_H

// Not of the module's interface: Swift must not go on in a child.

#include <stdint.h>

// clone3(2) in the manner of fork(2), and the child's pidfd unless `pidfd` is NULL; no `cgroup` is -1.
int clinux_clone(uint64_t flags, int cgroup, int *pidfd);

#endif
