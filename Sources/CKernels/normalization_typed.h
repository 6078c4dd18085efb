#include "wide.h"

#define DOUBLES_AT(pointer) (*(DOUBLES *)(pointer))

// ---- Columns -----------------------------------------------------------------------------------------------------------

/// Adds `rows` rows to the moments of each column: sums and sums of squares in float, whose squares double holds exactly; mean
/// and squared deviations from it in double, after `seen` rows (Chan, Golub and LeVeque, 1983).
INLINE void TYPED(add_moments)(const REAL *x, int64_t rows, int64_t columns, int64_t stride, int64_t seen, double *first, double *second) {
  const double share = (double)rows / (double)(seen + rows), weight = (double)seen * share;
  int64_t j = 0;
  for (; j + LANES <= columns; j += LANES) {
    if (sizeof(REAL) == 4) {
      DOUBLES sum = DOUBLES_AT(first + j), squares = DOUBLES_AT(second + j);
      for (int64_t r = 0; r < rows; r++) {
        const DOUBLES value = TO_DOUBLES(LOAD(x + r * stride + j));
        sum += value;
        squares += value * value;
      }
      DOUBLES_AT(first + j) = sum;
      DOUBLES_AT(second + j) = squares;
    } else {
      DOUBLES sum = (DOUBLES)0.0, squares = (DOUBLES)0.0;
      for (int64_t r = 0; r < rows; r++) sum += TO_DOUBLES(LOAD(x + r * stride + j));
      const DOUBLES mean = sum / (double)rows;
      for (int64_t r = 0; r < rows; r++) {
        const DOUBLES deviation = TO_DOUBLES(LOAD(x + r * stride + j)) - mean;
        squares += deviation * deviation;
      }
      const DOUBLES shift = mean - DOUBLES_AT(first + j);
      DOUBLES_AT(first + j) += shift * share;
      DOUBLES_AT(second + j) += squares + shift * shift * weight;
    }
  }
  for (; j < columns; j++) {
    double sum = 0, squares = 0;
    for (int64_t r = 0; r < rows; r++) sum += (double)x[r * stride + j];
    const double mean = sizeof(REAL) == 4 ? 0 : sum / (double)rows;
    for (int64_t r = 0; r < rows; r++) squares += ((double)x[r * stride + j] - mean) * ((double)x[r * stride + j] - mean);
    if (sizeof(REAL) == 4) {
      first[j] += sum;
      second[j] += squares;
    } else {
      const double shift = mean - first[j];
      first[j] += shift * share;
      second[j] += squares + shift * shift * weight;
    }
  }
}

/// Mean and squared deviations of each channel of the rows begin ..< end of an outer block (and its rest, if these are the last),
/// behind the moments a column of `work`. Returns how many elements of a channel that is.
INLINE int64_t TYPED(moments)(const norm_layout *l, const REAL *x, int64_t begin, int64_t end, double *work) {
  const int64_t columns = l->columns, channels = l->channels, copies = columns / channels;
  const int64_t rest = end == l->rows ? l->rest : 0;
  const int64_t block = norm_block_rows(columns * (int64_t)sizeof(REAL));
  double *first = work, *second = work + columns;
  memset(work, 0, (size_t)(2 * columns) * sizeof(double));
  for (int64_t r = begin; r < end; r += block) {
    TYPED(add_moments)(x + r * columns, norm_minimum(block, end - r), columns, columns, r - begin, first, second);
  }
  if (rest > 0) TYPED(add_moments)(x + end * columns, 1, rest, columns, end - begin, first, second);
  const int64_t total = (end - begin) * copies + rest / channels;
  for (int64_t c = 0; c < channels; c++) {
    double mean = 0, squares = 0;
    for (int64_t k = 0; k < copies; k++) {
      const int64_t j = k * channels + c, count = end - begin + (j < rest);
      mean += sizeof(REAL) == 4 ? first[j] : first[j] * (double)count;
    }
    mean = total > 0 ? mean / (double)total : 0;
    for (int64_t k = 0; k < copies; k++) {
      const int64_t j = k * channels + c, count = end - begin + (j < rest);
      squares += sizeof(REAL) == 4 ? second[j] : second[j] + (double)count * (first[j] - mean) * (first[j] - mean);
    }
    if (sizeof(REAL) == 4) squares -= (double)total * mean * mean;
    work[2 * columns + c] = mean;
    work[2 * columns + channels + c] = squares > 0 ? squares : squares != squares ? squares : 0;
  }
  return total;
}

