// Normalisation by mean and variance, and its gradients.
//
// x is seen as (outer, inner, groups, width), row-major and contiguous; statistics (outer, groups) run over inner and width; scale and shift
// are (groups * width). Layer normalisation is (rows, 1, 1, features), batch normalisation (1, rows, channels, 1), group normalisation
// (batch, positions, groups, channels / groups). All arrays are of one type, APUS_F32 or APUS_F64; sums are carried in double. Every function
// is thread-safe, and its result does not depend on the number of threads.
#ifndef APUS_NORMALIZATION_H
#define APUS_NORMALIZATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apus_dtype.h"

typedef struct {
  apus_dtype dtype;
  int64_t outer, inner, groups, width;
  /// Whether the mean is subtracted.
  bool is_centered;
  /// Added to the variance.
  double epsilon;
} apus_normalization_spec;

/// Bytes of scratch memory, 64-byte aligned, that both directions need.
size_t apus_normalization_scratch_bytes(const apus_normalization_spec *spec);

typedef struct {
  const void *x, *scale, *shift;
  /// y may be x.
  void *y;
  /// (outer, groups); the mean is 0 where it is not subtracted, the variance then the mean square.
  void *mean, *reciprocal_deviation, *variance;
  void *scratch;
} apus_normalization_operands;

/// y = (x - mean) * reciprocal_deviation * scale + shift.
void apus_normalization(const apus_normalization_spec *spec, const apus_normalization_operands *operands);

typedef struct {
  const void *dy, *x, *scale, *mean, *reciprocal_deviation;
  /// dx may be dy or x.
  void *dx, *dscale, *dshift;
  void *scratch;
} apus_normalization_backward_operands;

void apus_normalization_backward(const apus_normalization_spec *spec, const apus_normalization_backward_operands *operands);

#endif
