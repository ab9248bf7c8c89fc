#ifndef CCOMPRESSION_GUNZIP_H
#define CCOMPRESSION_GUNZIP_H

#include <stddef.h>
#include <stdint.h>

// One gzip member after another, by ISA-L or zlib: header, data and checksum.
struct gunzip;

enum gunzip_result {
  GUNZIP_MORE,       // All of the input is used, or the output is full.
  GUNZIP_MEMBER_END, // The member is complete and its checksum right; what is left of the input is behind it.
  GUNZIP_CORRUPT,
  GUNZIP_CHECKSUM,
};

// Whether libisal.so.2 is there and does what it is expected to: at least twice as fast as zlib. It has no static
// library, and is not installed everywhere, so it is looked for when the program runs. The first call must be over
// before any other thread's.
int gunzip_isal_load(void);

// NULL if there is no memory. `isal` only after gunzip_isal_load() said yes.
struct gunzip *gunzip_make(int isal);
void gunzip_free(struct gunzip *gunzip);

// Starts the next member.
void gunzip_reset(struct gunzip *gunzip);

// Decompresses as much as there is input and room; both are moved on. At most 1 GiB each.
enum gunzip_result gunzip_step(struct gunzip *gunzip, const uint8_t **input, size_t *input_size, uint8_t **output,
                               size_t *output_size);

#endif
