// The epilogue as a pass of its own, for products that no fused primitive covers.
#ifndef APUS_EPILOGUE_PASS_H
#define APUS_EPILOGUE_PASS_H

#include "apus_epilogue.h"

typedef struct {
  int64_t rows, columns;
  /// The product in f32, scaled already. It may be the result itself.
  const float *product;
  int64_t product_stride;
  apus_dtype dtype;
  void *result;
  /// Row stride of the result and of the residual.
  int64_t result_stride;
  const void *bias, *residual;
  /// Whether what the result held must still be added.
  bool accumulate;
} apus_epilogue_pass;

/// Runs on the calling thread.
void apus_epilogue_run(const apus_epilogue *epilogue, const apus_epilogue_pass *pass);

#endif
