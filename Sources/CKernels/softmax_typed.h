#define LANE_TEMPLATE "softmax_lanes.h"
#include "lanes.h"
#include "wide.h"

INLINE REAL TYPED(row_top)(const REAL *x, int64_t count) {
  VECTOR a = SPLAT(-INFINITY), b = a;
  int64_t i = 0;
  for (; i + 2 * LANES <= count; i += 2 * LANES) {
    const VECTOR u = LOAD(x + i), v = LOAD(x + i + LANES);
    a = u > a ? u : a;
    b = v > b ? v : b;
  }
  REAL top = -(REAL)INFINITY;
  if (count >= LANES) {
    // What is left, less than two vectors, overlaps what was seen.
    if (i + LANES <= count) {
      const VECTOR u = LOAD(x + i);
      a = u > a ? u : a;
    }
    const VECTOR last = LOAD(x + count - LANES);
    b = last > b ? last : b;
    a = b > a ? b : a;
    for (int k = 0; k < LANES; k++) top = a[k] > top ? a[k] : top;
    return top;
  }
  for (; i < count; i++) top = x[i] > top ? x[i] : top;
  return top;
}

/// Sum of exp(x - top), which is written to `y` unless that is null. Lanes are carried on in double every few vectors.
INLINE double TYPED(row_exponentials)(const REAL *x, REAL *y, int64_t count, REAL top) {
  DOUBLES total = (DOUBLES)0.0;
  int64_t i = 0;
  while (i + LANES <= count) {
    VECTOR sum = SPLAT(0);
    const int64_t whole = (count - i) / LANES, block = whole < 64 ? whole : 64;
    for (int64_t b = 0; b < block; b++, i += LANES) {
      VECTOR value = LOAD(x + i) - SPLAT(top);
      LANED(exp_nonpositive)(&value);
      if (y) STORE(y + i, value);
      sum += value;
    }
    total += TO_DOUBLES(sum);
  }
  double sum = TYPED(sum_of_lanes)(&total);
  for (; i + NARROW <= count; i += NARROW) sum += TYPED(exponentials_narrow)(x + i, y ? y + i : NULL, top);
  for (; i < count; i++) sum += TYPED(exponentials_single)(x + i, y ? y + i : NULL, top);
  return sum;
}

/// Sum of x y - or, with null y, of x - offset.
INLINE double TYPED(row_sum)(const REAL *x, const REAL *y, int64_t count, REAL offset) {
  DOUBLES total = (DOUBLES)0.0;
  int64_t i = 0;
  while (i + LANES <= count) {
    VECTOR sum = SPLAT(0);
    const int64_t whole = (count - i) / LANES, block = whole < 64 ? whole : 64;
    for (int64_t b = 0; b < block; b++, i += LANES) {
      if (y) {
        sum += LOAD(x + i) * LOAD(y + i);
      } else {
        sum += LOAD(x + i) - SPLAT(offset);
      }
    }
    total += TO_DOUBLES(sum);
  }
  double sum = TYPED(sum_of_lanes)(&total);
  for (; i < count; i++) sum += y ? (double)x[i] * (double)y[i] : (double)x[i] - (double)offset;
  return sum;
}

/// y = x * factor + offset.
INLINE void TYPED(row_affine)(const REAL *x, REAL *y, int64_t count, REAL factor, REAL offset) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) STORE(y + i, LOAD(x + i) * SPLAT(factor) + SPLAT(offset));
  for (; i < count; i++) y[i] = x[i] * factor + offset;
}

CLONES static void TYPED(softmax_rows)(void *context, int64_t begin, int64_t end) {
  const softmax_call *call = context;
  const int64_t count = call->classes;
  for (int64_t row = begin; row < end; row++) {
    const REAL *x = (const REAL *)call->x + row * count;
    REAL *y = (REAL *)call->y + row * count;
    const double sum = TYPED(row_exponentials)(x, y, count, TYPED(row_top)(x, count));
    TYPED(row_affine)(y, y, count, (REAL)(1 / sum), -(REAL)0);
  }
}

