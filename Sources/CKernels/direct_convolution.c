#include "apus_direct_convolution.h"

#include <string.h>

#include "apus_parallel.h"
#include "clones.h"
#include "sliding_axis.h"

typedef struct {
  const apus_direct_convolution_spec *spec;
  const double *from, *weights;
  double *to;
  /// Channels of a group, and elements of the kernel.
  int64_t in, out, taps;
} direct_call;

static direct_call describe(const apus_direct_convolution_spec *s, const double *from, const double *weights, double *to) {
  const int64_t taps = s->kernel[0] * s->kernel[1] * s->kernel[2];
  return (direct_call){s, from, weights, to, s->in_channels / s->groups, s->out_channels / s->groups, taps};
}

static int64_t cost_of(const direct_call *c) {
  const apus_direct_convolution_spec *s = c->spec;
  return 2 * s->batch * s->output[0] * s->output[1] * s->output[2] * s->out_channels * c->taps * c->in;
}

static sliding_axis axis_of(const apus_direct_convolution_spec *s, int axis, bool backward) {
  return sliding_axis_of(s->input[axis], s->output[axis], s->stride[axis], s->dilation[axis], s->padding_before[axis], backward);
}

/// Adds the products of a source's channels with the matrices of one tap to a target, group by group. Matrices lie `group_stride`
/// apart, their rows, one a channel of the source, `row_stride`.
INLINE void add_products(const double *source, double *target, const double *matrices, int64_t groups, int64_t from, int64_t to,
                         int64_t group_stride, int64_t row_stride) {
  for (int64_t group = 0; group < groups; group++) {
    double *restrict sums = target + group * to;
    for (int64_t k = 0; k < from; k++) {
      const double value = source[group * from + k];
      const double *restrict row = matrices + group * group_stride + k * row_stride;
      for (int64_t i = 0; i < to; i++) sums[i] += value * row[i];
    }
  }
}

// Tasks are rows of targets (n, d, h).
INLINE void direct_rows(const direct_call *c, int64_t begin, int64_t end, const bool backward) {
  const apus_direct_convolution_spec *s = c->spec;
  const sliding_axis deep = axis_of(s, 0, backward), high = axis_of(s, 1, backward), wide = axis_of(s, 2, backward);
  const int64_t from = backward ? c->out : c->in, to = backward ? c->in : c->out;
  const int64_t source_channels = from * s->groups, target_channels = to * s->groups;
  // Weights are (out, tap, in) going backward, and were turned to (group, tap, in, out) to go forward.
  const int64_t group_stride = c->taps * from * to, row_stride = backward ? c->taps * to : to, tap_stride = backward ? to : from * to;
  for (int64_t row = begin; row < end; row++) {
    const int64_t h = row % high.targets, d = row / high.targets % deep.targets, n = row / (high.targets * deep.targets);
    double *target = c->to + row * wide.targets * target_channels;
    memset(target, 0, (size_t)(wide.targets * target_channels) * sizeof *target);
    for (int64_t kd = 0; kd < s->kernel[0]; kd++) {
      int64_t source_d, source_h, source_w;
      if (!source_inside(&deep, d, kd, &source_d)) continue;
      for (int64_t kh = 0; kh < s->kernel[1]; kh++) {
        if (!source_inside(&high, h, kh, &source_h)) continue;
        const double *line = c->from + ((n * deep.sources + source_d) * high.sources + source_h) * wide.sources * source_channels;
        for (int64_t kw = 0; kw < s->kernel[2]; kw++) {
          const double *matrices = c->weights + ((kd * s->kernel[1] + kh) * s->kernel[2] + kw) * tap_stride;
          for (int64_t w = 0; w < wide.targets; w++) {
            if (!source_inside(&wide, w, kw, &source_w)) continue;
            add_products(
              line + source_w * source_channels, target + w * target_channels, matrices, s->groups, from, to, group_stride, row_stride);
          }
        }
      }
    }
  }
}

CLONES static void forward_rows(void *context, int64_t begin, int64_t end) { direct_rows(context, begin, end, false); }
CLONES static void backward_rows(void *context, int64_t begin, int64_t end) { direct_rows(context, begin, end, true); }

/// Tasks are output channels, whose weights are their own.
CLONES static void weight_channels(void *context, int64_t begin, int64_t end) {
  const direct_call *c = context;
  const apus_direct_convolution_spec *s = c->spec;
  const sliding_axis deep = axis_of(s, 0, false), high = axis_of(s, 1, false), wide = axis_of(s, 2, false);
  for (int64_t channel = begin; channel < end; channel++) {
    const double *x = c->from + channel / c->out * c->in, *dy = c->weights + channel;
    double *gradients = c->to + channel * c->taps * c->in;
    memset(gradients, 0, (size_t)(c->taps * c->in) * sizeof *gradients);
    for (int64_t row = 0; row < s->batch * deep.targets * high.targets; row++) {
      const int64_t h = row % high.targets, d = row / high.targets % deep.targets, n = row / (high.targets * deep.targets);
      for (int64_t tap = 0; tap < c->taps; tap++) {
        int64_t source_d, source_h, source_w;
        if (!source_inside(&deep, d, tap / (s->kernel[1] * s->kernel[2]), &source_d)) continue;
        if (!source_inside(&high, h, tap / s->kernel[2] % s->kernel[1], &source_h)) continue;
        const double *line = x + ((n * deep.sources + source_d) * high.sources + source_h) * wide.sources * s->in_channels;
        double *restrict sums = gradients + tap * c->in;
        for (int64_t w = 0; w < wide.targets; w++) {
          if (!source_inside(&wide, w, tap % s->kernel[2], &source_w)) continue;
          const double value = dy[(row * wide.targets + w) * s->out_channels];
          const double *restrict source = line + source_w * s->in_channels;
          for (int64_t i = 0; i < c->in; i++) sums[i] += value * source[i];
        }
      }
    }
  }
}

size_t apus_direct_convolution_scratch_bytes(const apus_direct_convolution_spec *spec) {
  const direct_call call = describe(spec, NULL, NULL, NULL);
  return ((size_t)(spec->out_channels * call.taps * call.in) * sizeof(double) + 63) / 64 * 64;
}

void apus_direct_convolution(const apus_direct_convolution_spec *spec, const void *x, const void *weights, void *y, void *scratch) {
  const direct_call call = describe(spec, x, scratch, y);
  double *turned = scratch;
  for (int64_t o = 0; o < spec->out_channels; o++) {
    const double *given = (const double *)weights + o * call.taps * call.in;
    double *group = turned + o / call.out * call.taps * call.in * call.out + o % call.out;
    for (int64_t k = 0; k < call.taps * call.in; k++) group[k * call.out] = given[k];
  }
  apus_parallel_for(spec->batch * spec->output[0] * spec->output[1], cost_of(&call), forward_rows, (void *)&call);
}

void apus_direct_convolution_backward_data(const apus_direct_convolution_spec *spec, const void *dy, const void *weights, void *dx,
                                           void *scratch) {
  (void)scratch;
  const direct_call call = describe(spec, dy, weights, dx);
  apus_parallel_for(spec->batch * spec->input[0] * spec->input[1], cost_of(&call), backward_rows, (void *)&call);
}

void apus_direct_convolution_backward_weights(const apus_direct_convolution_spec *spec, const void *x, const void *dy, void *dweights,
                                              void *scratch) {
  (void)scratch;
  const direct_call call = describe(spec, x, dy, dweights);
  apus_parallel_for(spec->out_channels, cost_of(&call), weight_channels, (void *)&call);
}
