#include "apus_depthwise.h"

#include "apus_parallel.h"
#include "sliding_axis.h"

enum {
  MAXIMUM_TAPS = 128,
  /// Positions of one row that are computed together, each in a register or two.
  TILE = 4,
  /// Parts of the batch and blocks of channels together, of the gradient of the weights. A part has sums of its own, added in order.
  WEIGHT_TASKS = 32,
};

/// An element of the kernel: where its sources begin, from that of the tile's first position, its number, and the positions of the tile
/// that it has sources for.
typedef struct {
  int64_t offset, tap;
  unsigned valid;
} depthwise_tap;

/// Taps with sources for all positions of a tile, and the others.
typedef struct {
  depthwise_tap full[MAXIMUM_TAPS], partial[MAXIMUM_TAPS];
  int full_count, partial_count;
} depthwise_taps;

typedef struct {
  const apus_depthwise_spec *spec;
  const void *from, *weights;
  void *to;
  int64_t parts;
} depthwise_call;

static inline sliding_axis axis_of(const apus_depthwise_spec *s, int axis, bool backward) {
  return sliding_axis_of(s->input[axis], s->output[axis], s->stride[axis], s->dilation[axis], s->padding_before[axis], backward);
}

#define TEMPLATE "depthwise_typed.h"
#include "typed.h"

static int element_size(const apus_depthwise_spec *s) { return s->dtype == APUS_F64 ? 8 : 4; }

static int64_t taps_of(const apus_depthwise_spec *s) { return s->kernel[0] * s->kernel[1]; }

/// Channels in lines of 64 bytes.
static int64_t blocks_of(const apus_depthwise_spec *s) { return (s->channels * element_size(s) + 63) / 64; }

static int64_t parts_of(const apus_depthwise_spec *s) {
  const int64_t blocks = blocks_of(s), parts = blocks == 0 ? 1 : (WEIGHT_TASKS + blocks - 1) / blocks;
  return parts < s->batch ? parts : s->batch < 1 ? 1 : s->batch;
}

static size_t padded(int64_t bytes) { return ((size_t)bytes + 63) / 64 * 64; }

bool apus_depthwise_supports(const apus_depthwise_spec *spec) { return taps_of(spec) <= MAXIMUM_TAPS; }

size_t apus_depthwise_scratch_bytes(const apus_depthwise_spec *spec) { return padded(taps_of(spec) * spec->channels * element_size(spec)); }

size_t apus_depthwise_weights_scratch_bytes(const apus_depthwise_spec *spec) {
  return padded(parts_of(spec) * taps_of(spec) * spec->channels * element_size(spec));
}

static int64_t cost_of(const apus_depthwise_spec *s) { return s->batch * s->output[0] * s->output[1] * s->channels * taps_of(s); }

void apus_depthwise(const apus_depthwise_spec *spec, const void *x, const void *weights, void *y, void *scratch) {
  const bool wide = spec->dtype == APUS_F64;
  (wide ? depthwise_turn_f64 : depthwise_turn_f32)(spec, weights, scratch);
  depthwise_call call = {spec, x, scratch, y, 1};
  apus_parallel_for(spec->batch * spec->output[0], cost_of(spec), wide ? depthwise_forward_f64 : depthwise_forward_f32, &call);
}

void apus_depthwise_backward_data(const apus_depthwise_spec *spec, const void *dy, const void *weights, void *dx, void *scratch) {
  const bool wide = spec->dtype == APUS_F64;
  (wide ? depthwise_turn_f64 : depthwise_turn_f32)(spec, weights, scratch);
  depthwise_call call = {spec, dy, scratch, dx, 1};
  const int64_t cost = cost_of(spec) + spec->batch * spec->input[0] * spec->input[1] * spec->channels;
  apus_parallel_for(spec->batch * spec->input[0], cost, wide ? depthwise_backward_f64 : depthwise_backward_f32, &call);
}

void apus_depthwise_backward_weights(const apus_depthwise_spec *spec, const void *x, const void *dy, void *dweights, void *scratch) {
  const bool wide = spec->dtype == APUS_F64;
  const int64_t parts = parts_of(spec);
  depthwise_call call = {spec, x, dy, scratch, parts};
  apus_parallel_for(parts * blocks_of(spec), 2 * cost_of(spec), wide ? depthwise_weights_f64 : depthwise_weights_f32, &call);
  depthwise_call sum = {spec, scratch, NULL, dweights, parts};
  apus_parallel_for(
    spec->channels, parts * taps_of(spec) * spec->channels * 8, wide ? depthwise_sum_parts_f64 : depthwise_sum_parts_f32, &sum);
}
