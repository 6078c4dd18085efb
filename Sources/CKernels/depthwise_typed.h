#define LANE_TEMPLATE "depthwise_lanes.h"
#include "lanes.h"

/// (channels, taps) to (taps, channels).
static void TYPED(depthwise_turn)(const apus_depthwise_spec *s, const void *from, void *to) {
  const REAL *weights = from;
  REAL *turned = to;
  const int64_t taps = s->kernel[0] * s->kernel[1];
  for (int64_t c = 0; c < s->channels; c++) {
    for (int64_t tap = 0; tap < taps; tap++) turned[tap * s->channels + c] = weights[c * taps + tap];
  }
}

/// The taps of the tile that begins with target `phase + step * position`, for the row of sources that each row of the kernel has.
INLINE void TYPED(depthwise_list)(const apus_depthwise_spec *s, const sliding_axis *high, const sliding_axis *wide, int64_t row,
                                  int64_t phase, int64_t position, int64_t step, int count, depthwise_taps *taps) {
  const unsigned all = (1u << TILE) - 1;
  taps->full_count = taps->partial_count = 0;
  for (int64_t kh = 0; kh < s->kernel[0]; kh++) {
    int64_t line;
    if (!source_inside(high, row, kh, &line)) continue;
    for (int64_t kw = 0; kw < s->kernel[1]; kw++) {
      int64_t first;
      if (!source_of(wide, phase, kw, &first)) continue;
      unsigned valid = 0;
      for (int t = 0; t < count; t++) {
        const int64_t source = first + (position + t) * step;
        if (source >= 0 && source < wide->sources) valid |= 1u << t;
      }
      if (valid == 0) continue;
      const depthwise_tap tap = {(line * wide->sources + first) * s->channels, kh * s->kernel[1] + kw, valid};
      if (valid == all) {
        taps->full[taps->full_count++] = tap;
      } else {
        taps->partial[taps->partial_count++] = tap;
      }
    }
  }
}

// Tasks are rows of targets (n, h). Going forward, targets that follow each other have sources a stride apart; going backward, targets a
// stride apart have sources that follow each other, and there are as many phases as the stride has steps.
INLINE void TYPED(depthwise_rows)(const depthwise_call *call, int64_t begin, int64_t end, const bool backward) {
  const apus_depthwise_spec *s = call->spec;
  const REAL *weights = call->weights;
  const sliding_axis high = axis_of(s, 0, backward), wide = axis_of(s, 1, backward);
  const int64_t C = s->channels, phases = backward ? wide.stride : 1, step = backward ? 1 : wide.stride;
  for (int64_t row = begin; row < end; row++) {
    const REAL *from = (const REAL *)call->from + row / high.targets * high.sources * wide.sources * C;
    REAL *to = (REAL *)call->to + row * wide.targets * C;
    for (int64_t phase = 0; phase < phases && phase < wide.targets; phase++) {
      const int64_t positions = (wide.targets - phase + phases - 1) / phases;
      // The sources of the first target over all taps: tiles between the ends have all of theirs inside, and their lists agree.
      int64_t lowest = 0, highest = -1;
      for (int64_t kw = 0; kw < s->kernel[1]; kw++) {
        int64_t first;
        if (!source_of(&wide, phase, kw, &first)) continue;
        if (highest < lowest || first < lowest) lowest = first;
        if (highest < lowest || first > highest) highest = first;
      }
      depthwise_taps taps;
      bool holds_full = false;
      for (int64_t position = 0; position < positions; position += TILE) {
        const int count = positions - position < TILE ? (int)(positions - position) : TILE;
        const bool is_full = count == TILE && lowest + position * step >= 0 && highest + (position + TILE - 1) * step < wide.sources;
        if (!is_full || !holds_full) TYPED(depthwise_list)(s, &high, &wide, row % high.targets, phase, position, step, count, &taps);
        holds_full = is_full;
        const REAL *tile_from = from + position * step * C;
        REAL *tile_to = to + (phase + position * phases) * C;
        FOR_CHANNELS(c, 0, C, TYPED(depthwise_tile_wide)(&taps, tile_from + c, weights + c, C, step * C, count, phases * C, tile_to + c),
                     TYPED(depthwise_tile_narrow)(&taps, tile_from + c, weights + c, C, step * C, count, phases * C, tile_to + c),
                     TYPED(depthwise_tile_single)(&taps, tile_from + c, weights + c, C, step * C, count, phases * C, tile_to + c));
      }
    }
  }
}

CLONES static void TYPED(depthwise_forward)(void *context, int64_t begin, int64_t end) {
  TYPED(depthwise_rows)(context, begin, end, false);
}
CLONES static void TYPED(depthwise_backward)(void *context, int64_t begin, int64_t end) {
  TYPED(depthwise_rows)(context, begin, end, true);
}

/// Tasks are (part of the batch, block of channels).
CLONES static void TYPED(depthwise_weights)(void *context, int64_t begin, int64_t end) {
  const depthwise_call *call = context;
  const apus_depthwise_spec *s = call->spec;
  const int64_t C = s->channels, taps = s->kernel[0] * s->kernel[1], lanes = 64 / (int64_t)sizeof(REAL), blocks = (C + lanes - 1) / lanes;
  const int64_t x_size = s->input[0] * s->input[1] * C, y_size = s->output[0] * s->output[1] * C;
  for (int64_t task = begin; task < end; task++) {
    const int64_t part = task / blocks, low = task % blocks * lanes, high = low + lanes < C ? low + lanes : C;
    REAL *sums = (REAL *)call->to + part * taps * C;
    for (int64_t tap = 0; tap < taps; tap++) {
      for (int64_t c = low; c < high; c++) sums[tap * C + c] = 0;
    }
    for (int64_t n = s->batch * part / call->parts; n < s->batch * (part + 1) / call->parts; n++) {
      const REAL *x = (const REAL *)call->from + n * x_size, *dy = (const REAL *)call->weights + n * y_size;
      FOR_CHANNELS(c, low, high, TYPED(depthwise_weights_image_wide)(s, x + c, dy + c, sums + c),
                   TYPED(depthwise_weights_image_narrow)(s, x + c, dy + c, sums + c),
                   TYPED(depthwise_weights_image_single)(s, x + c, dy + c, sums + c));
    }
  }
}

/// Adds the parts in order, and turns (taps, channels) to (channels, taps). Tasks are channels.
static void TYPED(depthwise_sum_parts)(void *context, int64_t begin, int64_t end) {
  const depthwise_call *call = context;
  const apus_depthwise_spec *s = call->spec;
  const int64_t taps = s->kernel[0] * s->kernel[1];
  const REAL *parts = call->from;
  REAL *weights = call->to;
  for (int64_t tap = 0; tap < taps; tap++) {
    for (int64_t c = begin; c < end; c++) {
      REAL sum = 0;
      for (int64_t part = 0; part < call->parts; part++) sum += parts[(part * taps + tap) * s->channels + c];
      weights[c * taps + tap] = sum;
    }
  }
}
