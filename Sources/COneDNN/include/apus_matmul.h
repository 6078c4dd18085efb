// Batched matrix product C = epilogue(A B) in f32 or bf16, with arbitrary strides.
#ifndef APUS_MATMUL_H
#define APUS_MATMUL_H

#include <stddef.h>
#include <stdint.h>

#include "apus_epilogue.h"

enum { APUS_MATMUL_MAX_BATCH_RANK = 4 };

/// Where a (batched) matrix lies; strides are in elements.
///
/// The strides of A and B may be zero (broadcast) or negative. C needs unit column stride, and no two of its elements may coincide.
typedef struct {
  apus_dtype dtype;
  int64_t batch_strides[APUS_MATMUL_MAX_BATCH_RANK];
  int64_t row_stride, column_stride;
} apus_matrix;

/// C[batch, rows, columns] = epilogue(A[batch, rows, inner] B[batch, inner, columns])
typedef struct {
  /// 0 ... 4; only the first `batch_rank` entries of `batch` and of the batch strides are read.
  int32_t batch_rank;
  int64_t batch[APUS_MATMUL_MAX_BATCH_RANK];
  int64_t rows, columns, inner;
  /// A and B share a dtype, f32 or bf16; C is f32 or, when A and B are bf16, either.
  apus_matrix a, b, c;
  apus_epilogue epilogue;
} apus_matmul_spec;

/// A product ready to run. It remembers the last operands, so only one thread at a time may run it.
typedef struct apus_matmul apus_matmul;

typedef struct {
  const void *a, *b;
  void *c;
  /// Null where the epilogue has none.
  const void *bias, *residual;
  /// `apus_matmul_scratch_bytes` bytes, aligned to 64.
  void *scratch;
} apus_matmul_operands;

/// Returns null for a specification outside the limits above and writes the reason, at most `capacity` bytes, to `message`.
apus_matmul *apus_matmul_create(const apus_matmul_spec *spec, char *message, size_t capacity);

size_t apus_matmul_scratch_bytes(const apus_matmul *matmul);

/// Multiplications and additions of one run, without the epilogue's.
double apus_matmul_flops(const apus_matmul *matmul);

/// The kernel that was chosen, for a plan's description; lives as long as the handle.
const char *apus_matmul_implementation(const apus_matmul *matmul);

/// Returns 0, or oneDNN's status when it could not run (out of memory).
int apus_matmul_run(apus_matmul *matmul, const apus_matmul_operands *operands);

void apus_matmul_destroy(apus_matmul *matmul);

#endif
