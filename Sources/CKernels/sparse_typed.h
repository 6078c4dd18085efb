#define LANE_TEMPLATE "sparse_lanes.h"
#include "lanes.h"
#include "wide.h"

/// Four wide vectors at once: the entries of a row are then read a quarter as often.
INLINE void TYPED(sparse_row_block)(const apus_sparse_rows *matrix, const REAL *values, int64_t first, int64_t end, int64_t inner,
                                    const REAL *x, REAL *y) {
  VECTOR a = SPLAT(0), b = SPLAT(0), c = SPLAT(0), d = SPLAT(0);
  for (int64_t e = first; e < end; e++) {
    const VECTOR value = SPLAT(values[matrix->places ? matrix->places[e] : e]);
    const REAL *from = x + matrix->columns[e] * inner;
    a += LOAD(from) * value;
    b += LOAD(from + LANES) * value;
    c += LOAD(from + 2 * LANES) * value;
    d += LOAD(from + 3 * LANES) * value;
  }
  STORE(y, a);
  STORE(y + LANES, b);
  STORE(y + 2 * LANES, c);
  STORE(y + 3 * LANES, d);
}

CLONES static void TYPED(sparse_matmul)(void *context, int64_t begin, int64_t end) {
  const sparse_call *call = context;
  const apus_sparse_spec *s = call->spec;
  const apus_sparse_rows *matrix = call->matrix;
  const REAL *values = call->values;
  const int64_t inner = s->inner;
  for (int64_t task = begin; task < end; task++) {
    const int64_t batch = task / call->tasks, part = task % call->tasks;
    const REAL *x = (const REAL *)call->x + batch * s->columns * inner;
    REAL *y = (REAL *)call->y + batch * s->rows * inner;
    const int64_t last = first_row(call, part + 1);
    for (int64_t row = first_row(call, part); row < last; row++) {
      const int64_t from = matrix->offsets[row], to = matrix->offsets[row + 1];
      REAL *result = y + row * inner;
      int64_t i = 0;
      for (; i + 4 * LANES <= inner; i += 4 * LANES) TYPED(sparse_row_block)(matrix, values, from, to, inner, x + i, result + i);
      FOR_CHANNELS(c, i, inner, TYPED(sparse_row_wide)(matrix, values, from, to, inner, x + c, result + c),
                   TYPED(sparse_row_narrow)(matrix, values, from, to, inner, x + c, result + c),
                   TYPED(sparse_row_single)(matrix, values, from, to, inner, x + c, result + c));
    }
  }
}

INLINE REAL TYPED(sparse_dot)(const REAL *a, const REAL *b, int64_t count) {
  REAL total = 0;
  int64_t i = 0;
  if (count >= LANES) {
    VECTOR sum = SPLAT(0);
    for (; i + LANES <= count; i += LANES) sum += LOAD(a + i) * LOAD(b + i);
    for (int k = 0; k < LANES; k++) total += sum[k];
  }
  for (; i < count; i++) total += a[i] * b[i];
  return total;
}

CLONES static void TYPED(sparse_sampled)(void *context, int64_t begin, int64_t end) {
  const sparse_call *call = context;
  const apus_sparse_spec *s = call->spec;
  const apus_sparse_rows *matrix = call->matrix;
  const REAL *left = call->values, *right = call->x;
  REAL *products = call->y;
  const int64_t last = first_row(call, end);
  for (int64_t row = first_row(call, begin); row < last; row++) {
    for (int64_t e = matrix->offsets[row]; e < matrix->offsets[row + 1]; e++) {
      REAL sum = 0;
      for (int64_t batch = 0; batch < s->batch; batch++) {
        const int64_t column = batch * s->columns + matrix->columns[e];
        sum += TYPED(sparse_dot)(left + (batch * s->rows + row) * s->inner, right + column * s->inner, s->inner);
      }
      products[matrix->places ? matrix->places[e] : e] = sum;
    }
  }
}

#include "wide_end.h"
