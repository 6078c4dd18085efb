// What a matrix product or a convolution still does to its result before it is written.
#ifndef APUS_EPILOGUE_H
#define APUS_EPILOGUE_H

#include <stdbool.h>
#include <stdint.h>

#include "apus_dtype.h"

typedef enum : int32_t {
  APUS_ACTIVATION_NONE = 0,
  APUS_ACTIVATION_RELU = 1,
  APUS_ACTIVATION_SIGMOID = 2,
  APUS_ACTIVATION_TANH = 3,
  /// x/2 (1 + erf(x/sqrt 2))
  APUS_ACTIVATION_GELU = 4,
  /// x sigmoid(x)
  APUS_ACTIVATION_SWISH = 5,
  /// min(max(x, lower), upper); ReLU6 is 0 ... 6.
  APUS_ACTIVATION_CLIP = 6,
} apus_activation;

typedef enum : int32_t {
  APUS_BIAS_NONE = 0,
  /// One value a column of the product, or a channel of the convolution.
  APUS_BIAS_PER_COLUMN = 1,
  /// One value a row of the product; not for convolutions.
  APUS_BIAS_PER_ROW = 2,
} apus_bias;

/// result = activation(scale * product + accumulate * result + bias + residual)
///
/// The bias is a dense vector, the residual has the shape and the strides of the result.
typedef struct {
  /// 1 for none. Zero-initialised specifications must set it.
  float scale;
  apus_bias bias;
  /// `APUS_F32` or `APUS_BF16`.
  apus_dtype bias_dtype;
  /// Adds to what the result holds already.
  bool accumulate;
  bool residual;
  /// `APUS_F32` or `APUS_BF16`.
  apus_dtype residual_dtype;
  apus_activation activation;
  /// Bounds of `APUS_ACTIVATION_CLIP`.
  float lower, upper;
} apus_epilogue;

#endif
