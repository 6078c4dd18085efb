// A convolution as oneDNN's primitive, with the layout of the weights left to oneDNN.
#ifndef APUS_CONVOLUTION_PRIMITIVE_H
#define APUS_CONVOLUTION_PRIMITIVE_H

#include "apus_convolution.h"
#include "onednn.h"

typedef struct {
  onednn_kernel kernel;
  /// Ours, and the one that oneDNN prefers.
  dnnl_memory_desc_t given_weights, weights;
} onednn_convolution;

/// The epilogue must not accumulate.
dnnl_status_t onednn_convolution_create(onednn_convolution *convolution, const apus_convolution_spec *spec);

/// `weights` are in oneDNN's layout.
dnnl_status_t onednn_convolution_run(
  onednn_convolution *convolution, const apus_convolution_spec *spec, const apus_convolution_operands *operands, void *weights,
  void *scratch);

/// A copy between two layouts of the weights.
dnnl_status_t onednn_reorder_create(onednn_kernel *kernel, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to);

#endif
