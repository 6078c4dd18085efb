#include "pack.h"

#include <stdbool.h>
#include <string.h>

#include "apus_parallel.h"

// Rows of a transposed copy are gathered in squares of this side, so that both sides use whole cache lines.
enum { SQUARE = 32 };

typedef struct {
  int rank;
  const int64_t *extents, *strides;
  size_t element_bytes;
  const char *source;
  char *target;
  int64_t rows, columns, row_stride, column_stride;
  int64_t row_squares;
} job;

// The loops are written once for each width, since a copy of unknown width becomes a function call an element.
#define COPY_SQUARE(type)                                                                                  \
  for (int64_t r = first_row; r < last_row; r++) {                                                         \
    const type *source = (const type *)from + r * j->row_stride;                                           \
    type *target = (type *)to + r * j->columns;                                                            \
    for (int64_t c = first_column; c < last_column; c++) target[c] = source[c * j->column_stride];         \
  }

static void copy_band(const job *j, const char *from, char *to, int64_t first_row, int64_t last_row) {
  int64_t width = j->column_stride == 1 ? j->columns : SQUARE;
  for (int64_t first_column = 0; first_column < j->columns; first_column += width) {
    int64_t last_column = first_column + width < j->columns ? first_column + width : j->columns;
    if (j->column_stride == 1) {
      for (int64_t r = first_row; r < last_row; r++) {
        memcpy(
          to + (size_t)(r * j->columns) * j->element_bytes, from + r * j->row_stride * (int64_t)j->element_bytes,
          (size_t)j->columns * j->element_bytes);
      }
    } else if (j->element_bytes == 2) {
      COPY_SQUARE(uint16_t)
    } else if (j->element_bytes == 4) {
      COPY_SQUARE(uint32_t)
    } else {
      COPY_SQUARE(uint64_t)
    }
  }
}

static void copy_bands(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  for (int64_t task = begin; task < end; task++) {
    int64_t matrix = task / j->row_squares, first_row = task % j->row_squares * SQUARE, offset = 0, rest = matrix;
    int64_t last_row = first_row + SQUARE < j->rows ? first_row + SQUARE : j->rows;
    for (int axis = j->rank - 3; axis >= 0; axis--) {
      offset += rest % j->extents[axis] * j->strides[axis];
      rest /= j->extents[axis];
    }
    copy_band(
      j, j->source + offset * (int64_t)j->element_bytes, j->target + (size_t)(matrix * j->rows * j->columns) * j->element_bytes, first_row,
      last_row);
  }
}

void apus_pack(int rank, const int64_t *extents, const int64_t *strides, size_t element_bytes, const void *source, void *target) {
  int64_t matrices = 1;
  for (int axis = 0; axis < rank - 2; axis++) matrices *= extents[axis];
  job j = {
    .rank = rank,
    .extents = extents,
    .strides = strides,
    .element_bytes = element_bytes,
    .source = source,
    .target = target,
    .rows = extents[rank - 2],
    .columns = extents[rank - 1],
    .row_stride = strides[rank - 2],
    .column_stride = strides[rank - 1],
  };
  if (matrices == 0 || j.rows == 0 || j.columns == 0) return;
  j.row_squares = (j.rows + SQUARE - 1) / SQUARE;
  apus_parallel_for(matrices * j.row_squares, 2 * matrices * j.rows * j.columns * (int64_t)element_bytes, copy_bands, &j);
}
