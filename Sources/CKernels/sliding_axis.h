// One axis along which a kernel slides, from sources to targets: from input to output, or backward, from output to input.
#ifndef APUS_SLIDING_AXIS_H
#define APUS_SLIDING_AXIS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  int64_t sources, targets, stride, dilation, padding;
  bool backward;
} sliding_axis;

/// The axis of a convolution whose input and output have these extents.
static inline sliding_axis sliding_axis_of(
  int64_t input, int64_t output, int64_t stride, int64_t dilation, int64_t padding, bool backward
) {
  return (sliding_axis){
    .sources = backward ? output : input,
    .targets = backward ? input : output,
    .stride = stride,
    .dilation = dilation,
    .padding = padding,
    .backward = backward,
  };
}

/// The source of a target with a tap, which may lie outside; false where the stride steps over it.
static inline bool source_of(const sliding_axis *a, int64_t target, int64_t tap, int64_t *source) {
  if (!a->backward) {
    *source = target * a->stride - a->padding + tap * a->dilation;
    return true;
  }
  const int64_t scaled = target + a->padding - tap * a->dilation;
  // Rounded down; C's division would round towards zero.
  *source = scaled >= 0 ? scaled / a->stride : -((-scaled + a->stride - 1) / a->stride);
  return *source * a->stride == scaled;
}

/// As `source_of`; false where the source lies outside, too.
static inline bool source_inside(const sliding_axis *a, int64_t target, int64_t tap, int64_t *source) {
  return source_of(a, target, tap, source) && *source >= 0 && *source < a->sources;
}

#endif