/// The statistics of outer block n from those of its parts, and the coefficients of y = (x - vectors[0]) vectors[1] + vectors[2].
INLINE void TYPED(settle)(const norm_call *call, int64_t n, const double *works, int64_t parts, const int64_t *counts, REAL *vectors) {
  const norm_layout *l = &call->layout;
  const apus_normalization_operands *o = call->forward;
  const REAL *scale = o->scale, *shift = o->shift;
  const double total = (double)(l->spec.inner * l->spec.width);
  for (int64_t g = 0; g < l->spec.groups; g++) {
    double mean = 0, squares = 0;
    for (int64_t p = 0; p < parts; p++) {
      const double *means = works + p * l->work_size + 2 * l->columns + g * l->spec.width;
      for (int64_t c = 0; c < l->spec.width; c++) mean += (double)counts[p] * means[c];
    }
    mean = total > 0 ? mean / total : 0;
    for (int64_t p = 0; p < parts; p++) {
      const double *means = works + p * l->work_size + 2 * l->columns + g * l->spec.width, *deviations = means + l->channels;
      for (int64_t c = 0; c < l->spec.width; c++) squares += deviations[c] + (double)counts[p] * (means[c] - mean) * (means[c] - mean);
    }
    double variance = total > 0 ? squares / total : 0;
    if (!l->spec.is_centered) {
      variance += mean * mean;
      mean = 0;
    }
    const double reciprocal = 1 / sqrt(variance + l->spec.epsilon);
    ((REAL *)o->mean)[n * l->spec.groups + g] = (REAL)mean;
    ((REAL *)o->reciprocal_deviation)[n * l->spec.groups + g] = (REAL)reciprocal;
    ((REAL *)o->variance)[n * l->spec.groups + g] = (REAL)variance;
    for (int64_t c = g * l->spec.width; c < (g + 1) * l->spec.width; c++) {
      vectors[c] = (REAL)mean;
      vectors[l->columns + c] = (REAL)(reciprocal * (double)scale[c]);
      vectors[2 * l->columns + c] = shift[c];
    }
  }
  norm_repeat(vectors, sizeof(REAL), 3, l->channels, l->columns);
}

INLINE void TYPED(apply)(const norm_layout *l, const REAL *x, REAL *y, int64_t begin, int64_t end, const REAL *vectors) {
  const int64_t columns = l->columns;
  const REAL *mean = vectors, *factor = vectors + columns, *shift = vectors + 2 * columns;
  const int64_t last = end == l->rows && l->rest > 0 ? end + 1 : end;
  for (int64_t r = begin; r < last; r++) {
    const int64_t width = r < end ? columns : l->rest;
    const REAL *from = x + r * columns;
    REAL *to = y + r * columns;
    int64_t j = 0;
    for (; j + LANES <= width; j += LANES) STORE(to + j, (LOAD(from + j) - LOAD(mean + j)) * LOAD(factor + j) + LOAD(shift + j));
    for (; j < width; j++) to[j] = (from[j] - mean[j]) * factor[j] + shift[j];
  }
}

CLONES static void TYPED(split_moments)(void *context, int64_t begin, int64_t end) {
  const norm_call *call = context;
  const norm_layout *l = &call->layout;
  for (int64_t task = begin; task < end; task++) {
    const int64_t n = task / l->parts, p = task % l->parts;
    const REAL *x = (const REAL *)call->forward->x + n * l->spec.inner * l->channels;
    TYPED(moments)(l, x, l->rows * p / l->parts, l->rows * (p + 1) / l->parts, call->works + task * l->work_size);
  }
}

