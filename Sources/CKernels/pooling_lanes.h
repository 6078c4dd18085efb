// One vector of channels of one position of a pooling. `taps` lists what is read: at most POOL_LIST entries at a time;
// longer windows come in several lists, of which all but the first continue from what the previous one stored.

INLINE void LANED(pool_max)(const pool_tap_entry *taps, int count, bool first, const REAL *x, REAL *y, void *argmax, apus_dtype argmax_dtype) {
  VECTOR best;
  MASK index;
  int t = 0;
  if (first) {
    best = LOAD(x + taps[0].offset);
    index = (MASK)(SIGNED)taps[0].tap;
    t = 1;
  } else {
    best = LOAD(y);
    index = (MASK)(SIGNED)0;
    if (argmax) {
      index = argmax_dtype == APUS_U8 ? __builtin_convertvector(*(const BYTES *)argmax, MASK)
                                      : __builtin_convertvector(*(const WORDS *)argmax, MASK);
    }
  }
  for (; t < count; t++) {
    VECTOR value = LOAD(x + taps[t].offset);
    // Both comparisons are false for an ordinary smaller value; the second lets a NaN in, which then stays.
    MASK better = (value > best) | (value != value);
    best = better ? value : best;
    index = better ? (MASK)(SIGNED)taps[t].tap : index;
  }
  STORE(y, best);
  if (!argmax) return;
  if (argmax_dtype == APUS_U8) {
    *(BYTES *)argmax = __builtin_convertvector(index, BYTES);
  } else {
    *(WORDS *)argmax = __builtin_convertvector(index, WORDS);
  }
}

INLINE void LANED(pool_max_backward)(const pool_tap_entry *taps, int count, bool first, const REAL *dy, const uint8_t *argmax,
                                     apus_dtype argmax_dtype, REAL *dx) {
  VECTOR sum = first ? (VECTOR)(REAL)0 : LOAD(dx);
  for (int t = 0; t < count; t++) {
    MASK index = argmax_dtype == APUS_U8 ? __builtin_convertvector(*(const BYTES *)(argmax + taps[t].offset), MASK)
                                         : __builtin_convertvector(*(const WORDS *)(argmax + 4 * taps[t].offset), MASK);
    sum += index == (MASK)(SIGNED)taps[t].tap ? LOAD(dy + taps[t].offset) : (VECTOR)(REAL)0;
  }
  STORE(dx, sum);
}

/// to = (first ? 0 : to) + sum of from[offset] * weight, then * scale.
INLINE void LANED(pool_sum)(const pool_tap_entry *taps, int count, bool first, REAL scale, const REAL *from, REAL *to) {
  VECTOR sum = first ? (VECTOR)(REAL)0 : LOAD(to);
  for (int t = 0; t < count; t++) sum += LOAD(from + taps[t].offset) * (VECTOR)(REAL)taps[t].weight;
  STORE(to, sum * (VECTOR)scale);
}
