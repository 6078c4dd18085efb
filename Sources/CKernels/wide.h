// Vectors of 64 bytes for a typed template that walks contiguous elements: VECTOR holds LANES of REAL, DOUBLES as many doubles, in which sums
// are carried. No include guard: included by each instance of a template, which ends with "wide_end.h".
#define LANES (64 / (int)sizeof(REAL))
#define LANED(name) TYPED(name##_wide)
#include "vector_types.h"

typedef double LANED(doubles) __attribute__((ext_vector_type(LANES), aligned(sizeof(double)), may_alias));

#ifndef DOUBLES
#define DOUBLES LANED(doubles)
#define TO_DOUBLES(vector) __builtin_convertvector(vector, DOUBLES)
#define TO_VECTOR(doubles) __builtin_convertvector(doubles, VECTOR)
// Elements of the narrow vectors of lanes.h.
#define NARROW (16 / (int)sizeof(REAL))
#endif

/// In order of the lanes.
INLINE double TYPED(sum_of_lanes)(const DOUBLES *value) {
  double sum = 0;
  for (int k = 0; k < LANES; k++) sum += (*value)[k];
  return sum;
}
