#ifndef CLINUX_SPAWN_H
#define CLINUX_SPAWN_H

#include <spawn.h>

// posix_spawn_file_actions_addclosefrom_np(3).
int clinux_spawn_close_from(posix_spawn_file_actions_t *_Nonnull actions, int first);

#endif
