// Convolution over 1, 2 or 3 spatial axes, and its two gradients, in f32 or bf16.
#ifndef APUS_CONVOLUTION_H
#define APUS_CONVOLUTION_H

#include <stddef.h>
#include <stdint.h>

#include "apus_epilogue.h"

enum { APUS_CONVOLUTION_MAX_SPATIAL_RANK = 3 };

typedef enum : int32_t {
  /// output = epilogue(input * weights)
  APUS_CONVOLUTION_FORWARD = 0,
  /// input = the gradient of the input, from the output's and the weights. Also the transposed convolution.
  APUS_CONVOLUTION_BACKWARD_DATA = 1,
  /// weights, and bias if asked for, = the gradients of the weights and of the bias, from the input and the output's gradient.
  APUS_CONVOLUTION_BACKWARD_WEIGHTS = 2,
} apus_convolution_kind;

/// Dense arrays, channels last:
///
///     input    [batch, spatial..., in_channels]
///     weights  [out_channels, kernel..., in_channels / groups]
///     output   [batch, spatial..., out_channels]
///
/// Output channel o belongs to group o / (out_channels / groups). Along each spatial axis
/// output = (input + padding_low + padding_high - dilation (kernel - 1) - 1) / stride + 1, rounded down; several input sizes give
/// one output size, and the gradient of the input has the size stated here.
typedef struct {
  apus_convolution_kind kind;
  /// 1 ... 3; only the first entries of the arrays are read.
  int32_t spatial_rank;
  int64_t batch, in_channels, out_channels, groups;
  int64_t input[APUS_CONVOLUTION_MAX_SPATIAL_RANK], output[APUS_CONVOLUTION_MAX_SPATIAL_RANK], kernel[APUS_CONVOLUTION_MAX_SPATIAL_RANK];
  /// At least 1; a dilation of 1 leaves no gaps.
  int64_t stride[APUS_CONVOLUTION_MAX_SPATIAL_RANK], dilation[APUS_CONVOLUTION_MAX_SPATIAL_RANK];
  /// At least 0.
  int64_t padding_low[APUS_CONVOLUTION_MAX_SPATIAL_RANK], padding_high[APUS_CONVOLUTION_MAX_SPATIAL_RANK];
  /// The two arrays that are read share a dtype, f32 or bf16; the one that is written has it too, or is f32.
  apus_dtype input_dtype, weights_dtype, output_dtype;
  /// For the forward direction; the bias is one value an output channel. `scale` must be 1 in the other two.
  apus_epilogue epilogue;
  /// Backward weights: also the gradient of the bias, in `epilogue.bias_dtype`.
  bool bias_gradient;
} apus_convolution_spec;

/// A convolution ready to run. It remembers the last operands, so only one thread at a time may run it.
typedef struct apus_convolution apus_convolution;

/// The array that is computed is written, the others are read; `input` is written by backward data, for instance.
typedef struct {
  void *input, *weights, *output;
  /// Null where there is none.
  void *bias;
  const void *residual;
  /// `apus_convolution_scratch_bytes` bytes, aligned to 64.
  void *scratch;
} apus_convolution_operands;

/// Returns null for a specification outside the limits above and writes the reason, at most `capacity` bytes, to `message`.
apus_convolution *apus_convolution_create(const apus_convolution_spec *spec, char *message, size_t capacity);

size_t apus_convolution_scratch_bytes(const apus_convolution *convolution);

/// Multiplications and additions of one run, those with padding included.
double apus_convolution_flops(const apus_convolution *convolution);

/// The kernel that was chosen, for a plan's description; lives as long as the handle.
const char *apus_convolution_implementation(const apus_convolution *convolution);

/// Returns 0, or oneDNN's status when it could not run (out of memory).
int apus_convolution_run(apus_convolution *convolution, const apus_convolution_operands *operands);

void apus_convolution_destroy(apus_convolution *convolution);

#endif