CLONES static void TYPED(split_settle)(void *context, int64_t begin, int64_t end) {
  const norm_call *call = context;
  const norm_layout *l = &call->layout;
  int64_t counts[NORM_PARTS];
  for (int64_t p = 0; p < l->parts; p++) {
    const int64_t rows = l->rows * (p + 1) / l->parts - l->rows * p / l->parts;
    counts[p] = rows * (l->columns / l->channels) + (p == l->parts - 1 ? l->rest / l->channels : 0);
  }
  for (int64_t n = begin; n < end; n++) {
    TYPED(settle)(call, n, call->works + n * l->parts * l->work_size, l->parts, counts, (REAL *)call->vectors + n * l->vector_size);
  }
}

CLONES static void TYPED(split_apply)(void *context, int64_t begin, int64_t end) {
  const norm_call *call = context;
  const norm_layout *l = &call->layout;
  for (int64_t task = begin; task < end; task++) {
    const int64_t n = task / l->parts, p = task % l->parts, offset = n * l->spec.inner * l->channels;
    TYPED(apply)(
      l, (const REAL *)call->forward->x + offset, (REAL *)call->forward->y + offset, l->rows * p / l->parts,
      l->rows * (p + 1) / l->parts, (const REAL *)call->vectors + n * l->vector_size);
  }
}

CLONES static void TYPED(whole_blocks)(void *context, int64_t begin, int64_t end) {
  const norm_call *call = context;
  const norm_layout *l = &call->layout;
  for (int64_t part = begin; part < end; part++) {
    double *work = call->works + part * l->work_size;
    REAL *vectors = (REAL *)call->vectors + part * l->vector_size;
    for (int64_t n = l->spec.outer * part / l->parts; n < l->spec.outer * (part + 1) / l->parts; n++) {
      const int64_t offset = n * l->spec.inner * l->channels;
      const REAL *x = (const REAL *)call->forward->x + offset;
      const int64_t count = TYPED(moments)(l, x, 0, l->rows, work);
      TYPED(settle)(call, n, work, 1, &count, vectors);
      TYPED(apply)(l, x, (REAL *)call->forward->y + offset, 0, l->rows, vectors);
    }
  }
}

// ---- Rows --------------------------------------------------------------------------------------------------------------

CLONES static void TYPED(whole_rows)(void *context, int64_t begin, int64_t end) {
  const norm_call *call = context;
  const apus_normalization_spec *spec = &call->layout.spec;
  const apus_normalization_operands *o = call->forward;
  const int64_t width = spec->width;
  for (int64_t row = begin; row < end; row++) {
    const REAL *x = (const REAL *)o->x + row * width;
    const REAL *scale = (const REAL *)o->scale + row % spec->groups * width, *shift = (const REAL *)o->shift + row % spec->groups * width;
    REAL *y = (REAL *)o->y + row * width;
    DOUBLES sums = (DOUBLES)0.0, squares = (DOUBLES)0.0;
    int64_t i = 0;
    for (; i + LANES <= width; i += LANES) {
      const DOUBLES value = TO_DOUBLES(LOAD(x + i));
      sums += value;
      if (sizeof(REAL) == 4) squares += value * value;
    }
    double sum = TYPED(sum_of_lanes)(&sums), square = 0;
    for (; i < width; i++) {
      sum += (double)x[i];
      if (sizeof(REAL) == 4) square += (double)x[i] * (double)x[i];
    }
    const double average = sum / (double)width, center = spec->is_centered ? average : 0;
    if (sizeof(REAL) == 4) {
      square += TYPED(sum_of_lanes)(&squares);
      square -= (double)width * center * center;
      square = square > 0 ? square : square != square ? square : 0;
    } else {
      i = 0;
      for (; i + LANES <= width; i += LANES) {
        const DOUBLES deviation = TO_DOUBLES(LOAD(x + i)) - center;
        squares += deviation * deviation;
      }
      square = TYPED(sum_of_lanes)(&squares);
      for (; i < width; i++) square += ((double)x[i] - center) * ((double)x[i] - center);
    }
    const double variance = square / (double)width, reciprocal = 1 / sqrt(variance + spec->epsilon);
    const REAL mean = (REAL)center, factor = (REAL)reciprocal;
    ((REAL *)o->mean)[row] = mean;
    ((REAL *)o->reciprocal_deviation)[row] = factor;
    ((REAL *)o->variance)[row] = (REAL)variance;
    i = 0;
    for (; i + LANES <= width; i += LANES) {
      STORE(y + i, (LOAD(x + i) - SPLAT(mean)) * SPLAT(factor) * LOAD(scale + i) + LOAD(shift + i));
    }
    for (; i < width; i++) y[i] = (x[i] - mean) * factor * scale[i] + shift[i];
  }
}

