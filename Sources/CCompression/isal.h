#ifndef CCOMPRESSION_ISAL_H
#define CCOMPRESSION_ISAL_H

#include <stdint.h>

// The part of ISA-L's `struct inflate_state` (igzip_lib.h, version 2 of the library) that is used, with the size of the
// tables between. It is part of the library's binary interface; gunzip_isal_load() tries it before it is relied on.
struct isal_state {
  uint8_t *next_out;
  uint32_t avail_out;
  uint32_t total_out;
  const uint8_t *next_in;
  uint64_t read_in;
  uint32_t avail_in;
  int32_t read_in_length;
  uint32_t large_short[1 << 12];
  uint16_t large_long[1264];
  uint16_t small_short[1 << 10];
  uint16_t small_long[80];
  uint32_t block_state;
  uint32_t dict_length;
  uint32_t bfinal;
  uint32_t crc_flag;
  // History and buffers: 66,192 bytes in 2.30 and 2.31; more here, should a later version want it.
  uint8_t rest[160 << 10];
};

#define ISAL_FINISHED 5 // block_state ISAL_BLOCK_FINISH
#define ISAL_GZIP 1     // crc_flag: the header is read and the checksum compared
#define ISAL_INCORRECT_CHECKSUM (-6)

// What a version may have changed at the end of the struct it does not tell: none of these bytes may be written.
#define ISAL_UNUSED (32 << 10)

struct isal {
  void (*init)(struct isal_state *);
  int (*inflate)(struct isal_state *);
};

// The library's functions, NULL when it is missing or its interface is another.
const struct isal *isal_library(void);

#endif
