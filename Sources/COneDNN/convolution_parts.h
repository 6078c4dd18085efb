#ifndef APUS_CONVOLUTION_PARTS_H
#define APUS_CONVOLUTION_PARTS_H

#include "convolution_primitive.h"

enum { CONVOLUTION_MAX_PARTS = 64 };

/// A convolution as parts of its batch, or of the rows of a single example, that threads compute independently. oneDNN works on one thread a
/// part: its own regions would wait for late threads (apus_parallel.h). Which thread computes a part changes no result.
typedef struct {
  int count;
  /// What is different from part to part: extents and padding.
  apus_convolution_spec *specs;
  onednn_convolution *convolutions;
  /// Bytes from the start of an operand to that of each part's share of it.
  size_t *input_offsets, *output_offsets;
  /// The same for the residual, in elements.
  int64_t *output_elements;
  /// Of one part, and of the weights in oneDNN's layout; rounded up.
  size_t part_scratch_bytes, weights_bytes;
  /// Of the whole: the parts' own, and one gradient of the weights for each part but the first.
  size_t scratch_bytes;
  int64_t cost;
} convolution_parts;

dnnl_status_t convolution_parts_create(convolution_parts *parts, const apus_convolution_spec *spec);

/// `weights` are in the layout that the parts prefer.
dnnl_status_t convolution_parts_run(convolution_parts *parts, const apus_convolution_operands *operands, void *weights, char *scratch);

/// Ours, and the layout that oneDNN prefers.
static inline const dnnl_memory_desc_t *convolution_parts_given_weights(const convolution_parts *parts) {
  return &parts->convolutions[0].given_weights;
}
static inline const dnnl_memory_desc_t *convolution_parts_weights(const convolution_parts *parts) { return &parts->convolutions[0].weights; }
static inline const char *convolution_parts_implementation(const convolution_parts *parts) {
  return parts->convolutions[0].kernel.implementation;
}

void convolution_parts_destroy(convolution_parts *parts);

#endif
