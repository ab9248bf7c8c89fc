#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "CLinux.h"

// Below a descriptor's name in procfs there is one more component, and l…xattr(2) does not follow it. Linux 6.13 has
// system calls for this, older ones nothing for a link or a device, which cannot be opened.
#define PATH_SIZE 320

static int path_of(char *path, int directory, const char *name) {
  if (strchr(name, '/') != NULL || strcmp(name, "..") == 0) {
    errno = EINVAL;
    return -1;
  }
  int length = snprintf(path, PATH_SIZE, "/proc/self/fd/%d/%s", directory, name);
  if (length >= PATH_SIZE) {
    errno = ENAMETOOLONG;
    return -1;
  }
  return 0;
}

int64_t clinux_list_xattrs_at(int directory, const char *name, char *list, size_t size) {
  char path[PATH_SIZE];
  return path_of(path, directory, name) == 0 ? llistxattr(path, list, size) : -1;
}

int64_t clinux_get_xattr_at(int directory, const char *name, const char *attribute, void *value, size_t size) {
  char path[PATH_SIZE];
  return path_of(path, directory, name) == 0 ? lgetxattr(path, attribute, value, size) : -1;
}

int clinux_remove_xattr_at(int directory, const char *name, const char *attribute) {
  char path[PATH_SIZE];
  return path_of(path, directory, name) == 0 ? lremovexattr(path, attribute) : -1;
}

int clinux_set_xattr_at(int directory, const char *name, const char *attribute, const void *value, size_t size) {
  char path[PATH_SIZE];
  return path_of(path, directory, name) == 0 ? lsetxattr(path, attribute, value, size, 0) : -1;
}
