#ifndef CLINUX_H
#define CLINUX_H

// One thin function for each system call that Glibc's Swift module hides or lacks: no state, no allocation.
// A function returns what the system call returns, -1 with errno set on failure.
//
// These headers include no others of the system but stddef.h and stdint.h: a type that both CLinux and Glibc declare,
// timespec say, belongs to whichever module the compiler happens to load first.

#include "CLinuxAttributes.h"
#include "CLinuxBPF.h"
#include "CLinuxCgroup.h"
#include "CLinuxLaunch.h"
#include "CLinuxLimits.h"
#include "CLinuxLoop.h"
#include "CLinuxMounts.h"
#include "CLinuxSockets.h"
#include "CLinuxSpawn.h"
#include "CLinuxTerminal.h"
#include "CLinuxTree.h"
#include "CLinuxUsage.h"

#endif
