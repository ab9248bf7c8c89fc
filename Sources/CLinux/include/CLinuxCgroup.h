#ifndef CLINUX_CGROUP_H
#define CLINUX_CGROUP_H

#include <stdint.h>

// statfs(2): the magic number of the file system that a host path is on.
int64_t clinux_filesystem_type(const char *_Nonnull path);

// eventfd(2), close-on-exec and not blocking.
int clinux_event_counter(void);
// inotify(7) for changes of one file's content: a descriptor, close-on-exec and not blocking, that becomes readable.
int clinux_watch_content(const char *_Nonnull path);

static const int64_t clinux_cgroup_v1_magic = 0x27e0eb;
static const int64_t clinux_cgroup_v2_magic = 0x63677270;

#endif
