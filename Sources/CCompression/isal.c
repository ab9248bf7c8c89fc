#include "isal.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "CCompression.h"

_Static_assert(offsetof(struct isal_state, block_state) == 21160, "as in ISA-L's igzip_lib.h");

static struct isal library;
static int is_usable;

const struct isal *isal_library(void) {
  return is_usable ? &library : NULL;
}

// "layer" as one gzip member, and a byte behind it.
static const uint8_t sample[] = {0x1f, 0x8b, 8,    0, 0, 0, 0,    0,    0,    3, 0xcb, 0x49, 0xac,
                                 0x4c, 0x2d, 0x02, 0, 0x1a, 0x21, 0xdb, 0xe4, 5, 0,    0,    0,    0x55};
#define MEMBER (sizeof sample - 1)

// Fed byte by byte, it must give the five letters, end with the last byte and not before, and leave the next one; a
// wrong checksum must be noticed. All that gunzip.c reads and writes of the struct takes part in this.
static int try_sample(struct isal_state *state) {
  uint8_t bytes[sizeof sample], out[8];
  memcpy(bytes, sample, sizeof sample);
  memset(state, 0xa5, sizeof *state);
  library.init(state);
  state->crc_flag = ISAL_GZIP;
  state->next_out = out;
  state->avail_out = sizeof out;
  for (size_t i = 0; i < MEMBER; i++) {
    state->next_in = bytes + i;
    state->avail_in = i == MEMBER - 1 ? 2 : 1;
    if (state->block_state == ISAL_FINISHED || library.inflate(state) != 0)
      return 0;
  }
  if (state->block_state != ISAL_FINISHED || state->avail_in != 1 || state->next_in != bytes + MEMBER ||
      state->avail_out != 3 || state->next_out != out + 5 || memcmp(out, "layer", 5) != 0)
    return 0;
  for (size_t i = sizeof *state - ISAL_UNUSED; i < sizeof *state; i++) {
    if (((uint8_t *)state)[i] != 0xa5)
      return 0;
  }
  bytes[MEMBER - 8] ^= 1;
  library.init(state);
  state->crc_flag = ISAL_GZIP;
  state->next_in = bytes;
  state->avail_in = MEMBER;
  state->next_out = out;
  state->avail_out = sizeof out;
  return library.inflate(state) == ISAL_INCORRECT_CHECKSUM;
}

int gunzip_isal_load(void) {
  if (is_usable)
    return 1;
  void *handle = dlopen("libisal.so.2", RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL)
    return 0;
  *(void **)&library.init = dlsym(handle, "isal_inflate_init");
  *(void **)&library.inflate = dlsym(handle, "isal_inflate");
  struct isal_state *state = malloc(sizeof *state);
  is_usable = library.init != NULL && library.inflate != NULL && state != NULL && try_sample(state);
  free(state);
  if (!is_usable)
    dlclose(handle);
  return is_usable;
}
