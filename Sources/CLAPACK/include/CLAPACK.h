// Dense linear algebra through LAPACK and BLAS, in f32 and f64, batched.
#ifndef APUS_CLAPACK_H
#define APUS_CLAPACK_H

#include "apus_decomposition.h"
#include "apus_gemm.h"

#endif
