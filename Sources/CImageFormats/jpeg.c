#include "CImageFormats.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// jpeglib.h needs stdio.h before it.
#include <jpeglib.h>

// A progressive file may hold any number of scans over the same pixels, each of which costs time and no room.
enum { MAXIMUM_SCANS = 200 };

typedef struct {
  struct jpeg_error_mgr manager;
  jmp_buf jump;
  apus_image_failure *failure;
} error_state;

static void on_error(j_common_ptr common) {
  error_state *state = (error_state *)common->err;
  char message[JMSG_LENGTH_MAX];
  state->manager.format_message(common, message);
  snprintf(state->failure->message, sizeof state->failure->message, "%s", message);
  longjmp(state->jump, 1);
}

// The library would go on after damage and fill in grey; for training data that is an error.
static void on_message(j_common_ptr common, int level) {
  if (level < 0) on_error(common);
}

static void on_progress(j_common_ptr common) {
  if (common->is_decompressor && ((j_decompress_ptr)common)->input_scan_number > MAXIMUM_SCANS) {
    error_state *state = (error_state *)common->err;
    snprintf(state->failure->message, sizeof state->failure->message, "more than %d scans", MAXIMUM_SCANS);
    longjmp(state->jump, 1);
  }
}

static bool read_jpeg(
  const uint8_t *bytes, size_t count, apus_image_info *info, uint8_t *pixels, size_t capacity, apus_image_failure *failure) {
  struct jpeg_decompress_struct decoder;
  error_state state;
  struct jpeg_progress_mgr progress = {.progress_monitor = on_progress};
  memset(&decoder, 0, sizeof decoder);
  failure->offset = 0;
  failure->message[0] = 0;
  state.failure = failure;
  decoder.err = jpeg_std_error(&state.manager);
  state.manager.error_exit = on_error;
  state.manager.emit_message = on_message;
  if (setjmp(state.jump)) {
    if (decoder.src) failure->offset = count - decoder.src->bytes_in_buffer;
    // The source's own end marker stands in a buffer of two bytes.
    if (failure->offset > count) failure->offset = count;
    jpeg_destroy_decompress(&decoder);
    return false;
  }
  jpeg_create_decompress(&decoder);
  decoder.progress = &progress;
  jpeg_mem_src(&decoder, bytes, count);
  jpeg_read_header(&decoder, TRUE);
  info->width = decoder.image_width;
  info->height = decoder.image_height;
  info->bit_depth = decoder.data_precision;
  info->channels = decoder.num_components == 1 ? 1 : 3;
  if (pixels) {
    size_t stride = (size_t)info->width * (size_t)info->channels;
    decoder.out_color_space = info->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    if (stride * info->height != capacity) {
      snprintf(failure->message, sizeof failure->message, "the image does not have the announced size");
      longjmp(state.jump, 1);
    }
    jpeg_start_decompress(&decoder);
    while (decoder.output_scanline < decoder.output_height) {
      JSAMPROW row = pixels + stride * decoder.output_scanline;
      jpeg_read_scanlines(&decoder, &row, 1);
    }
    jpeg_finish_decompress(&decoder);
  }
  jpeg_destroy_decompress(&decoder);
  return true;
}

bool apus_jpeg_read_info(const uint8_t *bytes, size_t count, apus_image_info *info, apus_image_failure *failure) {
  return read_jpeg(bytes, count, info, NULL, 0, failure);
}

bool apus_jpeg_decode(const uint8_t *bytes, size_t count, uint8_t *pixels, size_t capacity, apus_image_failure *failure) {
  apus_image_info info;
  return read_jpeg(bytes, count, &info, pixels, capacity, failure);
}

uint8_t *apus_jpeg_encode(
  const uint8_t *pixels, uint32_t width, uint32_t height, int channels, int quality, size_t *count, apus_image_failure *failure) {
  struct jpeg_compress_struct encoder;
  error_state state;
  unsigned char *target = NULL;
  unsigned long target_count = 0;
  memset(&encoder, 0, sizeof encoder);
  failure->offset = 0;
  state.failure = failure;
  encoder.err = jpeg_std_error(&state.manager);
  state.manager.error_exit = on_error;
  if (setjmp(state.jump)) {
    jpeg_destroy_compress(&encoder);
    free(target);
    return NULL;
  }
  jpeg_create_compress(&encoder);
  jpeg_mem_dest(&encoder, &target, &target_count);
  encoder.image_width = width;
  encoder.image_height = height;
  encoder.input_components = channels;
  encoder.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&encoder);
  jpeg_set_quality(&encoder, quality, TRUE);
  jpeg_start_compress(&encoder, TRUE);
  size_t stride = (size_t)width * (size_t)channels;
  while (encoder.next_scanline < encoder.image_height) {
    JSAMPROW row = (JSAMPROW)pixels + stride * encoder.next_scanline;
    jpeg_write_scanlines(&encoder, &row, 1);
  }
  jpeg_finish_compress(&encoder);
  jpeg_destroy_compress(&encoder);
  *count = target_count;
  return target;
}
