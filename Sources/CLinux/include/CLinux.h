// One thin function for each system call that Glibc's Swift module hides or lacks. No state, no allocation.
// Each returns what the kernel returns, or -1 with errno set.
#pragma once
#include <stdint.h>
#include <sys/types.h>
