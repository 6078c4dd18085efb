#include "epilogue.h"

#include "vector_math.h"

enum { LANES = APUS_LANES };

APUS_INLINE void exponential(apus_floats *x) {
  // 2^n e^r with |r| <= ln(2)/2; the polynomial is the Taylor series to the seventh power, accurate to an ulp there.
  apus_floats v = __builtin_elementwise_min(__builtin_elementwise_max(*x, apus_splat(-87.3f)), apus_splat(88.3f));
  apus_floats n = __builtin_elementwise_roundeven(v * 1.44269504f);
  apus_floats r = v - n * 0.693359375f + n * 2.12194440e-4f;
  apus_floats p = r * (1.0f / 5040) + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  apus_ints power = (__builtin_convertvector(n, apus_ints) + 127) << 23;
  apus_floats scale;
  memcpy(&scale, &power, sizeof scale);
  // The bounds above hide not-a-number.
  apus_replace_where(x, *x == *x, p * scale);
}

APUS_INLINE void sigmoid(apus_floats *x) {
  apus_floats e = -*x;
  exponential(&e);
  *x = 1.0f / (1.0f + e);
}

APUS_INLINE void hyperbolic_tangent(apus_floats *x) {
  apus_floats magnitude = __builtin_elementwise_abs(*x);
  apus_floats e = -2.0f * magnitude;
  exponential(&e);
  apus_floats far = __builtin_elementwise_copysign((1.0f - e) / (1.0f + e), *x);
  // Near zero the difference above cancels: x - x^3/3 + 2x^5/15 - ... keeps the relative precision.
  apus_floats z = *x * *x;
  apus_floats near = z * (62.0f / 2835) - 17.0f / 315;
  near = near * z + 2.0f / 15;
  near = near * z - 1.0f / 3;
  near = *x + *x * z * near;
  *x = far;
  apus_replace_where(x, magnitude < 0.25f, near);
}

APUS_INLINE void gelu(apus_floats *x) {
  // Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: absolute error of erf below 1.5e-7.
  apus_floats u = *x * 0.70710678f, magnitude = __builtin_elementwise_abs(u);
  apus_floats t = 1.0f / (1.0f + 0.3275911f * magnitude);
  apus_floats p = 1.061405429f * t - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  apus_floats e = -u * u;
  exponential(&e);
  apus_floats error_function = __builtin_elementwise_copysign(1.0f - p * t * e, u);
  *x = 0.5f * *x * (1.0f + error_function);
}

APUS_INLINE void activate(const apus_activation activation, float lower, float upper, apus_floats *x) {
  switch (activation) {
  case APUS_ACTIVATION_NONE: break;
  case APUS_ACTIVATION_RELU: apus_replace_where(x, *x < 0.0f, (apus_floats){}); break;
  case APUS_ACTIVATION_SIGMOID: sigmoid(x); break;
  case APUS_ACTIVATION_TANH: hyperbolic_tangent(x); break;
  case APUS_ACTIVATION_GELU: gelu(x); break;
  case APUS_ACTIVATION_SWISH: {
    apus_floats s = *x;
    sigmoid(&s);
    *x *= s;
    break;
  }
  case APUS_ACTIVATION_CLIP:
    apus_replace_where(x, *x < lower, apus_splat(lower));
    apus_replace_where(x, *x > upper, apus_splat(upper));
    break;
  }
}

/// Reads `lanes` elements from `first` on as floats.
APUS_INLINE void read(apus_floats *value, apus_dtype dtype, const void *source, int64_t first, int64_t lanes) {
  if (dtype == APUS_F32) {
    const float *from = (const float *)source + first;
    if (lanes == LANES) {
      apus_load(value, from);
    } else {
      *value = (apus_floats){};
      memcpy(value, from, (size_t)lanes * sizeof(float));
    }
    return;
  }
  const uint16_t *from = (const uint16_t *)source + first;
  uint32_t bits[LANES] = {};
  for (int64_t i = 0; i < lanes; i++) bits[i] = (uint32_t)from[i] << 16;
  memcpy(value, bits, sizeof *value);
}

APUS_INLINE void write(const apus_floats *value, apus_dtype dtype, void *target, int64_t first, int64_t lanes) {
  if (dtype == APUS_F32) {
    if (lanes == LANES) {
      apus_store((float *)target + first, value);
    } else {
      memcpy((float *)target + first, value, (size_t)lanes * sizeof(float));
    }
    return;
  }
  uint32_t bits[LANES];
  memcpy(bits, value, sizeof bits);
  uint16_t *to = (uint16_t *)target + first;
  for (int64_t i = 0; i < lanes; i++) {
    // Round to nearest, ties to even; not-a-number stays one.
    bool nan = (bits[i] & 0x7fffffff) > 0x7f800000;
    to[i] = nan ? (uint16_t)((bits[i] >> 16) | 0x40) : (uint16_t)((bits[i] + 0x7fff + ((bits[i] >> 16) & 1)) >> 16);
  }
}

/// The element types and the activation are constants where this is inlined, so that the loop carries no decisions.
APUS_INLINE void run_rows(const apus_epilogue *e, const apus_epilogue_pass *p, const bool floats, const apus_activation activation) {
  const apus_dtype dtype = floats ? APUS_F32 : p->dtype, bias_dtype = floats ? APUS_F32 : e->bias_dtype;
  const apus_dtype residual_dtype = floats ? APUS_F32 : e->residual_dtype;
  for (int64_t row = 0; row < p->rows; row++) {
    apus_floats row_bias = {};
    if (e->bias == APUS_BIAS_PER_ROW) {
      read(&row_bias, bias_dtype, p->bias, row, 1);
      row_bias = apus_splat(row_bias[0]);
    }
    for (int64_t column = 0; column < p->columns; column += LANES) {
      int64_t left = p->columns - column, lanes = left < LANES ? left : LANES, place = row * p->result_stride + column;
      apus_floats value, other;
      read(&value, APUS_F32, p->product, row * p->product_stride + column, lanes);
      if (p->accumulate) {
        read(&other, dtype, p->result, place, lanes);
        value += other;
      }
      if (e->bias == APUS_BIAS_PER_ROW) value += row_bias;
      if (e->bias == APUS_BIAS_PER_COLUMN) {
        read(&other, bias_dtype, p->bias, column, lanes);
        value += other;
      }
      if (e->residual) {
        read(&other, residual_dtype, p->residual, place, lanes);
        value += other;
      }
      activate(activation, e->lower, e->upper, &value);
      write(&value, dtype, p->result, place, lanes);
    }
  }
}

APUS_CLONES void apus_epilogue_run(const apus_epilogue *e, const apus_epilogue_pass *p) {
  bool floats = p->dtype == APUS_F32 && (e->bias == APUS_BIAS_NONE || e->bias_dtype == APUS_F32) &&
                (!e->residual || e->residual_dtype == APUS_F32);
  if (floats && e->activation == APUS_ACTIVATION_NONE) {
    run_rows(e, p, true, APUS_ACTIVATION_NONE);
  } else if (floats && e->activation == APUS_ACTIVATION_RELU) {
    run_rows(e, p, true, APUS_ACTIVATION_RELU);
  } else {
    run_rows(e, p, false, e->activation);
  }
}
