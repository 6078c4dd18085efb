// Batched matrix product in f64 through BLAS.
#ifndef APUS_GEMM_H
#define APUS_GEMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apus_dtype.h"

enum { APUS_GEMM_MAX_BATCH_RANK = 4 };

/// Where a (batched) matrix lies; strides are in elements, and may be zero or negative for A and B.
typedef struct {
  int64_t batch_strides[APUS_GEMM_MAX_BATCH_RANK];
  int64_t row_stride, column_stride;
} apus_gemm_matrix;

/// C[batch, rows, columns] = alpha A[batch, rows, inner] B[batch, inner, columns] (+ C if `accumulate`)
typedef struct {
  /// `APUS_F32` or `APUS_F64`.
  apus_dtype dtype;
  /// 0 ... 4; only the first `batch_rank` entries of `batch` and of the batch strides are read.
  int32_t batch_rank;
  int64_t batch[APUS_GEMM_MAX_BATCH_RANK];
  int64_t rows, columns, inner;
  /// C needs unit column stride and elements that do not coincide.
  apus_gemm_matrix a, b, c;
  double alpha;
  bool accumulate;
} apus_gemm_spec;

/// Immutable: several threads may run one handle, each with its own scratch.
typedef struct apus_gemm apus_gemm;

/// Returns null for a specification outside the limits above and writes the reason, at most `capacity` bytes, to `message`.
apus_gemm *apus_gemm_create(const apus_gemm_spec *spec, char *message, size_t capacity);

size_t apus_gemm_scratch_bytes(const apus_gemm *gemm);

/// Multiplications and additions of one run.
double apus_gemm_flops(const apus_gemm *gemm);

/// `scratch` is aligned to 64.
void apus_gemm_run(const apus_gemm *gemm, const void *a, const void *b, void *c, void *scratch);

void apus_gemm_destroy(apus_gemm *gemm);

#endif
