#include <stdlib.h>
#include <string.h>

#include "CCompression.h"
#include "isal.h"

struct gunzip {
  const struct isal *library; // NULL: zlib
  union {
    struct isal_state isal;
    z_stream zlib;
  };
};

static void start_isal(struct gunzip *gunzip) {
  gunzip->library->init(&gunzip->isal);
  gunzip->isal.crc_flag = ISAL_GZIP;
}

struct gunzip *gunzip_make(int isal) {
  struct gunzip *gunzip = calloc(1, sizeof *gunzip);
  if (gunzip == NULL)
    return NULL;
  gunzip->library = isal ? isal_library() : NULL;
  if (gunzip->library != NULL) {
    start_isal(gunzip);
  } else if (inflateInit2(&gunzip->zlib, 16 + MAX_WBITS) != Z_OK) {
    free(gunzip);
    return NULL;
  }
  return gunzip;
}

void gunzip_free(struct gunzip *gunzip) {
  if (gunzip != NULL && gunzip->library == NULL)
    inflateEnd(&gunzip->zlib);
  free(gunzip);
}

void gunzip_reset(struct gunzip *gunzip) {
  if (gunzip->library != NULL)
    start_isal(gunzip);
  else
    inflateReset(&gunzip->zlib);
}

static enum gunzip_result step_isal(struct gunzip *gunzip) {
  int result = gunzip->library->inflate(&gunzip->isal);
  if (result != 0)
    return result == ISAL_INCORRECT_CHECKSUM ? GUNZIP_CHECKSUM : GUNZIP_CORRUPT;
  return gunzip->isal.block_state == ISAL_FINISHED ? GUNZIP_MEMBER_END : GUNZIP_MORE;
}

static enum gunzip_result step_zlib(struct gunzip *gunzip) {
  z_stream *stream = &gunzip->zlib;
  switch (inflate(stream, Z_NO_FLUSH)) {
  case Z_STREAM_END:
    return GUNZIP_MEMBER_END;
  case Z_OK:
  case Z_BUF_ERROR:
    return GUNZIP_MORE;
  default:
    return stream->msg != NULL && strstr(stream->msg, "check") != NULL ? GUNZIP_CHECKSUM : GUNZIP_CORRUPT;
  }
}

enum gunzip_result gunzip_step(struct gunzip *gunzip, const uint8_t **input, size_t *input_size, uint8_t **output,
                               size_t *output_size) {
  enum gunzip_result result;
  if (gunzip->library != NULL) {
    struct isal_state *state = &gunzip->isal;
    state->next_in = *input;
    state->avail_in = (uint32_t)*input_size;
    state->next_out = *output;
    state->avail_out = (uint32_t)*output_size;
    result = step_isal(gunzip);
    *input = state->next_in;
    *input_size = state->avail_in;
    *output = state->next_out;
    *output_size = state->avail_out;
  } else {
    z_stream *stream = &gunzip->zlib;
    stream->next_in = (uint8_t *)(uintptr_t)*input;
    stream->avail_in = (uint32_t)*input_size;
    stream->next_out = *output;
    stream->avail_out = (uint32_t)*output_size;
    result = step_zlib(gunzip);
    *input = stream->next_in;
    *input_size = stream->avail_in;
    *output = stream->next_out;
    *output_size = stream->avail_out;
  }
  return result;
}