// ---- Backward, columns -------------------------------------------------------------------------------------------------

/// Adds `rows` rows to the sums of dy and of dy (x - mean) of each column.
INLINE void TYPED(add_products)(
  const REAL *dy, const REAL *x, const REAL *mean, int64_t rows, int64_t columns, int64_t stride, double *first, double *second) {
  int64_t j = 0;
  for (; j + LANES <= columns; j += LANES) {
    DOUBLES sum = DOUBLES_AT(first + j), products = DOUBLES_AT(second + j);
    const VECTOR center = LOAD(mean + j);
    for (int64_t r = 0; r < rows; r++) {
      const DOUBLES g = TO_DOUBLES(LOAD(dy + r * stride + j));
      sum += g;
      products += g * TO_DOUBLES(LOAD(x + r * stride + j) - center);
    }
    DOUBLES_AT(first + j) = sum;
    DOUBLES_AT(second + j) = products;
  }
  for (; j < columns; j++) {
    for (int64_t r = 0; r < rows; r++) {
      first[j] += (double)dy[r * stride + j];
      second[j] += (double)dy[r * stride + j] * (double)(x[r * stride + j] - mean[j]);
    }
  }
}

/// Sums over rows begin ..< end of an outer block of dy and of dy (x - mean), a channel, behind the sums a column of `work`.
INLINE void TYPED(products)(
  const norm_layout *l, const REAL *dy, const REAL *x, const REAL *mean, int64_t begin, int64_t end, double *work) {
  const int64_t columns = l->columns, channels = l->channels, copies = columns / channels;
  const int64_t rest = end == l->rows ? l->rest : 0;
  const int64_t block = norm_block_rows(2 * columns * (int64_t)sizeof(REAL));
  double *first = work, *second = work + columns;
  memset(work, 0, (size_t)(2 * columns) * sizeof(double));
  for (int64_t r = begin; r < end; r += block) {
    TYPED(add_products)(dy + r * columns, x + r * columns, mean, norm_minimum(block, end - r), columns, columns, first, second);
  }
  if (rest > 0) TYPED(add_products)(dy + end * columns, x + end * columns, mean, 1, rest, columns, first, second);
  for (int64_t c = 0; c < channels; c++) {
    double sum = 0, along = 0;
    for (int64_t k = 0; k < copies; k++) {
      sum += first[k * channels + c];
      along += second[k * channels + c];
    }
    work[2 * columns + c] = sum;
    work[2 * columns + channels + c] = along;
  }
}

/// Mean of each column of outer block n.
INLINE void TYPED(spread_means)(const norm_call *call, int64_t n, REAL *vectors) {
  const norm_layout *l = &call->layout;
  const REAL *mean = (const REAL *)call->backward->mean + n * l->spec.groups;
  for (int64_t g = 0; g < l->spec.groups; g++) {
    for (int64_t c = g * l->spec.width; c < (g + 1) * l->spec.width; c++) vectors[c] = mean[g];
  }
  norm_repeat(vectors, sizeof(REAL), 1, l->channels, l->columns);
}

