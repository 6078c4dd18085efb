// Brings a matrix product into a canonical form: few batch axes, few kinds of layout.
#ifndef APUS_MATMUL_LAYOUT_H
#define APUS_MATMUL_LAYOUT_H

#include <stdbool.h>

#include "apus_matmul.h"

typedef enum {
  /// Unit column stride, rows apart.
  LAYOUT_PLAIN,
  /// Unit row stride, columns apart.
  LAYOUT_TRANSPOSED,
  /// Neither, or elements coincide, or a stride is negative.
  LAYOUT_IRREGULAR,
} matrix_layout;

/// Drops batch axes of one element, joins batch axes that can be walked as one, and lets a batch that shares its B become rows of A.
void apus_matmul_canonicalise(apus_matmul_spec *spec);

/// Classifies a matrix, and gives axes of one element a stride that a library accepts.
matrix_layout apus_matrix_classify(apus_matrix *matrix, int64_t rows, int64_t columns);

/// Whether batch matrices can be described to oneDNN as they stand: dense or spaced out, possibly shared, never overlapping.
bool apus_matrix_batch_is_regular(const apus_matrix *matrix, const apus_matmul_spec *spec, int64_t rows, int64_t columns);

int64_t apus_matmul_batch_count(const apus_matmul_spec *spec);

/// Element offset of the batch matrix `index`.
int64_t apus_matrix_batch_offset(const apus_matrix *matrix, const apus_matmul_spec *spec, int64_t index);

#endif
