// Convolution of each channel with a kernel of its own, over two spatial axes, and its two gradients.
//
// Arrays: x (batch, H, W, channels), weights (channels, kernel height, kernel width), y (batch, OH, OW, channels), row-major and contiguous. Every
// function is thread-safe, and its result does not depend on the number of threads.
#ifndef APUS_DEPTHWISE_H
#define APUS_DEPTHWISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apus_dtype.h"

typedef struct {
  /// APUS_F32 or APUS_F64.
  apus_dtype dtype;
  int64_t batch, channels;
  /// Height, width.
  int64_t input[2], output[2], kernel[2], stride[2], dilation[2], padding_before[2];
} apus_depthwise_spec;

/// Whether the kernel is small enough for these functions: at most 128 taps.
bool apus_depthwise_supports(const apus_depthwise_spec *spec);

/// Bytes of scratch memory, aligned to 64, that the functions need.
size_t apus_depthwise_scratch_bytes(const apus_depthwise_spec *spec);
size_t apus_depthwise_weights_scratch_bytes(const apus_depthwise_spec *spec);

void apus_depthwise(const apus_depthwise_spec *spec, const void *x, const void *weights, void *y, void *scratch);

/// dx from dy. Writes all of dx.
void apus_depthwise_backward_data(const apus_depthwise_spec *spec, const void *dy, const void *weights, void *dx, void *scratch);

/// dweights from x and dy; scratch memory as `apus_depthwise_weights_scratch_bytes` says.
void apus_depthwise_backward_weights(const apus_depthwise_spec *spec, const void *x, const void *dy, void *dweights, void *scratch);

#endif
