// Resampling of channels-last arrays: on regular positions (resizing) and at given points (sampling).
//
// Arrays are row-major and contiguous; no two array arguments of one call may overlap. Every function is thread-safe, needs no scratch memory,
// and its result does not depend on the number of threads.
#ifndef APUS_RESAMPLE_H
#define APUS_RESAMPLE_H

#include <stdint.h>

#include "apus_dtype.h"

/// Along one axis, output o is the sum of weights[t] x[sources[t]] over starts[o] <= t < starts[o + 1].
typedef struct {
  int64_t input, output;
  const int32_t *starts, *sources;
  const double *weights;
} apus_resample_axis;

/// x (batch, input extents..., channels), y (batch, output extents..., channels) over depth, height and width.
typedef struct {
  /// APUS_F32 or APUS_F64.
  apus_dtype dtype;
  int64_t batch, channels;
  apus_resample_axis axes[3];
} apus_resample_spec;

void apus_resample(const apus_resample_spec *spec, const void *x, void *y);

/// image (batch, height, width, channels), positions (batch, points, 2) of (x, y) in pixels, samples (batch, points, channels).
///
/// A sample is the bilinear interpolation of the four pixels around its position; pixels outside the image are zeros.
typedef struct {
  /// APUS_F32 or APUS_F64.
  apus_dtype dtype;
  int64_t batch, height, width, channels, points;
} apus_sample_spec;

void apus_sample(const apus_sample_spec *spec, const void *image, const void *positions, void *samples);

/// The transpose in the image: writes all of `image`.
void apus_sample_scatter(const apus_sample_spec *spec, const void *samples, const void *positions, void *image);

/// slopes (batch, points, 2): the derivative of the sum of samples times weights (batch, points, channels) with respect to the positions.
void apus_sample_slopes(const apus_sample_spec *spec, const void *image, const void *positions, const void *weights, void *slopes);

#endif
