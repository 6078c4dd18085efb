// Max and average pooling of channels-last arrays over one, two or three spatial axes.
//
// Arrays: x (batch, D, H, W, channels), y (batch, OD, OH, OW, channels), row-major and contiguous; fewer spatial axes
// are written with leading ones. No two array arguments of one call may overlap. Every function is thread-safe, needs
// no scratch memory, and its result does not depend on the number of threads.
#ifndef APUS_POOLING_H
#define APUS_POOLING_H

#include <stdbool.h>
#include <stdint.h>

#include "apus_dtype.h"

typedef struct {
  /// APUS_F32 or APUS_F64.
  apus_dtype dtype;
  /// Type of the argmax array: APUS_U8 where the window has at most 256 taps, else APUS_I32.
  apus_dtype argmax_dtype;
  int64_t batch, channels;
  /// Spatial extents of x and of y: depth, height, width. The caller chooses the output extents, hence the rounding.
  int64_t input[3], output[3];
  /// Adaptive pooling: output o covers the positions floor(o I / O) ..< ceil((o + 1) I / O) of each axis; stride,
  /// dilation and padding are then unused and `window` must be `apus_adaptive_window(I, O)`.
  bool adaptive;
  /// Average pooling only: the divisor counts padded positions too.
  bool counts_padding;
  int64_t window[3], stride[3], dilation[3], padding_before[3], padding_after[3];
} apus_pool_spec;

/// Largest number of positions one output of an adaptive pooling covers along an axis.
int64_t apus_adaptive_window(int64_t input, int64_t output);

/// y = maximum over each window; NaN propagates; a window wholly inside the padding gives -infinity.
/// `argmax` (shape of y, may be null): tap of the first maximum, (kd * window[1] + kh) * window[2] + kw.
void apus_max_pool(const apus_pool_spec *spec, const void *x, void *y, void *argmax);

/// dx = sum over the windows whose maximum was here of dy. Writes all of dx (shape of x).
void apus_max_pool_backward(const apus_pool_spec *spec, const void *dy, const void *argmax, void *dx);

/// y = mean over each window (0 where a window covers nothing).
void apus_average_pool(const apus_pool_spec *spec, const void *x, void *y);

/// Writes all of dx (shape of x).
void apus_average_pool_backward(const apus_pool_spec *spec, const void *dy, void *dx);

#endif
