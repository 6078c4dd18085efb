#define LANE_TEMPLATE "pooling_lanes.h"
#include "lanes.h"

// ---- Forward: tasks are rows of outputs (n, od, oh). -----------------------------------------------------------------

INLINE void TYPED(pool_max_list)(const pool_call *call, const pool_tap_entry *taps, int count, bool first, int64_t in, int64_t out) {
  const REAL *x = (const REAL *)call->from + in;
  REAL *y = (REAL *)call->to + out;
  int64_t size = call->spec->argmax_dtype == APUS_U8 ? 1 : 4;
  apus_dtype dtype = call->spec->argmax_dtype;
  uint8_t *argmax = call->argmax ? (uint8_t *)call->argmax + size * out : NULL;
  FOR_CHANNELS(c, 0, call->spec->channels,
               TYPED(pool_max_wide)(taps, count, first, x + c, y + c, argmax ? argmax + size * c : NULL, dtype),
               TYPED(pool_max_narrow)(taps, count, first, x + c, y + c, argmax ? argmax + size * c : NULL, dtype),
               TYPED(pool_max_single)(taps, count, first, x + c, y + c, argmax ? argmax + size * c : NULL, dtype));
}

INLINE void TYPED(pool_sum_list)(const pool_call *call, const pool_tap_entry *taps, int count, bool first, REAL scale, int64_t in, int64_t out) {
  const REAL *from = (const REAL *)call->from + in;
  REAL *to = (REAL *)call->to + out;
  FOR_CHANNELS(c, 0, call->spec->channels, TYPED(pool_sum_wide)(taps, count, first, scale, from + c, to + c),
               TYPED(pool_sum_narrow)(taps, count, first, scale, from + c, to + c),
               TYPED(pool_sum_single)(taps, count, first, scale, from + c, to + c));
}

INLINE void TYPED(pool_empty)(const pool_call *call, int64_t out, REAL value) {
  for (int64_t c = 0; c < call->spec->channels; c++) {
    ((REAL *)call->to)[out + c] = value;
    if (call->argmax && call->spec->argmax_dtype == APUS_U8) ((uint8_t *)call->argmax)[out + c] = 0;
    if (call->argmax && call->spec->argmax_dtype != APUS_U8) ((int32_t *)call->argmax)[out + c] = 0;
  }
}

