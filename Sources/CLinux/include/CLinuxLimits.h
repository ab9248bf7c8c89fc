#ifndef CLINUX_LIMITS_H
#define CLINUX_LIMITS_H

#include <stddef.h>
#include <stdint.h>

// prlimit(2): sets the soft and hard limit of a process, 0 is the caller.
int clinux_set_limit(int pid, uint32_t resource, uint64_t soft, uint64_t hard);

// sched_setaffinity(2) on the caller: a bit for each processor.
int clinux_set_affinity(const uint64_t *_Nonnull words, size_t count);

// Blocks of so many bytes and more are the kernel's again as soon as they are freed (mallopt(3)).
void clinux_return_blocks(int size);

#endif
