#define _GNU_SOURCE
#include "CLinux.h"

#include <sys/vfs.h>

int64_t clinux_filesystem_type(const char *path) {
  struct statfs information;
  return statfs(path, &information) == 0 ? (int64_t)information.f_type : -1;
}
