// PNG and JPEG through libpng and libjpeg, from and to memory. Errors of both libraries come back as status and message.
#ifndef APUS_CIMAGEFORMATS_H
#define APUS_CIMAGEFORMATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { APUS_IMAGE_MESSAGE_BYTES = 256 };

typedef struct {
  uint32_t width;
  uint32_t height;
  /// Channels of the decoded image: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
  int channels;
  /// Bits of a sample in the file.
  int bit_depth;
} apus_image_info;

typedef struct {
  /// Where in the file reading stood, in bytes.
  size_t offset;
  char message[APUS_IMAGE_MESSAGE_BYTES];
} apus_image_failure;

/// Reads the header alone. Returns false with `failure` filled in.
bool apus_png_read_info(const uint8_t *bytes, size_t count, apus_image_info *info, apus_image_failure *failure);
/// Decodes to 8 bits a sample, channels last, palette and transparency expanded; `pixels` holds height * width * channels bytes, as
/// `apus_png_read_info` said.
bool apus_png_decode(const uint8_t *bytes, size_t count, uint8_t *pixels, size_t capacity, apus_image_failure *failure);

typedef struct {
  uint32_t width;
  uint32_t height;
  /// 1, 2, 4, 8 or 16.
  int bit_depth;
  /// PNG's number: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.
  int color_type;
  bool is_interlaced;
  /// For a palette: RGB entries, and the alpha of the first `transparency_count` of them.
  const uint8_t *palette;
  int palette_count;
  const uint8_t *transparency;
  int transparency_count;
} apus_png_description;

/// Encodes packed rows (16-bit samples big-endian). The result is to be freed with `apus_image_free`; null on failure.
uint8_t *apus_png_encode(
  const apus_png_description *description, const uint8_t *rows, size_t *count, apus_image_failure *failure);

bool apus_jpeg_read_info(const uint8_t *bytes, size_t count, apus_image_info *info, apus_image_failure *failure);
/// Decodes to 1 or 3 channels, as `apus_jpeg_read_info` said.
bool apus_jpeg_decode(const uint8_t *bytes, size_t count, uint8_t *pixels, size_t capacity, apus_image_failure *failure);
/// Encodes 1 or 3 channels; `quality` in 1 ... 100.
uint8_t *apus_jpeg_encode(
  const uint8_t *pixels, uint32_t width, uint32_t height, int channels, int quality, size_t *count, apus_image_failure *failure);

void apus_image_free(void *bytes);

#endif
