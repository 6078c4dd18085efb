// Products of a sparse matrix with dense ones.
//
// The matrix has compressed rows: entries offsets[r] ..< offsets[r + 1] of `columns` are the columns of row r, in any order; a column that is
// named twice counts twice. The value of entry e is values[e], or values[places[e]] where places are given, which is how the rows of a transpose
// are walked over the values of the matrix itself. Offsets and columns must be valid. Dense operands are row-major and contiguous. Sums are
// taken in the order of the entries, so results do not depend on the number of threads. All functions are thread-safe and need no scratch memory.
#ifndef APUS_SPARSE_H
#define APUS_SPARSE_H

#include <stdint.h>

#include "apus_dtype.h"

typedef struct {
  /// APUS_F32 or APUS_F64.
  apus_dtype dtype;
  int64_t batch, rows, columns, inner;
} apus_sparse_spec;

typedef struct {
  /// (rows + 1), from 0 to the number of entries.
  const int64_t *offsets;
  /// One an entry.
  const int64_t *columns;
  /// One an entry; null where entry e has value e.
  const int64_t *places;
} apus_sparse_rows;

/// y (batch, rows, inner) = matrix * x (batch, columns, inner).
void apus_sparse_matmul(const apus_sparse_spec *spec, const apus_sparse_rows *matrix, const void *values, const void *x, void *y);

/// The elements of the product of left (batch, rows, inner) and right (batch, columns, inner) transposed, summed over the batch, where
/// the matrix has entries: products (entries).
void apus_sparse_sampled(const apus_sparse_spec *spec, const apus_sparse_rows *matrix, const void *left, const void *right,
                         void *products);

#endif
