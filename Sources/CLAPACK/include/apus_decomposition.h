// Batched decompositions and solutions of linear systems. Matrices are dense and row-major, one after the other.
#ifndef APUS_DECOMPOSITION_H
#define APUS_DECOMPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apus_dtype.h"

/// k is min(rows, columns). Operands are listed in the order of `apus_decomposition_run`.
typedef enum : int32_t {
  /// A [n, n], symmetric positive definite, of which the lower (`upper`: the upper) triangle is read
  /// -> L with A = L L^T (`upper`: U with A = U^T U), zero in the other triangle. Fails where A is not positive definite.
  APUS_CHOLESKY = 0,
  /// A [n, n], B [n, right_sides] -> X with A X = B, through LU with partial pivoting. Fails where A is singular.
  APUS_SOLVE = 1,
  /// A [n, n], B [n, right_sides] -> X with op(A) X = B; with `right`, B [right_sides, n] -> X with X op(A) = B.
  /// op transposes if `transposed`; the lower (`upper`: the upper) triangle is read, `unit` takes its diagonal as ones.
  APUS_TRIANGULAR_SOLVE = 2,
  /// A [rows, columns] -> Q [rows, k] with orthonormal columns, R [k, columns] upper triangular, A = Q R. The diagonal of R is not negative.
  APUS_QR = 3,
  /// A [n, n], symmetric, lower (`upper`: upper) triangle read -> eigenvalues [n] ascending, eigenvectors [n, n] in columns, whose
  /// components of largest magnitude are positive. Fails where the iteration does not converge.
  APUS_SYMMETRIC_EIGEN = 4,
  /// A [rows, columns] -> U [rows, k], singular values [k] descending, V^T [k, columns]. The component of largest magnitude of each column
  /// of U is positive. Fails where the iteration does not converge.
  APUS_SVD = 5,
  /// A [n, n] -> sign [1] (0 where singular), logarithm of the determinant's absolute value [1].
  APUS_LOG_DETERMINANT = 6,
} apus_decomposition_kind;

typedef struct {
  apus_decomposition_kind kind;
  /// `APUS_F32` or `APUS_F64`.
  apus_dtype dtype;
  /// Square kinds have `rows` equal to `columns`.
  int64_t batch, rows, columns;
  /// For the two solutions of systems.
  int64_t right_sides;
  bool upper, transposed, unit, right;
} apus_decomposition_spec;

/// Immutable: several threads may run one handle, each with its own scratch.
typedef struct apus_decomposition apus_decomposition;

typedef struct {
  /// Index of the first matrix that failed, or -1.
  int64_t failed_index;
  /// LAPACK's code for it: > 0 a numerical failure, < 0 an operand that LAPACK refuses (a matrix with not-a-numbers, say).
  int32_t info;
} apus_decomposition_status;

/// Returns null for a specification outside the limits above and writes the reason, at most `capacity` bytes, to `message`.
apus_decomposition *apus_decomposition_create(const apus_decomposition_spec *spec, char *message, size_t capacity);

size_t apus_decomposition_scratch_bytes(const apus_decomposition *decomposition);

/// `inputs` and `outputs` as listed at the kind; an output may not overlap an input. `scratch` is aligned to 64. All matrices are worked
/// through even when one fails; the outputs of a failed one are not-a-numbers.
apus_decomposition_status apus_decomposition_run(
  const apus_decomposition *decomposition, const void *const *inputs, void *const *outputs, void *scratch);

void apus_decomposition_destroy(apus_decomposition *decomposition);

#endif