/// From the sums of the parts of outer block n: the coefficients of dx = dy vectors[1] + (x - vectors[0]) vectors[2] + vectors[3], and what the
/// block adds to the gradients of scale and shift, in `totals`.
INLINE void TYPED(settle_backward)(
  const norm_call *call, int64_t n, const double *works, int64_t parts, REAL *vectors, double *totals) {
  const norm_layout *l = &call->layout;
  const REAL *scale = call->backward->scale;
  const REAL *reciprocals = (const REAL *)call->backward->reciprocal_deviation + n * l->spec.groups;
  const double count = (double)(l->spec.inner * l->spec.width);
  for (int64_t g = 0; g < l->spec.groups; g++) {
    const double reciprocal = (double)reciprocals[g];
    double total = 0, along = 0;
    for (int64_t c = g * l->spec.width; c < (g + 1) * l->spec.width; c++) {
      double sum = 0, product = 0;
      for (int64_t p = 0; p < parts; p++) {
        const double *sums = works + p * l->work_size + 2 * l->columns;
        sum += sums[c];
        product += sums[l->channels + c];
      }
      product *= reciprocal;
      total += sum * (double)scale[c];
      along += product * (double)scale[c];
      totals[c] += product;
      totals[l->channels + c] += sum;
    }
    total = l->spec.is_centered ? total / count : 0;
    along /= count;
    for (int64_t c = g * l->spec.width; c < (g + 1) * l->spec.width; c++) {
      vectors[l->columns + c] = (REAL)(reciprocal * (double)scale[c]);
      vectors[2 * l->columns + c] = (REAL)(-reciprocal * reciprocal * along);
      vectors[3 * l->columns + c] = (REAL)(-reciprocal * total);
    }
  }
  norm_repeat(vectors + l->columns, sizeof(REAL), 3, l->channels, l->columns);
}

INLINE void TYPED(apply_backward)(
  const norm_layout *l, const REAL *dy, const REAL *x, REAL *dx, int64_t begin, int64_t end, const REAL *vectors) {
  const int64_t columns = l->columns;
  const REAL *mean = vectors, *a = vectors + columns, *b = vectors + 2 * columns, *c = vectors + 3 * columns;
  const int64_t last = end == l->rows && l->rest > 0 ? end + 1 : end;
  for (int64_t r = begin; r < last; r++) {
    const int64_t width = r < end ? columns : l->rest, offset = r * columns;
    int64_t j = 0;
    for (; j + LANES <= width; j += LANES) {
      const VECTOR deviation = LOAD(x + offset + j) - LOAD(mean + j);
      STORE(dx + offset + j, LOAD(dy + offset + j) * LOAD(a + j) + (deviation * LOAD(b + j) + LOAD(c + j)));
    }
    for (; j < width; j++) dx[offset + j] = dy[offset + j] * a[j] + ((x[offset + j] - mean[j]) * b[j] + c[j]);
  }
}

CLONES static void TYPED(split_products)(void *context, int64_t begin, int64_t end) {
  const norm_call *call = context;
  const norm_layout *l = &call->layout;
  for (int64_t task = begin; task < end; task++) {
    const int64_t n = task / l->parts, p = task % l->parts, offset = n * l->spec.inner * l->channels;
    TYPED(products)(
      l, (const REAL *)call->backward->dy + offset, (const REAL *)call->backward->x + offset,
      (const REAL *)call->vectors + n * l->vector_size, l->rows * p / l->parts, l->rows * (p + 1) / l->parts,
      call->works + task * l->work_size);
  }
}

CLONES static void TYPED(split_apply_backward)(void *context, int64_t begin, int64_t end) {
  const norm_call *call = context;
  const norm_layout *l = &call->layout;
  const apus_normalization_backward_operands *o = call->backward;
  for (int64_t task = begin; task < end; task++) {
    const int64_t n = task / l->parts, p = task % l->parts, offset = n * l->spec.inner * l->channels;
    TYPED(apply_backward)(
      l, (const REAL *)o->dy + offset, (const REAL *)o->x + offset, (REAL *)o->dx + offset, l->rows * p / l->parts,
      l->rows * (p + 1) / l->parts, (const REAL *)call->vectors + n * l->vector_size);
  }
}

