// Sorting, searching and running combinations along rows.
//
// Operands are (rows, extent), row-major and contiguous. When sorting, NaN is larger than all numbers, NaNs are equal to each other, and so are
// the two zeros; equal elements keep their order, so that the result is the only one there is. When searching, the first NaN is the extreme. No
// result depends on the number of threads. All functions are thread-safe and take any dtype but APUS_BF16.
#ifndef APUS_ORDERING_H
#define APUS_ORDERING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apus_dtype.h"

typedef struct {
  apus_dtype dtype;
  int64_t rows, extent;
  /// How many of the first elements in order are wanted, at most `extent`.
  int64_t kept;
  bool descending;
  /// How many rows are sorted at once, each in scratch memory of its own; `apus_sort_plan` chooses it.
  int64_t slots;
} apus_sort_spec;

/// Chooses the number of slots and returns the bytes of scratch memory, aligned to 64, that `apus_sort` needs.
size_t apus_sort_plan(apus_sort_spec *spec);

/// values and places (rows, kept): the first elements in order and where each came from.
void apus_sort(const apus_sort_spec *spec, const void *x, void *values, int64_t *places, void *scratch);

/// places (rows) = where the largest or smallest element of each row stands, of equal ones the first. `extent` must not be 0.
void apus_arg_extreme(apus_dtype dtype, int64_t rows, int64_t extent, bool maximum, const void *x, int64_t *places);

typedef enum : int32_t { APUS_SCAN_SUM = 0, APUS_SCAN_MAXIMUM = 1, APUS_SCAN_MINIMUM = 2, APUS_SCAN_PRODUCT = 3 } apus_scan_kind;

typedef struct {
  apus_dtype dtype;
  apus_scan_kind kind;
  int64_t rows, extent;
  /// From the end to the start.
  bool reverse;
  /// An element's own value is left out; sums and products only.
  bool exclusive;
} apus_scan_spec;

/// y (rows, extent) = what the elements of x up to each one combine to; `y` may be `x`. Floating-point sums and products are carried in f64;
/// integers wrap; of booleans the sum is whether any is true, the product whether all are.
void apus_scan(const apus_scan_spec *spec, const void *x, void *y);

#endif
