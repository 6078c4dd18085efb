#include "wide.h"

/// Lanes count positions in integers as wide as the elements: rows are searched in stretches that these can hold.
enum { TYPED(STRETCH) = 1 << 30 };

/// Whether a value stands before what is held; a NaN stands before all numbers, and nothing before a NaN.
INLINE bool TYPED(is_before)(REAL value, REAL held) { return value > held || (value != value && held == held); }

INLINE int64_t TYPED(arg_maximum)(const REAL *x, int64_t count, REAL sign) {
  int64_t best = 0;
  REAL held = x[0] * sign;
  for (int64_t start = 0; start < count; start += TYPED(STRETCH)) {
    const int64_t end = count - start < TYPED(STRETCH) ? count : start + TYPED(STRETCH);
    int64_t i = start;
    if (end - start >= 2 * LANES) {
      VECTOR values = LOAD(x + start) * SPLAT(sign);
      MASK places = (MASK)(SIGNED)0, place = (MASK)(SIGNED)0;
      for (i += LANES; i + LANES <= end; i += LANES) {
        place += (MASK)(SIGNED)1;
        const VECTOR value = LOAD(x + i) * SPLAT(sign);
        const MASK better = (value > values) | ((value != value) & (values == values));
        values = better ? value : values;
        places = better ? place : places;
      }
      // Of equal lanes the one that was reached first.
      REAL lane_held = values[0];
      int64_t lane_best = (int64_t)places[0] * LANES;
      for (int k = 1; k < LANES; k++) {
        const int64_t position = (int64_t)places[k] * LANES + k;
        const bool ties = values[k] == lane_held || (values[k] != values[k] && lane_held != lane_held);
        if (TYPED(is_before)(values[k], lane_held) || (ties && position < lane_best)) {
          lane_held = values[k];
          lane_best = position;
        }
      }
      if (start == 0 || TYPED(is_before)(lane_held, held)) {
        held = lane_held;
        best = start + lane_best;
      }
    }
    for (; i < end; i++) {
      const REAL value = x[i] * sign;
      if (TYPED(is_before)(value, held)) {
        held = value;
        best = i;
      }
    }
  }
  return best;
}

CLONES static void TYPED(arg_extreme)(void *context, int64_t begin, int64_t end) {
  const extreme_call *call = context;
  const REAL sign = call->maximum ? (REAL)1 : (REAL)-1;
  for (int64_t row = begin; row < end; row++) {
    call->places[row] = TYPED(arg_maximum)((const REAL *)call->x + row * call->extent, call->extent, sign);
  }
}

#include "wide_end.h"
