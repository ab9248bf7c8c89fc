#ifndef CLINUX_ATTRIBUTES_H
#define CLINUX_ATTRIBUTES_H

#include <stddef.h>
#include <stdint.h>

// llistxattr(2) and lgetxattr(2) of the file `name` in `directory`, whatever kind of file it is; "." is the directory.
int64_t clinux_list_xattrs_at(int directory, const char *_Nonnull name, char *_Nullable list, size_t size);
int64_t clinux_get_xattr_at(
    int directory, const char *_Nonnull name, const char *_Nonnull attribute, void *_Nullable value, size_t size);

// lremovexattr(2) and lsetxattr(2), in the same way.
int clinux_remove_xattr_at(int directory, const char *_Nonnull name, const char *_Nonnull attribute);
int clinux_set_xattr_at(
  int directory, const char *_Nonnull name, const char *_Nonnull attribute, const void *_Nonnull value, size_t size);

#endif