INLINE void TYPED(pool_forward_rows)(const pool_call *call, int64_t begin, int64_t end, bool maximum) {
  const apus_pool_spec *spec = call->spec;
  const int64_t C = spec->channels, H = spec->input[1], W = spec->input[2], OW = spec->output[2];
  const pool_axis D_axis = pool_axis_of(spec, 0), H_axis = pool_axis_of(spec, 1), W_axis = pool_axis_of(spec, 2);
  for (int64_t row = begin; row < end; row++) {
    int64_t oh = row % spec->output[1], od = row / spec->output[1] % spec->output[0], n = row / (spec->output[1] * spec->output[0]);
    int64_t d_first, d_end, h_first, h_end;
    pool_clip(&D_axis, od, 0, D_axis.input, &d_first, &d_end);
    pool_clip(&H_axis, oh, 0, H_axis.input, &h_first, &h_end);
    int64_t d_start = pool_start(&D_axis, od), h_start = pool_start(&H_axis, oh);
    int64_t count_rows = pool_count(&D_axis, od, spec->counts_padding) * pool_count(&H_axis, oh, spec->counts_padding);
    pool_tap_entry taps[POOL_LIST];
    int64_t listed_first = -1, listed_end = -1;  // the horizontal taps `taps` holds, where it holds a whole window
    int listed = 0;
    for (int64_t ow = 0; ow < OW; ow++) {
      int64_t w_first, w_end, w_start = pool_start(&W_axis, ow);
      pool_clip(&W_axis, ow, 0, W, &w_first, &w_end);
      int64_t out = (row * OW + ow) * C;
      if (d_first == d_end || h_first == h_end || w_first == w_end) {
        TYPED(pool_empty)(call, out, maximum ? -(REAL)INFINITY : (REAL)0);
        continue;
      }
      int64_t in = ((n * spec->input[0]) * H * W + w_start) * C;
      int64_t covered = maximum ? 1 : count_rows * pool_count(&W_axis, ow, spec->counts_padding);
      REAL scale = (REAL)1 / (REAL)covered;
      if (w_first == listed_first && w_end == listed_end) {
        if (maximum) {
          TYPED(pool_max_list)(call, taps, listed, true, in, out);
        } else {
          TYPED(pool_sum_list)(call, taps, listed, true, scale, in, out);
        }
        continue;
      }
      int count = 0;
      bool first = true;
      for (int64_t kd = d_first; kd < d_end; kd++) {
        for (int64_t kh = h_first; kh < h_end; kh++) {
          int64_t line = (d_start + kd * D_axis.dilation) * H + h_start + kh * H_axis.dilation;
          for (int64_t kw = w_first; kw < w_end; kw++) {
            if (count == POOL_LIST) {
              if (maximum) {
                TYPED(pool_max_list)(call, taps, count, first, in, out);
              } else {
                TYPED(pool_sum_list)(call, taps, count, first, 1, in, out);
              }
              count = 0;
              first = false;
            }
            taps[count++] = (pool_tap_entry){(line * W + kw * W_axis.dilation) * C, (kd * spec->window[1] + kh) * spec->window[2] + kw, 1};
          }
        }
      }
      if (maximum) {
        TYPED(pool_max_list)(call, taps, count, first, in, out);
      } else {
        TYPED(pool_sum_list)(call, taps, count, first, scale, in, out);
      }
      listed_first = first ? w_first : -1;
      listed_end = first ? w_end : -1;
      listed = count;
    }
  }
}

CLONES static void TYPED(max_pool_rows)(void *context, int64_t begin, int64_t end) { TYPED(pool_forward_rows)(context, begin, end, true); }
CLONES static void TYPED(average_pool_rows)(void *context, int64_t begin, int64_t end) { TYPED(pool_forward_rows)(context, begin, end, false); }

// ---- Backward: tasks are rows of inputs (n, d, h); each position collects from the outputs that cover it, so no two
// tasks write the same element and the order of every sum is fixed. -----------------------------------------------------

INLINE void TYPED(pool_backward_list)(const pool_call *call, const pool_tap_entry *taps, int count, bool first, int64_t in, int64_t out, bool maximum) {
  if (!maximum) {
    TYPED(pool_sum_list)(call, taps, count, first, 1, in, out);
    return;
  }
  const REAL *dy = (const REAL *)call->from + in;
  REAL *dx = (REAL *)call->to + out;
  apus_dtype dtype = call->spec->argmax_dtype;
  int64_t size = dtype == APUS_U8 ? 1 : 4;
  const uint8_t *argmax = (const uint8_t *)call->argmax + size * in;
  FOR_CHANNELS(c, 0, call->spec->channels, TYPED(pool_max_backward_wide)(taps, count, first, dy + c, argmax + size * c, dtype, dx + c),
               TYPED(pool_max_backward_narrow)(taps, count, first, dy + c, argmax + size * c, dtype, dx + c),
               TYPED(pool_max_backward_single)(taps, count, first, dy + c, argmax + size * c, dtype, dx + c));
}

