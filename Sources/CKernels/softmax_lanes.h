// Exponentials of one vector of a row.

/// exp(x) for x that is not above zero; below the smallest normal number it is 0. NaN stays.
INLINE void LANED(exp_nonpositive)(VECTOR *value) {
  const bool is_float = sizeof(REAL) == 4;
  const VECTOR x = *value;
  const REAL lowest = is_float ? (REAL)-87.3 : (REAL)-708.3;
  const VECTOR limited = x < SPLAT(lowest) ? SPLAT(lowest) : x;
  // Adding a number whose last bit counts ones rounds to an integer and leaves that in the low bits.
  const REAL magic = is_float ? (REAL)12582912.0 : (REAL)6755399441055744.0;
  const VECTOR shifted = limited * SPLAT(1.44269504088896340736) + SPLAT(magic);
  const VECTOR n = shifted - SPLAT(magic);
  VECTOR r, p;
  if (is_float) {
    r = n * SPLAT(-0.693145751953125) + limited;
    r = n * SPLAT(-1.42860682030941723e-6) + r;
    p = SPLAT(1.98756915e-4) * r + SPLAT(1.39819999507e-3);
    p = p * r + SPLAT(8.3334519073e-3);
    p = p * r + SPLAT(4.1665795894e-2);
    p = p * r + SPLAT(1.6666665459e-1);
    p = p * r + SPLAT(5.0000001201e-1);
  } else {
    r = n * SPLAT(-0.693147180369123816490) + limited;
    r = n * SPLAT(-1.90821492927058770002e-10) + r;
    p = SPLAT(1.0 / 6227020800) * r + SPLAT(1.0 / 479001600);
    p = p * r + SPLAT(1.0 / 39916800);
    p = p * r + SPLAT(1.0 / 3628800);
    p = p * r + SPLAT(1.0 / 362880);
    p = p * r + SPLAT(1.0 / 40320);
    p = p * r + SPLAT(1.0 / 5040);
    p = p * r + SPLAT(1.0 / 720);
    p = p * r + SPLAT(1.0 / 120);
    p = p * r + SPLAT(1.0 / 24);
    p = p * r + SPLAT(1.0 / 6);
    p = p * r + SPLAT(0.5);
  }
  p = p * (r * r) + r + SPLAT(1);
  const SIGNED bias = is_float ? 127 : 1023, mantissa = is_float ? 23 : 52;
  const MASK power = ((MASK)shifted + (MASK)bias) << (MASK)mantissa;
  const VECTOR result = p * (VECTOR)power;
  *value = x < SPLAT(lowest) ? SPLAT(0) : result;
}

/// Sum over the lanes of exp(x - top), each of which is written to `y` unless that is null.
INLINE double LANED(exponentials)(const REAL *x, REAL *y, REAL top) {
  VECTOR value = LOAD(x) - SPLAT(top);
  LANED(exp_nonpositive)(&value);
  if (y) STORE(y, value);
  double sum = 0;
  for (int k = 0; k < LANES; k++) sum += (double)value[k];
  return sum;
}

/// dx = dy - exp(y) sum.
INLINE void LANED(log_softmax_step)(const REAL *y, const REAL *dy, REAL *dx, REAL sum) {
  VECTOR p = LOAD(y);
  LANED(exp_nonpositive)(&p);
  STORE(dx, LOAD(dy) - p * SPLAT(sum));
}
