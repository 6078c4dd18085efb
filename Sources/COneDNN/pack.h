// Dense copies of operands whose strides no product routine takes.
#ifndef APUS_PACK_H
#define APUS_PACK_H

#include <stddef.h>
#include <stdint.h>

enum { APUS_PACK_MAX_RANK = 8 };

/// Copies an array with any strides (in elements, zero and negative ones too) to a dense one, the last axis innermost.
void apus_pack(int rank, const int64_t *extents, const int64_t *strides, size_t element_bytes, const void *source, void *target);

#endif