CLONES static void TYPED(log_softmax_rows)(void *context, int64_t begin, int64_t end) {
  const softmax_call *call = context;
  const int64_t count = call->classes;
  for (int64_t row = begin; row < end; row++) {
    const REAL *x = (const REAL *)call->x + row * count;
    REAL *y = (REAL *)call->y + row * count;
    const REAL top = TYPED(row_top)(x, count);
    const REAL logarithm = (REAL)log(TYPED(row_exponentials)(x, NULL, count, top));
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) STORE(y + i, LOAD(x + i) - SPLAT(top) - SPLAT(logarithm));
    for (; i < count; i++) y[i] = x[i] - top - logarithm;
  }
}

CLONES static void TYPED(softmax_backward_rows)(void *context, int64_t begin, int64_t end) {
  const softmax_call *call = context;
  const int64_t count = call->classes;
  for (int64_t row = begin; row < end; row++) {
    const REAL *y = (const REAL *)call->x + row * count, *dy = (const REAL *)call->dy + row * count;
    REAL *dx = (REAL *)call->y + row * count;
    const REAL along = (REAL)TYPED(row_sum)(dy, y, count, 0);
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) STORE(dx + i, LOAD(y + i) * (LOAD(dy + i) - SPLAT(along)));
    for (; i < count; i++) dx[i] = y[i] * (dy[i] - along);
  }
}

CLONES static void TYPED(log_softmax_backward_rows)(void *context, int64_t begin, int64_t end) {
  const softmax_call *call = context;
  const int64_t count = call->classes;
  for (int64_t row = begin; row < end; row++) {
    const REAL *y = (const REAL *)call->x + row * count, *dy = (const REAL *)call->dy + row * count;
    REAL *dx = (REAL *)call->y + row * count;
    const REAL sum = (REAL)TYPED(row_sum)(dy, NULL, count, 0);
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) TYPED(log_softmax_step_wide)(y + i, dy + i, dx + i, sum);
    for (; i + NARROW <= count; i += NARROW) TYPED(log_softmax_step_narrow)(y + i, dy + i, dx + i, sum);
    for (; i < count; i++) TYPED(log_softmax_step_single)(y + i, dy + i, dx + i, sum);
  }
}

CLONES static void TYPED(cross_entropy_rows)(void *context, int64_t begin, int64_t end) {
  cross_entropy_call *call = context;
  const int64_t count = call->spec->shape.classes;
  const double smoothing = call->spec->smoothing;
  for (int64_t row = begin; row < end; row++) {
    REAL *loss = (REAL *)call->y + row;
    const int64_t label = call->labels[row];
    *loss = 0;
    if (is_ignored(call->spec, label)) continue;
    if (label < 0 || label >= count) {
      apus_note_first(&call->first_invalid, row);
      continue;
    }
    const REAL *x = (const REAL *)call->x + row * count;
    const REAL top = TYPED(row_top)(x, count);
    double value = log(TYPED(row_exponentials)(x, NULL, count, top)) - (1 - smoothing) * ((double)x[label] - (double)top);
    if (smoothing != 0) value -= smoothing / (double)count * TYPED(row_sum)(x, NULL, count, top);
    *loss = (REAL)value;
  }
}

CLONES static void TYPED(cross_entropy_backward_rows)(void *context, int64_t begin, int64_t end) {
  cross_entropy_call *call = context;
  const int64_t count = call->spec->shape.classes;
  const double smoothing = call->spec->smoothing;
  for (int64_t row = begin; row < end; row++) {
    REAL *dx = (REAL *)call->y + row * count;
    const int64_t label = call->labels[row];
    if (is_ignored(call->spec, label)) {
      memset(dx, 0, (size_t)count * sizeof(REAL));
      continue;
    }
    if (label < 0 || label >= count) {
      apus_note_first(&call->first_invalid, row);
      continue;
    }
    const REAL *x = (const REAL *)call->x + row * count;
    const double g = (double)((const REAL *)call->dloss)[row];
    const double sum = TYPED(row_exponentials)(x, dx, count, TYPED(row_top)(x, count));
    // The label's own element is nearly the target where the fit is good: the difference is taken in double.
    const double own = ((double)dx[label] / sum - (1 - smoothing) - smoothing / (double)count) * g;
    TYPED(row_affine)(dx, dx, count, (REAL)(g / sum), (REAL)(-g * smoothing / (double)count));
    dx[label] = (REAL)own;
  }
}

#include "wide_end.h"
