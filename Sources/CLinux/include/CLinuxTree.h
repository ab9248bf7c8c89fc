#ifndef CLINUX_TREE_H
#define CLINUX_TREE_H

#include <stddef.h>
#include <stdint.h>

// The calling thread's own umask from now on, and nothing masked; -1 where that is refused (unshare(2), CLONE_FS).
int clinux_own_umask(void);

// lsetxattr(2): of the link itself if it is one.
int clinux_set_link_xattr(const char *path, const char *name, const void *value, size_t size);

// flistxattr(2).
int64_t clinux_list_xattr(int fd, char *names, size_t size);

// Like lgetxattr(2) and llistxattr(2).
int64_t clinux_get_link_xattr(const char *path, const char *name, void *value, size_t size);
int64_t clinux_list_link_xattr(const char *path, char *names, size_t size);

// syncfs(2) of the file system that the descriptor is on.
int clinux_syncfs(int fd);

// sync_file_range(2) that only begins to write; a count of 0 is to the file's end.
int clinux_start_writeback(int fd, int64_t offset, int64_t count);

// 1 for the file systems by which the kernel speaks: procfs, sysfs, cgroups and the like.
int clinux_is_kernels(int fd);

// The parts of a device's number.
unsigned clinux_device_major(uint64_t device);
unsigned clinux_device_minor(uint64_t device);

// lseek(2) to the next data or hole at or after the offset; -1 with ENXIO when there are no more data.
int64_t clinux_seek_data(int fd, int64_t offset);
int64_t clinux_seek_hole(int fd, int64_t offset);

// copy_file_range(2), or sendfile(2) where that cannot be: from where both descriptors stand. How many bytes, 0 at the end.
int64_t clinux_copy_range(int source, int target, size_t count);

#endif
