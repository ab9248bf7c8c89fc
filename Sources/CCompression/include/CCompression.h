#ifndef CCOMPRESSION_H
#define CCOMPRESSION_H

// The libraries as they are. Their headers are plain C that Swift reads; what needs a wrapper is declared below.
#include <zlib.h>
#include <zstd.h>

#include "CCompressionGunzip.h"

#endif
