#include "CZlib.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

// 15 window bits, plus 16 for the gzip wrapper with its CRC-32 and length.
enum { GZIP_WINDOW_BITS = 15 + 16 };

struct apus_inflater {
  z_stream stream;
};

apus_inflater *apus_inflater_create(void) {
  apus_inflater *created = calloc(1, sizeof *created);
  if (created && inflateInit2(&created->stream, GZIP_WINDOW_BITS) != Z_OK) {
    free(created);
    return NULL;
  }
  return created;
}

void apus_inflater_destroy(apus_inflater *inflater) {
  inflateEnd(&inflater->stream);
  free(inflater);
}

void apus_inflater_reset(apus_inflater *inflater) { inflateReset(&inflater->stream); }

static unsigned clamp(size_t count) { return count > UINT_MAX ? UINT_MAX : (unsigned)count; }

apus_inflate_status apus_inflater_run(
  apus_inflater *inflater, const uint8_t *input, size_t *input_count, uint8_t *output, size_t *output_count) {
  z_stream *stream = &inflater->stream;
  unsigned offered = clamp(*input_count), room = clamp(*output_count);
  stream->next_in = (Bytef *)input;
  stream->avail_in = offered;
  stream->next_out = output;
  stream->avail_out = room;
  int code = inflate(stream, Z_NO_FLUSH);
  *input_count = offered - stream->avail_in;
  *output_count = room - stream->avail_out;
  if (code == Z_STREAM_END) return APUS_INFLATE_END_OF_MEMBER;
  // Z_BUF_ERROR says only that input or room is used up.
  return code == Z_OK || code == Z_BUF_ERROR ? APUS_INFLATE_PROGRESS : APUS_INFLATE_CORRUPT;
}

const char *apus_inflater_message(const apus_inflater *inflater) {
  return inflater->stream.msg ? inflater->stream.msg : "corrupt data";
}

size_t apus_gzip_bound(size_t count) { return compressBound(count) + 32; }

size_t apus_gzip_compress(const uint8_t *input, size_t count, int level, uint8_t *output, size_t capacity) {
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  if (deflateInit2(&stream, level, Z_DEFLATED, GZIP_WINDOW_BITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
  stream.next_in = (Bytef *)input;
  stream.next_out = output;
  size_t input_left = count, room_left = capacity;
  int code;
  do {
    if (stream.avail_in == 0) {
      stream.avail_in = clamp(input_left);
      input_left -= stream.avail_in;
    }
    if (stream.avail_out == 0) {
      stream.avail_out = clamp(room_left);
      room_left -= stream.avail_out;
    }
    code = deflate(&stream, input_left == 0 ? Z_FINISH : Z_NO_FLUSH);
  } while (code == Z_OK);
  size_t written = (size_t)(stream.next_out - output);
  deflateEnd(&stream);
  return code == Z_STREAM_END ? written : 0;
}
