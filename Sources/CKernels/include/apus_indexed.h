// Reading and adding at positions that are data.
//
// Operands are seen as (outer, extent, inner), row-major and contiguous, addressed along `extent` by int64 indices; negative ones count from
// the end. Functions return the place among the indices of the first that lies outside - extent ..< extent, or -1; after a place was
// returned the result is meaningless, but nothing outside the arrays was touched. Sums are taken in the order of the indices, so results do
// not depend on the number of threads. All functions are thread-safe and need no scratch memory.
#ifndef APUS_INDEXED_H
#define APUS_INDEXED_H

#include <stdint.h>

#include "apus_dtype.h"

typedef struct {
  apus_dtype dtype;
  int64_t outer, extent, inner;
  /// Indices along the axis.
  int64_t count;
} apus_indexed_spec;

/// y (outer, count, inner) = slices of x (outer, extent, inner) at indices (count). Any dtype.
int64_t apus_gather(const apus_indexed_spec *spec, const void *x, const int64_t *indices, void *y);

/// y (outer, extent, inner) = base with values (outer, count, inner) added at indices (count). A null base is zero; `y` may be `base`. Any
/// dtype but APUS_BF16; integers wrap, and of booleans the sum is whether any is true.
int64_t apus_scatter_add(const apus_indexed_spec *spec, const void *base, const int64_t *indices, const void *values, void *y);

/// y (outer, count, inner) = elements of x (outer, extent, inner) at indices (outer, count, inner). Any dtype.
int64_t apus_take_along(const apus_indexed_spec *spec, const void *x, const int64_t *indices, void *y);

/// y (outer, extent, inner) = base with values (outer, count, inner) added at indices (outer, count, inner); otherwise as `apus_scatter_add`.
int64_t apus_scatter_add_along(const apus_indexed_spec *spec, const void *base, const int64_t *indices, const void *values, void *y);

/// Rows of x (count, inner), combined by the segment each belongs to. Any dtype but APUS_BF16.
typedef struct {
  apus_dtype dtype;
  int64_t count, segments, inner;
  /// For extremes only.
  int maximum;
  double empty;
} apus_segment_spec;

/// y (segments, inner) = the largest or smallest value of each segment, and `source` (segments, inner): the row each came from, the
/// first of equal ones, or -1 for a segment without rows, whose y is `empty`. NaN counts as more extreme than any number.
int64_t apus_segment_extreme(const apus_segment_spec *spec, const void *x, const int64_t *indices, void *y, int64_t *source);

/// y (segments, inner) = the product of each segment; 1 for one without rows. Integers wrap; of booleans it is whether all are true.
int64_t apus_segment_product(const apus_segment_spec *spec, const void *x, const int64_t *indices, void *y);

#endif
