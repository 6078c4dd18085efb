#include "CImageFormats.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const uint8_t *bytes;
  size_t count, offset;
  apus_image_failure *failure;
} source;

typedef struct {
  uint8_t *bytes;
  size_t count, capacity;
} sink;

static void on_error(png_structp png, png_const_charp message) {
  apus_image_failure *failure = png_get_error_ptr(png);
  snprintf(failure->message, sizeof failure->message, "%s", message);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

static void read_bytes(png_structp png, png_bytep target, size_t count) {
  source *from = png_get_io_ptr(png);
  from->failure->offset = from->offset;
  if (count > from->count - from->offset) png_error(png, "the file ends early");
  memcpy(target, from->bytes + from->offset, count);
  from->offset += count;
}

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
  sink *to = png_get_io_ptr(png);
  if (count > to->capacity - to->count) {
    size_t capacity = (to->count + count) * 2;
    uint8_t *grown = realloc(to->bytes, capacity);
    if (!grown) png_error(png, "out of memory");
    to->bytes = grown;
    to->capacity = capacity;
  }
  memcpy(to->bytes + to->count, bytes, count);
  to->count += count;
}

static void flush_nothing(png_structp png) { (void)png; }

// Reads the header and asks for 8-bit samples without palette. Jumps to the caller's setjmp on error.
static void begin(png_structp png, png_infop information, apus_image_info *info) {
  png_read_info(png, information);
  info->width = png_get_image_width(png, information);
  info->height = png_get_image_height(png, information);
  info->bit_depth = png_get_bit_depth(png, information);
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, information);
  info->channels = png_get_channels(png, information);
}

static bool read_png(
  const uint8_t *bytes, size_t count, apus_image_info *info, uint8_t *pixels, size_t capacity, apus_image_failure *failure) {
  source from = {bytes, count, 0, failure};
  uint8_t **volatile rows = NULL;
  failure->offset = 0;
  failure->message[0] = 0;
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, failure, on_error, on_warning);
  png_infop information = png ? png_create_info_struct(png) : NULL;
  if (!information) {
    snprintf(failure->message, sizeof failure->message, "out of memory");
    png_destroy_read_struct(&png, NULL, NULL);
    return false;
  }
  if (setjmp(png_jmpbuf(png))) {
    free(rows);
    png_destroy_read_struct(&png, &information, NULL);
    return false;
  }
  png_set_read_fn(png, &from, read_bytes);
  // A damaged ancillary chunk leaves the pixels whole, but says that the file is not what was written.
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  // A wrong colour profile or an odd date, of which many files have one, takes nothing from the pixels.
  png_set_benign_errors(png, 1);
  begin(png, information, info);
  if (pixels) {
    size_t stride = (size_t)info->width * (size_t)info->channels;
    if (stride != png_get_rowbytes(png, information) || stride * info->height != capacity) {
      png_error(png, "the image does not have the announced size");
    }
    rows = malloc(info->height * sizeof *rows);
    if (!rows) png_error(png, "out of memory");
    for (uint32_t row = 0; row < info->height; row++) rows[row] = pixels + stride * row;
    png_read_image(png, rows);
    png_read_end(png, NULL);
  }
  free(rows);
  png_destroy_read_struct(&png, &information, NULL);
  return true;
}

bool apus_png_read_info(const uint8_t *bytes, size_t count, apus_image_info *info, apus_image_failure *failure) {
  return read_png(bytes, count, info, NULL, 0, failure);
}

bool apus_png_decode(const uint8_t *bytes, size_t count, uint8_t *pixels, size_t capacity, apus_image_failure *failure) {
  apus_image_info info;
  return read_png(bytes, count, &info, pixels, capacity, failure);
}

uint8_t *apus_png_encode(
  const apus_png_description *description, const uint8_t *rows, size_t *count, apus_image_failure *failure) {
  sink to = {NULL, 0, 0};
  uint8_t **volatile pointers = NULL;
  failure->offset = 0;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, failure, on_error, on_warning);
  png_infop information = png ? png_create_info_struct(png) : NULL;
  if (!information) {
    png_destroy_write_struct(&png, NULL);
    snprintf(failure->message, sizeof failure->message, "out of memory");
    return NULL;
  }
  if (setjmp(png_jmpbuf(png))) {
    free(pointers);
    free(to.bytes);
    png_destroy_write_struct(&png, &information);
    return NULL;
  }
  png_set_write_fn(png, &to, write_bytes, flush_nothing);
  png_set_IHDR(
    png, information, description->width, description->height, description->bit_depth, description->color_type,
    description->is_interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (description->palette) {
    png_color colors[256];
    for (int index = 0; index < description->palette_count && index < 256; index++) {
      const uint8_t *entry = description->palette + 3 * index;
      colors[index] = (png_color){entry[0], entry[1], entry[2]};
    }
    png_set_PLTE(png, information, colors, description->palette_count);
    if (description->transparency) {
      png_set_tRNS(png, information, (png_bytep)description->transparency, description->transparency_count, NULL);
    }
  }
  pointers = malloc(description->height * sizeof *pointers);
  if (!pointers) png_error(png, "out of memory");
  size_t stride = png_get_rowbytes(png, information);
  for (uint32_t row = 0; row < description->height; row++) pointers[row] = (uint8_t *)rows + stride * row;
  png_write_info(png, information);
  png_write_image(png, pointers);
  png_write_end(png, information);
  free(pointers);
  png_destroy_write_struct(&png, &information);
  *count = to.count;
  return to.bytes;
}

void apus_image_free(void *bytes) { free(bytes); }
