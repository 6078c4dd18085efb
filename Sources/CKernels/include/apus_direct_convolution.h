// Convolution over one to three spatial axes, and its two gradients, in double precision, which oneDNN does not have.
//
// Arrays: x (batch, D, H, W, in), weights (out, kernel..., in / groups), y (batch, OD, OH, OW, out), row-major and contiguous; fewer
// spatial axes are written with leading ones. Every function is thread-safe, and its result does not depend on the number of threads.
#ifndef APUS_DIRECT_CONVOLUTION_H
#define APUS_DIRECT_CONVOLUTION_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  int64_t batch, in_channels, out_channels, groups;
  int64_t input[3], output[3], kernel[3], stride[3], dilation[3], padding_before[3];
} apus_direct_convolution_spec;

/// Bytes of scratch memory, aligned to 64, that any of the functions needs.
size_t apus_direct_convolution_scratch_bytes(const apus_direct_convolution_spec *spec);

void apus_direct_convolution(const apus_direct_convolution_spec *spec, const void *x, const void *weights, void *y, void *scratch);

/// dx from dy. Writes all of dx.
void apus_direct_convolution_backward_data(const apus_direct_convolution_spec *spec, const void *dy, const void *weights, void *dx,
                                           void *scratch);

/// dweights from x and dy.
void apus_direct_convolution_backward_weights(const apus_direct_convolution_spec *spec, const void *x, const void *dy, void *dweights,
                                              void *scratch);

#endif
