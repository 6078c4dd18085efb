// Which input positions one output of a pooling covers along one axis, and the reverse.
#ifndef APUS_POOLING_AXIS_H
#define APUS_POOLING_AXIS_H

#include "apus_pooling.h"

typedef struct {
  int64_t input, output, window, stride, dilation, before, after;
  bool adaptive;
} pool_axis;

static inline pool_axis pool_axis_of(const apus_pool_spec *spec, int axis) {
  if (spec->adaptive) return (pool_axis){spec->input[axis], spec->output[axis], spec->window[axis], 1, 1, 0, 0, true};
  return (pool_axis){spec->input[axis],    spec->output[axis],         spec->window[axis],        spec->stride[axis],
                     spec->dilation[axis], spec->padding_before[axis], spec->padding_after[axis], false};
}

/// Input position of tap 0 of output `o` (negative inside the padding).
static inline int64_t pool_start(const pool_axis *a, int64_t o) {
  return a->adaptive ? o * a->input / a->output : o * a->stride - a->before;
}

/// Taps of output `o`, padding included.
static inline int64_t pool_taps(const pool_axis *a, int64_t o) {
  if (!a->adaptive) return a->window;
  return ((o + 1) * a->input + a->output - 1) / a->output - pool_start(a, o);
}

/// Input position of the last tap of output `o`.
static inline int64_t pool_last(const pool_axis *a, int64_t o) {
  return a->adaptive ? ((o + 1) * a->input + a->output - 1) / a->output - 1 : o * a->stride - a->before + (a->window - 1) * a->dilation;
}

/// The taps `first ..< end` of output `o` that fall on positions from `low` to below `high`.
static inline void pool_clip(const pool_axis *a, int64_t o, int64_t low, int64_t high, int64_t *first, int64_t *end) {
  int64_t start = pool_start(a, o), taps = pool_taps(a, o);
  *first = start < low ? (low - start + a->dilation - 1) / a->dilation : 0;
  *end = start + (taps - 1) * a->dilation < high ? taps : start < high ? (high - start + a->dilation - 1) / a->dilation : 0;
  if (*end < *first) *end = *first;
}

/// Number of positions the mean over output `o` counts along this axis.
static inline int64_t pool_count(const pool_axis *a, int64_t o, bool counts_padding) {
  int64_t first, end;
  pool_clip(a, o, counts_padding ? -a->before : 0, counts_padding ? a->input + a->after : a->input, &first, &end);
  return end - first;
}

/// The outputs `first ..< end` among which are all that cover input position `i`.
static inline void pool_covering(const pool_axis *a, int64_t i, int64_t *first, int64_t *end) {
  if (a->adaptive) {
    *first = i * a->output / a->input;
    *end = ((i + 1) * a->output + a->input - 1) / a->input;
    return;
  }
  int64_t reach = (a->window - 1) * a->dilation, position = i + a->before;
  *first = position > reach ? (position - reach + a->stride - 1) / a->stride : 0;
  *end = position < 0 ? 0 : position / a->stride + 1;
  if (*end > a->output) *end = a->output;
}

/// The tap with which output `o`, one of `pool_covering`, reads position `i`, or -1 where dilation steps over it.
static inline int64_t pool_tap(const pool_axis *a, int64_t o, int64_t i) {
  int64_t offset = i - pool_start(a, o);
  if (a->dilation == 1) return offset;
  return offset % a->dilation == 0 ? offset / a->dilation : -1;
}

#endif
