#ifndef CLINUX_USAGE_H
#define CLINUX_USAGE_H

#include <stdint.h>

// What a file, or a directory with all that is in it, takes on disk, in bytes; -1 with errno if it cannot be opened. A file
// with several names counts once, as long as all of them are in there.
int64_t clinux_disk_usage(const char *_Nonnull path);

#endif
