#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fts.h>
#include <sys/stat.h>

int64_t clinux_disk_usage(const char *path)
{
    char *const paths[] = {(char *)path, NULL};
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
    if (!walk)
        return -1;
    int64_t bytes = 0;
    FTSENT *entry;
    while ((entry = fts_read(walk))) {
        // A directory comes a second time, after what is in it.
        if (entry->fts_info == FTS_DP || entry->fts_info == FTS_NS || entry->fts_info == FTS_ERR)
            continue;
        int64_t blocks = entry->fts_statp->st_blocks * 512;
        int64_t names = S_ISDIR(entry->fts_statp->st_mode) ? 1 : (int64_t)entry->fts_statp->st_nlink;
        bytes += names > 1 ? blocks / names : blocks;
    }
    int failure = errno;
    fts_close(walk);
    errno = failure;
    return bytes;
}
