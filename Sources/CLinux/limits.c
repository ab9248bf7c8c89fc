#define _GNU_SOURCE
#include "CLinuxLimits.h"

#include <malloc.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_set_limit(int pid, uint32_t resource, uint64_t soft, uint64_t hard) {
  uint64_t limit[2] = {soft, hard};
  return (int)syscall(SYS_prlimit64, pid, resource, limit, 0);
}

int clinux_set_affinity(const uint64_t *words, size_t count) {
  return (int)syscall(SYS_sched_setaffinity, 0, count * sizeof *words, words);
}

void clinux_return_blocks(int size) {
  mallopt(M_MMAP_THRESHOLD, size);
}
