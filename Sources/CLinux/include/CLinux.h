#ifndef CLINUX_H
#define CLINUX_H

// One thin function for each system call that Glibc's Swift module hides or lacks: no state, no allocation.
// A function returns what the system call returns, -1 with errno set on failure.

#include "CLinuxBPF.h"
#include "CLinuxCgroup.h"
#include "CLinuxLimits.h"
#include "CLinuxSpawn.h"

#endif
