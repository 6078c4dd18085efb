#include "small_matmul.h"

#include <string.h>

#include "vector_math.h"

enum { ROWS = 4, LANES = APUS_LANES };

bool apus_small_matmul_fits(int64_t rows, int64_t columns, int64_t inner) {
  // About 5 microseconds of one core's work, the price of waking the pool. The kernel advances by four rows and a vector of columns.
  const int64_t limit = 64 * 64 * 64;
  int64_t r = rows < ROWS ? ROWS : rows, c = columns < LANES ? LANES : columns;
  return inner <= limit && r <= limit && c <= limit && r * c <= limit && r * c * (inner < 1 ? 1 : inner) <= limit;
}

static bool needs_packing(int64_t columns, int64_t column_stride) { return column_stride != 1 || columns % LANES != 0; }

size_t apus_small_matmul_scratch_bytes(int64_t columns, int64_t inner, int64_t b_column_stride) {
  if (!needs_packing(columns, b_column_stride)) return 0;
  return (size_t)((columns + LANES - 1) / LANES * LANES * inner) * sizeof(float);
}

// One step of the transposition: exchanges the off-diagonal quarters of every square of 2 * `half` rows and lanes.
#define EXCHANGE(half, low, high)                                        \
  _Pragma("clang loop unroll(full)") for (int i = 0; i < LANES; i++) {   \
    if (i & half) continue;                                              \
    apus_floats x = v[i], y = v[i + half];                               \
    v[i] = low;                                                          \
    v[i + half] = high;                                                  \
  }

/// Writes the transpose of a 16 x 16 square.
APUS_INLINE void transpose_square(const float *source, int64_t source_stride, float *target, int64_t target_stride) {
  apus_floats v[LANES];
  for (int i = 0; i < LANES; i++) apus_load(&v[i], source + i * source_stride);
  EXCHANGE(
    1, __builtin_shufflevector(x, y, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
    __builtin_shufflevector(x, y, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
  EXCHANGE(
    2, __builtin_shufflevector(x, y, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
    __builtin_shufflevector(x, y, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
  EXCHANGE(
    4, __builtin_shufflevector(x, y, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
    __builtin_shufflevector(x, y, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
  EXCHANGE(
    8, __builtin_shufflevector(x, y, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
    __builtin_shufflevector(x, y, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
  for (int i = 0; i < LANES; i++) apus_store(target + i * target_stride, &v[i]);
}

/// Packs columns `first ..< first + count` of B, at most `LANES`, into rows of `target_stride` floats. Lanes beyond `count` hold
/// anything: what they produce is never written.
APUS_INLINE void pack_panel(
  const float *b, int64_t row_stride, int64_t column_stride, int64_t inner, int64_t first, int64_t count, float *target,
  int64_t target_stride
) {
  int64_t k = 0;
  b += first * column_stride;
  if (count == LANES && row_stride == 1) {
    for (; k + LANES <= inner; k += LANES) transpose_square(b + k, column_stride, target + k * target_stride, target_stride);
  }
  if (column_stride == 1 && row_stride > 0) {
    // A whole vector is read as long as it ends inside the matrix.
    for (; (inner - 1 - k) * row_stride + count >= LANES; k++) {
      apus_floats row;
      apus_load(&row, b + k * row_stride);
      apus_store(target + k * target_stride, &row);
    }
  }
  for (; k < inner; k++) {
    for (int64_t j = 0; j < count; j++) target[k * target_stride + j] = b[k * row_stride + j * column_stride];
  }
}

typedef struct {
  int64_t inner;
  float alpha;
  const float *a;
  int64_t a_row_stride, a_column_stride;
  const float *b;
  int64_t b_row_stride;
  bool accumulate;
  float *c;
  int64_t c_row_stride, columns;
} tile;

// `rows` and `vectors` are constants at every call, so that the sums live in registers.
APUS_INLINE void compute_tile(const tile *t, const int rows, const int vectors) {
  apus_floats sums[ROWS][2] = {};
  const float *a = t->a, *b = t->b;
  const int64_t a_row_stride = t->a_row_stride, a_column_stride = t->a_column_stride, b_row_stride = t->b_row_stride;
  for (int64_t k = 0; k < t->inner; k++) {
    apus_floats right[2];
    for (int v = 0; v < vectors; v++) apus_load(&right[v], b + v * LANES);
    for (int r = 0; r < rows; r++) {
      apus_floats left = apus_splat(a[r * a_row_stride]);
      for (int v = 0; v < vectors; v++) sums[r][v] += left * right[v];
    }
    a += a_column_stride;
    b += b_row_stride;
  }
  for (int r = 0; r < rows; r++) {
    float *row = t->c + r * t->c_row_stride;
    for (int v = 0; v < vectors; v++) {
      int64_t left = t->columns - v * LANES, lanes = left < LANES ? left : LANES;
      apus_floats value = sums[r][v] * t->alpha;
      apus_floats old = {};
      if (lanes == LANES) {
        if (t->accumulate) apus_load(&old, row + v * LANES);
        value += old;
        apus_store(row + v * LANES, &value);
      } else {
        if (t->accumulate) memcpy(&old, row + v * LANES, (size_t)lanes * sizeof(float));
        value += old;
        memcpy(row + v * LANES, &value, (size_t)lanes * sizeof(float));
      }
    }
  }
}

#define TILE_ROWS(vectors)                          \
  switch (count) {                                  \
  case 1: compute_tile(&t, 1, vectors); break;      \
  case 2: compute_tile(&t, 2, vectors); break;      \
  case 3: compute_tile(&t, 3, vectors); break;      \
  default: compute_tile(&t, ROWS, vectors); break;  \
  }

APUS_CLONES void apus_small_matmul(
  int64_t rows, int64_t columns, int64_t inner, float alpha, const float *a, int64_t a_row_stride, int64_t a_column_stride, const float *b,
  int64_t b_row_stride, int64_t b_column_stride, bool accumulate, float *c, int64_t c_row_stride, float *scratch
) {
  // With nothing to sum, the operands may have no address.
  if (inner == 0) b_row_stride = b_column_stride = 1;
  if (inner > 0 && needs_packing(columns, b_column_stride)) {
    int64_t padded = (columns + LANES - 1) / LANES * LANES;
    for (int64_t column = 0; column < columns; column += LANES) {
      int64_t left = columns - column;
      pack_panel(b, b_row_stride, b_column_stride, inner, column, left < LANES ? left : LANES, scratch + column, padded);
    }
    b = scratch;
    b_row_stride = padded;
  }
  for (int64_t column = 0; column < columns;) {
    bool two = columns - column > LANES;
    for (int64_t r = 0; r < rows; r += ROWS) {
      int64_t count = rows - r < ROWS ? rows - r : ROWS;
      tile t = {inner,      alpha, a + r * a_row_stride, a_row_stride, a_column_stride, b + column, b_row_stride,
                accumulate, c + r * c_row_stride + column, c_row_stride, columns - column};
      if (two) {
        TILE_ROWS(2)
      } else {
        TILE_ROWS(1)
      }
    }
    column += two ? 2 * LANES : LANES;
  }
}
