// Channels are worked off in blocks that stay in registers while all that contributes to them is added up.
enum { TYPED(BLOCK) = 256 / (int)sizeof(REAL) };

// ---- Regular positions ----------------------------------------------------------------------------------------------

/// `count` channels, from channel c on, of one output position.
INLINE void TYPED(resample_block)(const apus_resample_spec *s, const REAL *x, REAL *y, const int64_t o[3], int64_t c, int64_t count) {
  const apus_resample_axis *D = &s->axes[0], *H = &s->axes[1], *W = &s->axes[2];
  REAL sum[TYPED(BLOCK)];
  for (int64_t i = 0; i < count; i++) sum[i] = 0;
  for (int32_t d = D->starts[o[0]]; d < D->starts[o[0] + 1]; d++) {
    for (int32_t h = H->starts[o[1]]; h < H->starts[o[1] + 1]; h++) {
      REAL outer = (REAL)(D->weights[d] * H->weights[h]);
      const REAL *row = x + ((int64_t)D->sources[d] * H->input + H->sources[h]) * W->input * s->channels + c;
      for (int32_t w = W->starts[o[2]]; w < W->starts[o[2] + 1]; w++) {
        REAL weight = outer * (REAL)W->weights[w];
        const REAL *from = row + (int64_t)W->sources[w] * s->channels;
        for (int64_t i = 0; i < count; i++) sum[i] += weight * from[i];
      }
    }
  }
  for (int64_t i = 0; i < count; i++) y[c + i] = sum[i];
}

CLONES static void TYPED(resample_rows)(void *context, int64_t begin, int64_t end) {
  const resample_call *call = context;
  const apus_resample_spec *s = call->spec;
  const int64_t C = s->channels, DO = s->axes[0].output, HO = s->axes[1].output, WO = s->axes[2].output;
  for (int64_t row = begin; row < end; row++) {
    int64_t o[3] = {row / HO % DO, row % HO, 0}, n = row / (HO * DO);
    const REAL *x = (const REAL *)call->x + n * s->axes[0].input * s->axes[1].input * s->axes[2].input * C;
    REAL *y = (REAL *)call->y + row * WO * C;
    for (o[2] = 0; o[2] < WO; o[2]++, y += C) {
      int64_t c = 0;
      for (; c + TYPED(BLOCK) <= C; c += TYPED(BLOCK)) TYPED(resample_block)(s, x, y, o, c, TYPED(BLOCK));
      for (; c + TYPED(BLOCK) / 4 <= C; c += TYPED(BLOCK) / 4) TYPED(resample_block)(s, x, y, o, c, TYPED(BLOCK) / 4);
      if (c < C) TYPED(resample_block)(s, x, y, o, c, C - c);
    }
  }
}

// ---- Given points ---------------------------------------------------------------------------------------------------

/// The pixels around a position: (top left, top right, bottom left, bottom right), null where outside.
typedef struct {
  int64_t offset[4];
  bool inside[4];
  REAL x, y;  // how far from the left and from the top
} TYPED(corners);

/// Returns false where every corner lies outside, or the position is not a number.
INLINE bool TYPED(find_corners)(const apus_sample_spec *s, const REAL *position, TYPED(corners) *k) {
  REAL x = position[0], y = position[1];
  if (!(x > -1 && x < (REAL)s->width && y > -1 && y < (REAL)s->height)) return false;
  // Truncated, then one less where that went up.
  int64_t left = (int64_t)x - (x < (REAL)(int64_t)x), top = (int64_t)y - (y < (REAL)(int64_t)y);
  k->x = x - (REAL)left;
  k->y = y - (REAL)top;
  for (int i = 0; i < 4; i++) {
    int64_t column = left + (i & 1), row = top + (i >> 1);
    k->inside[i] = column >= 0 && column < s->width && row >= 0 && row < s->height;
    k->offset[i] = (row * s->width + column) * s->channels;
  }
  return true;
}

