#ifndef CLINUX_LIMITS_H
#define CLINUX_LIMITS_H

#include <stdint.h>

// prlimit(2): sets the soft and hard limit of a process, 0 is the caller.
int clinux_set_limit(int pid, uint32_t resource, uint64_t soft, uint64_t hard);

#endif