CLONES static void TYPED(whole_blocks_backward)(void *context, int64_t begin, int64_t end) {
  const norm_call *call = context;
  const norm_layout *l = &call->layout;
  const apus_normalization_backward_operands *o = call->backward;
  for (int64_t part = begin; part < end; part++) {
    double *work = call->works + part * l->work_size, *totals = call->totals + part * 2 * l->channels;
    REAL *vectors = (REAL *)call->vectors + part * l->vector_size;
    for (int64_t n = l->spec.outer * part / l->parts; n < l->spec.outer * (part + 1) / l->parts; n++) {
      const int64_t offset = n * l->spec.inner * l->channels;
      const REAL *dy = (const REAL *)o->dy + offset, *x = (const REAL *)o->x + offset;
      TYPED(spread_means)(call, n, vectors);
      TYPED(products)(l, dy, x, vectors, 0, l->rows, work);
      TYPED(settle_backward)(call, n, work, 1, vectors, totals);
      TYPED(apply_backward)(l, dy, x, (REAL *)o->dx + offset, 0, l->rows, vectors);
    }
  }
}

// ---- Backward, rows ----------------------------------------------------------------------------------------------------

enum { TYPED(ROW_BLOCK) = 8 };

/// Mean over a row of scale dy, and of scale dy (x - mean) / deviation.
INLINE void TYPED(row_products)(
  const REAL *dy, const REAL *x, const REAL *scale, int64_t width, REAL mean, REAL reciprocal, REAL *total, REAL *along) {
  DOUBLES sums = (DOUBLES)0.0, products = (DOUBLES)0.0;
  int64_t i = 0;
  for (; i + LANES <= width; i += LANES) {
    const VECTOR scaled = LOAD(dy + i) * LOAD(scale + i);
    sums += TO_DOUBLES(scaled);
    products += TO_DOUBLES(scaled * (LOAD(x + i) - SPLAT(mean)));
  }
  double sum = TYPED(sum_of_lanes)(&sums), product = TYPED(sum_of_lanes)(&products);
  for (; i < width; i++) {
    sum += (double)(dy[i] * scale[i]);
    product += (double)(dy[i] * scale[i] * (x[i] - mean));
  }
  *total = (REAL)(sum / (double)width);
  *along = (REAL)(product * (double)reciprocal / (double)width);
}

CLONES static void TYPED(whole_rows_backward)(void *context, int64_t begin, int64_t end) {
  const norm_call *call = context;
  const apus_normalization_spec *spec = &call->layout.spec;
  const apus_normalization_backward_operands *o = call->backward;
  const int64_t width = spec->width, channels = call->layout.channels, groups = spec->groups;
  const REAL *means = o->mean, *reciprocals = o->reciprocal_deviation;
  for (int64_t part = begin; part < end; part++) {
    const int64_t first = spec->outer * part / call->layout.parts, last = spec->outer * (part + 1) / call->layout.parts;
    for (int64_t g = 0; g < groups; g++) {
      double *dscale = call->totals + part * 2 * channels + g * width, *dshift = dscale + channels;
      const REAL *scale = (const REAL *)o->scale + g * width;
      for (int64_t n = first; n < last; n += TYPED(ROW_BLOCK)) {
        const int64_t count = norm_minimum(TYPED(ROW_BLOCK), last - n);
        REAL mean[TYPED(ROW_BLOCK)], reciprocal[TYPED(ROW_BLOCK)], total[TYPED(ROW_BLOCK)], along[TYPED(ROW_BLOCK)];
        const REAL *dy = (const REAL *)o->dy + (n * groups + g) * width, *x = (const REAL *)o->x + (n * groups + g) * width;
        REAL *dx = (REAL *)o->dx + (n * groups + g) * width;
        for (int64_t r = 0; r < count; r++) {
          mean[r] = means[(n + r) * groups + g];
          reciprocal[r] = reciprocals[(n + r) * groups + g];
          TYPED(row_products)(dy + r * channels, x + r * channels, scale, width, mean[r], reciprocal[r], &total[r], &along[r]);
          if (!spec->is_centered) total[r] = 0;
        }
        // Gradients of scale and shift gather in registers over a few rows.
        int64_t i = 0;
        for (; i + LANES <= width; i += LANES) {
          VECTOR sum = SPLAT(0), product = SPLAT(0);
          const VECTOR factor = LOAD(scale + i);
          for (int64_t r = 0; r < count; r++) {
            const VECTOR gradient = LOAD(dy + r * channels + i);
            const VECTOR normalized = (LOAD(x + r * channels + i) - SPLAT(mean[r])) * SPLAT(reciprocal[r]);
            sum += gradient;
            product += gradient * normalized;
            STORE(dx + r * channels + i, (gradient * factor - normalized * SPLAT(along[r]) - SPLAT(total[r])) * SPLAT(reciprocal[r]));
          }
          DOUBLES_AT(dscale + i) += TO_DOUBLES(product);
          DOUBLES_AT(dshift + i) += TO_DOUBLES(sum);
        }
        for (; i < width; i++) {
          for (int64_t r = 0; r < count; r++) {
            const REAL gradient = dy[r * channels + i], normalized = (x[r * channels + i] - mean[r]) * reciprocal[r];
            dshift[i] += (double)gradient;
            dscale[i] += (double)gradient * (double)normalized;
            dx[r * channels + i] = (gradient * scale[i] - normalized * along[r] - total[r]) * reciprocal[r];
          }
        }
      }
    }
  }
}