CLONES static void TYPED(sample_points)(void *context, int64_t begin, int64_t end) {
  const sample_call *call = context;
  const apus_sample_spec *s = call->spec;
  const int64_t C = s->channels;
  for (int64_t point = begin; point < end; point++) {
    const REAL *image = (const REAL *)call->image + point / s->points * s->height * s->width * C;
    REAL *sample = (REAL *)call->result + point * C;
    TYPED(corners) k;
    for (int64_t c = 0; c < C; c++) sample[c] = 0;
    if (!TYPED(find_corners)(s, (const REAL *)call->positions + 2 * point, &k)) continue;
    for (int i = 0; i < 4; i++) {
      if (!k.inside[i]) continue;
      REAL weight = (i & 1 ? k.x : 1 - k.x) * (i >> 1 ? k.y : 1 - k.y);
      const REAL *pixel = image + k.offset[i];
      for (int64_t c = 0; c < C; c++) sample[c] += weight * pixel[c];
    }
  }
}

/// A task is a band of rows of one image: it looks at all points and takes what falls into it, so that every pixel is added to in one order.
CLONES static void TYPED(scatter_bands)(void *context, int64_t begin, int64_t end) {
  const sample_call *call = context;
  const apus_sample_spec *s = call->spec;
  const int64_t C = s->channels;
  for (int64_t task = begin; task < end; task++) {
    int64_t n = task / call->bands, band = task % call->bands;
    int64_t low = s->height * band / call->bands * s->width * C, high = s->height * (band + 1) / call->bands * s->width * C;
    REAL *image = (REAL *)call->result + n * s->height * s->width * C;
    memset(image + low, 0, (size_t)(high - low) * sizeof(REAL));
    for (int64_t p = n * s->points; p < (n + 1) * s->points; p++) {
      TYPED(corners) k;
      if (!TYPED(find_corners)(s, (const REAL *)call->positions + 2 * p, &k)) continue;
      const REAL *sample = (const REAL *)call->weights + p * C;
      for (int i = 0; i < 4; i++) {
        if (!k.inside[i] || k.offset[i] < low || k.offset[i] >= high) continue;
        REAL weight = (i & 1 ? k.x : 1 - k.x) * (i >> 1 ? k.y : 1 - k.y);
        REAL *pixel = image + k.offset[i];
        for (int64_t c = 0; c < C; c++) pixel[c] += weight * sample[c];
      }
    }
  }
}

CLONES static void TYPED(slope_points)(void *context, int64_t begin, int64_t end) {
  const sample_call *call = context;
  const apus_sample_spec *s = call->spec;
  const int64_t C = s->channels;
  for (int64_t point = begin; point < end; point++) {
    const REAL *image = (const REAL *)call->image + point / s->points * s->height * s->width * C;
    const REAL *weights = (const REAL *)call->weights + point * C;
    REAL *slope = (REAL *)call->result + 2 * point;
    TYPED(corners) k;
    slope[0] = slope[1] = 0;
    if (!TYPED(find_corners)(s, (const REAL *)call->positions + 2 * point, &k)) continue;
    for (int i = 0; i < 4; i++) {
      if (!k.inside[i]) continue;
      const REAL *pixel = image + k.offset[i];
      REAL lanes[16] = {0};
      int64_t c = 0;
      for (; c + 16 <= C; c += 16) {
        for (int lane = 0; lane < 16; lane++) lanes[lane] += pixel[c + lane] * weights[c + lane];
      }
      REAL product = 0;
      for (int lane = 0; lane < 16; lane++) product += lanes[lane];
      for (; c < C; c++) product += pixel[c] * weights[c];
      slope[0] += (i & 1 ? product : -product) * (i >> 1 ? k.y : 1 - k.y);
      slope[1] += (i >> 1 ? product : -product) * (i & 1 ? k.x : 1 - k.x);
    }
  }
}