/// Collects one row of dx from the rows of outputs named by `lines`; `first`: nothing was collected before.
INLINE void TYPED(pool_collect_row)(const pool_call *call, const pool_axis *axis, const pool_tap_entry *lines, int line_count, bool first,
                                    int64_t in, int64_t out, bool maximum) {
  const int64_t C = call->spec->channels;
  const bool counts_padding = call->spec->counts_padding;
  pool_tap_entry taps[POOL_LIST];
  int count = 0;
  bool whole = false;              // `taps` holds all that the previous position collected
  int64_t w_first = 0, w_end = 0;  // the outputs that cover w; both ends only ever move right
  for (int64_t w = 0; w < axis->input; w++, out += C) {
    int64_t previous_first = w_first, previous_end = w_end;
    while (w_end < axis->output && pool_start(axis, w_end) <= w) w_end++;
    while (w_first < w_end && pool_last(axis, w_first) < w) w_first++;
    // A mean spreads evenly: the same outputs give the same sum, whichever of their taps this position is.
    if (!maximum && axis->dilation == 1 && whole && w_first == previous_first && w_end == previous_end) {
      TYPED(pool_backward_list)(call, taps, count, first, in, out, maximum);
      continue;
    }
    count = 0;
    whole = true;
    for (int64_t ow = w_first; ow < w_end; ow++) {
      int64_t kw = pool_tap(axis, ow, w);
      if (kw < 0) continue;
      double weight = maximum ? 1 : 1.0 / (double)pool_count(axis, ow, counts_padding);
      for (int line = 0; line < line_count; line++) {
        if (count == POOL_LIST) {
          TYPED(pool_backward_list)(call, taps, count, first && whole, in, out, maximum);
          count = 0;
          whole = false;
        }
        taps[count++] = (pool_tap_entry){lines[line].offset + ow * C, lines[line].tap + kw, lines[line].weight * weight};
      }
    }
    TYPED(pool_backward_list)(call, taps, count, first && whole, in, out, maximum);
  }
}

INLINE void TYPED(pool_backward_rows)(const pool_call *call, int64_t begin, int64_t end, bool maximum) {
  const apus_pool_spec *spec = call->spec;
  const int64_t C = spec->channels, OH = spec->output[1], OW = spec->output[2];
  const pool_axis D_axis = pool_axis_of(spec, 0), H_axis = pool_axis_of(spec, 1), W_axis = pool_axis_of(spec, 2);
  for (int64_t row = begin; row < end; row++) {
    int64_t h = row % spec->input[1], d = row / spec->input[1] % spec->input[0], n = row / (spec->input[1] * spec->input[0]);
    int64_t d_first, d_end, h_first, h_end;
    pool_covering(&D_axis, d, &d_first, &d_end);
    pool_covering(&H_axis, h, &h_first, &h_end);
    const int64_t in = n * spec->output[0] * OH * OW * C, out = row * spec->input[2] * C;
    pool_tap_entry lines[POOL_LIST];
    int count = 0;
    bool first = true;
    for (int64_t od = d_first; od < d_end; od++) {
      int64_t kd = pool_tap(&D_axis, od, d);
      if (kd < 0) continue;
      for (int64_t oh = h_first; oh < h_end; oh++) {
        int64_t kh = pool_tap(&H_axis, oh, h);
        if (kh < 0) continue;
        if (count == POOL_LIST) {
          TYPED(pool_collect_row)(call, &W_axis, lines, count, first, in, out, maximum);
          count = 0;
          first = false;
        }
        double covered = 1;
        if (!maximum) covered = (double)(pool_count(&D_axis, od, spec->counts_padding) * pool_count(&H_axis, oh, spec->counts_padding));
        lines[count++] = (pool_tap_entry){(od * OH + oh) * OW * C, (kd * spec->window[1] + kh) * spec->window[2], 1 / covered};
      }
    }
    TYPED(pool_collect_row)(call, &W_axis, lines, count, first, in, out, maximum);
  }
}

CLONES static void TYPED(max_pool_backward_rows)(void *context, int64_t begin, int64_t end) {
  TYPED(pool_backward_rows)(context, begin, end, true);
}
CLONES static void TYPED(average_pool_backward_rows)(void *context, int64_t begin, int64_t end) {
  TYPED(pool_backward_rows)(context, begin, end, false);
}
