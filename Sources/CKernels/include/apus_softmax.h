// Softmax, its logarithm and the cross entropy against labels, row by row.
//
// Arrays are row-major and contiguous, (rows, classes) of one type, APUS_F32 or APUS_F64; labels are (rows). Every function is thread-safe,
// needs no scratch memory, and its result does not depend on the number of threads. NaN in a row makes the row NaN.
#ifndef APUS_SOFTMAX_H
#define APUS_SOFTMAX_H

#include <stdbool.h>
#include <stdint.h>

#include "apus_dtype.h"

typedef struct {
  apus_dtype dtype;
  int64_t rows, classes;
} apus_softmax_spec;

/// y = exp(x) / sum(exp(x)), or its logarithm. `y` may be `x`.
void apus_softmax(const apus_softmax_spec *spec, bool logarithmic, const void *x, void *y);

/// dx = y (dy - sum(dy y)), or dy - exp(y) sum(dy) for the logarithm. `dx` may be `y` or `dy`.
void apus_softmax_backward(const apus_softmax_spec *spec, bool logarithmic, const void *y, const void *dy, void *dx);

typedef struct {
  apus_softmax_spec shape;
  /// Share of the target that is spread over all classes.
  double smoothing;
  /// Rows with the label `ignored` give 0.
  bool has_ignored;
  int64_t ignored;
} apus_cross_entropy_spec;

/// loss (rows) = -sum(target log softmax(x)). Returns the first row whose label is neither ignored nor in 0 ..< classes, or -1; the
/// results are then meaningless.
int64_t apus_softmax_cross_entropy(const apus_cross_entropy_spec *spec, const void *x, const int64_t *labels, void *loss);

/// dx = (softmax(x) - target) dloss, with dloss (rows). `dx` may be `x`. Returns as the forward direction does.
int64_t apus_softmax_cross_entropy_backward(
  const apus_cross_entropy_spec *spec, const void *x, const int64_t *labels, const void *dloss, void *dx);

#endif
