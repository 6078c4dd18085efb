// Gzip streams through zlib, bounded by what the caller gives room for.
#ifndef APUS_CZLIB_H
#define APUS_CZLIB_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
  APUS_INFLATE_PROGRESS = 0,
  APUS_INFLATE_END_OF_MEMBER = 1,
  APUS_INFLATE_CORRUPT = 2,
} apus_inflate_status;

typedef struct apus_inflater apus_inflater;

/// Returns null where memory is short.
apus_inflater *apus_inflater_create(void);
void apus_inflater_destroy(apus_inflater *inflater);
/// Makes ready for a further gzip member.
void apus_inflater_reset(apus_inflater *inflater);
/// Reads at most `*input_count` bytes and writes at most `*output_count`; both are set to what was used.
apus_inflate_status apus_inflater_run(
  apus_inflater *inflater, const uint8_t *input, size_t *input_count, uint8_t *output, size_t *output_count);
/// zlib's word about the last failure; lives as long as the inflater.
const char *apus_inflater_message(const apus_inflater *inflater);

/// Room that `apus_gzip_compress` needs for `count` bytes.
size_t apus_gzip_bound(size_t count);
/// Compresses to one gzip member; returns its size, or 0 on failure.
size_t apus_gzip_compress(const uint8_t *input, size_t count, int level, uint8_t *output, size_t capacity);

#endif
