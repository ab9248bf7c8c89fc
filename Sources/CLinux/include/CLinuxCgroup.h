#ifndef CLINUX_CGROUP_H
#define CLINUX_CGROUP_H

#include <stdint.h>

// statfs(2): the magic number of the file system that a host path is on.
int64_t clinux_filesystem_type(const char *path);

static const int64_t clinux_cgroup_v1_magic = 0x27e0eb;
static const int64_t clinux_cgroup_v2_magic = 0x63677270;

#endif
