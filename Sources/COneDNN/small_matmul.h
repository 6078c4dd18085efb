// Matrix products too small for a library call or a second thread to pay: one thread, no set-up.
#ifndef APUS_SMALL_MATMUL_H
#define APUS_SMALL_MATMUL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether the product is small enough to run on the calling thread alone.
bool apus_small_matmul_fits(int64_t rows, int64_t columns, int64_t inner);

/// Bytes for a copy of B with rows of whole vectors, where it has not got them already.
size_t apus_small_matmul_scratch_bytes(int64_t columns, int64_t inner, int64_t b_column_stride);

/// C = alpha A B (+ C). C has unit column stride; A and B have any strides.
void apus_small_matmul(
  int64_t rows, int64_t columns, int64_t inner, float alpha, const float *a, int64_t a_row_stride, int64_t a_column_stride, const float *b,
  int64_t b_row_stride, int64_t b_column_stride, bool accumulate, float *c, int64_t c_row_stride, float *scratch);

#endif