/// The gradients of scale and shift: the parts' sums, in order.
static void TYPED(collect)(const norm_call *call, int64_t sets) {
  const int64_t channels = call->layout.channels;
  REAL *dscale = call->backward->dscale, *dshift = call->backward->dshift;
  for (int64_t c = 0; c < channels; c++) {
    double scale = 0, shift = 0;
    for (int64_t s = 0; s < sets; s++) {
      scale += call->totals[s * 2 * channels + c];
      shift += call->totals[s * 2 * channels + channels + c];
    }
    dscale[c] = (REAL)scale;
    dshift[c] = (REAL)shift;
  }
}

static void TYPED(split_backward)(norm_call *call) {
  const norm_layout *l = &call->layout;
  for (int64_t n = 0; n < l->spec.outer; n++) TYPED(spread_means)(call, n, (REAL *)call->vectors + n * l->vector_size);
  apus_parallel_for(l->spec.outer * l->parts, call->cost, TYPED(split_products), call);
  for (int64_t n = 0; n < l->spec.outer; n++) {
    TYPED(settle_backward)(
      call, n, call->works + n * l->parts * l->work_size, l->parts, (REAL *)call->vectors + n * l->vector_size, call->totals);
  }
  apus_parallel_for(l->spec.outer * l->parts, call->cost, TYPED(split_apply_backward), call);
}

static void TYPED(forward)(norm_call *call) {
  const norm_layout *l = &call->layout;
  switch (l->mode) {
    case NORM_ROWS: apus_parallel_for(l->spec.outer * l->spec.groups, call->cost, TYPED(whole_rows), call); return;
    case NORM_BLOCKS: apus_parallel_for(l->parts, call->cost, TYPED(whole_blocks), call); return;
    case NORM_SPLIT:
      apus_parallel_for(l->spec.outer * l->parts, call->cost, TYPED(split_moments), call);
      TYPED(split_settle)(call, 0, l->spec.outer);
      apus_parallel_for(l->spec.outer * l->parts, call->cost, TYPED(split_apply), call);
      return;
  }
}

static void TYPED(backward)(norm_call *call) {
  const norm_layout *l = &call->layout;
  switch (l->mode) {
    case NORM_ROWS: apus_parallel_for(l->parts, call->cost, TYPED(whole_rows_backward), call); break;
    case NORM_BLOCKS: apus_parallel_for(l->parts, call->cost, TYPED(whole_blocks_backward), call); break;
    case NORM_SPLIT: TYPED(split_backward)(call); break;
  }
  TYPED(collect)(call, l->mode == NORM_SPLIT ? 1 : l->parts);
}

#undef DOUBLES_AT
#include "wide_end.h"
