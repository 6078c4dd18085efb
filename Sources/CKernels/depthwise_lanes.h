/// One vector of channels of the positions of a tile, `to_step` apart, whose sources lie `step` apart.
INLINE void LANED(depthwise_tile)(const depthwise_taps *taps, const REAL *from, const REAL *weights, int64_t channels, int64_t step,
                                  int count, int64_t to_step, REAL *to) {
  VECTOR sum[TILE];
#pragma clang loop unroll(full)
  for (int t = 0; t < TILE; t++) sum[t] = SPLAT(0);
  for (int i = 0; i < taps->full_count; i++) {
    const REAL *x = from + taps->full[i].offset;
    const VECTOR weight = LOAD(weights + taps->full[i].tap * channels);
#pragma clang loop unroll(full)
    for (int t = 0; t < TILE; t++) sum[t] += LOAD(x + t * step) * weight;
  }
  for (int i = 0; i < taps->partial_count; i++) {
    const REAL *x = from + taps->partial[i].offset;
    const VECTOR weight = LOAD(weights + taps->partial[i].tap * channels);
    const unsigned valid = taps->partial[i].valid;
#pragma clang loop unroll(full)
    for (int t = 0; t < TILE; t++) {
      if (valid >> t & 1) sum[t] += LOAD(x + t * step) * weight;
    }
  }
#pragma clang loop unroll(full)
  for (int t = 0; t < TILE; t++) {
    if (t < count) STORE(to + t * to_step, sum[t]);
  }
}

/// Adds to the gradients of `width` taps of one row of the kernel, from tap (kh, kw) on, what one image gives. `width` is a constant.
INLINE void LANED(depthwise_weights_of)(const apus_depthwise_spec *s, const REAL *x, const REAL *dy, int64_t kh, int64_t kw,
                                        const int width, REAL *sums) {
  const int64_t C = s->channels, W = s->input[1], OW = s->output[1], stride = s->stride[1], dilation = s->dilation[1];
  const int64_t shift = kw * dilation - s->padding_before[1], last = shift + (width - 1) * dilation;
  // Positions of a row whose sources are all inside.
  int64_t inside = shift >= 0 ? 0 : (-shift + stride - 1) / stride, outside = last >= W ? 0 : (W - 1 - last) / stride + 1;
  if (outside > OW) outside = OW;
  if (inside > outside) inside = outside = OW;
  VECTOR sum[5];
#pragma clang loop unroll(full)
  for (int k = 0; k < width; k++) sum[k] = LOAD(sums + k * C);
  for (int64_t oh = 0; oh < s->output[0]; oh++) {
    const int64_t ih = oh * s->stride[0] - s->padding_before[0] + kh * s->dilation[0];
    if (ih < 0 || ih >= s->input[0]) continue;
    const REAL *row = x + (ih * W + shift) * C, *gradients = dy + oh * OW * C;
    for (int64_t ow = 0; ow < OW; ow++) {
      if (ow == inside) {
        for (; ow < outside; ow++) {
          const VECTOR g = LOAD(gradients + ow * C);
          const REAL *from = row + ow * stride * C;
#pragma clang loop unroll(full)
          for (int k = 0; k < width; k++) sum[k] += LOAD(from + k * dilation * C) * g;
        }
        if (ow >= OW) break;
      }
      const VECTOR g = LOAD(gradients + ow * C);
      const REAL *from = row + ow * stride * C;
      const int64_t iw = ow * stride + shift;
#pragma clang loop unroll(full)
      for (int k = 0; k < width; k++) {
        if (iw + k * dilation >= 0 && iw + k * dilation < W) sum[k] += LOAD(from + k * dilation * C) * g;
      }
    }
  }
#pragma clang loop unroll(full)
  for (int k = 0; k < width; k++) STORE(sums + k * C, sum[k]);
}

INLINE void LANED(depthwise_weights_image)(const apus_depthwise_spec *s, const REAL *x, const REAL *dy, REAL *sums) {
  for (int64_t kh = 0; kh < s->kernel[0]; kh++) {
    for (int64_t kw = 0; kw < s->kernel[1];) {
      REAL *to = sums + (kh * s->kernel[1] + kw) * s->channels;
      const int64_t left = s->kernel[1] - kw;
      // 7 are 4 and 3.
      if (left == 5) {
        LANED(depthwise_weights_of)(s, x, dy, kh, kw, 5, to);
        kw += 5;
      } else if (left >= 6 || left == 4) {
        LANED(depthwise_weights_of)(s, x, dy, kh, kw, 4, to);
        kw += 4;
      } else if (left == 3) {
        LANED(depthwise_weights_of)(s, x, dy, kh, kw, 3, to);
        kw += 3;
      } else {
        LANED(depthwise_weights_of)(s, x, dy, kh, kw, 1, to);
        kw += 1;
      }
    }
  }
}
