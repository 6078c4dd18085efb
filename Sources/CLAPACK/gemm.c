#include "apus_gemm.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apus_parallel.h"

typedef enum { LAYOUT_PLAIN, LAYOUT_TRANSPOSED, LAYOUT_IRREGULAR } layout;

struct apus_gemm {
  apus_gemm_spec spec;
  layout a_layout, b_layout;
  int64_t batch, shares;
  /// Of one share: copies of an A and a B that BLAS cannot read in place.
  size_t a_bytes, b_bytes;
  double flops;
};

// Products of fewer operations run one a thread, larger ones with BLAS's own threads.
static const double LARGEST_FOR_ONE_THREAD = 2.0 * 256 * 256 * 256;

static size_t round_up(size_t bytes) { return (bytes + 63) / 64 * 64; }

static size_t element_bytes(const apus_gemm_spec *s) { return s->dtype == APUS_F32 ? sizeof(float) : sizeof(double); }

static const char *refusal(const apus_gemm_spec *s) {
  if (s->dtype != APUS_F32 && s->dtype != APUS_F64) return "the matrices must be f32 or f64";
  if (s->batch_rank < 0 || s->batch_rank > APUS_GEMM_MAX_BATCH_RANK) return "more than 4 batch axes";
  for (int axis = 0; axis < s->batch_rank; axis++) {
    if (s->batch[axis] < 0) return "a negative extent";
    if (s->batch[axis] > 1 && s->c.batch_strides[axis] <= 0) return "batch matrices of C overlap";
  }
  if (s->rows < 0 || s->columns < 0 || s->inner < 0) return "a negative extent";
  if (s->rows > INT32_MAX || s->columns > INT32_MAX || s->inner > INT32_MAX) return "an extent beyond 2^31";
  if (s->columns > 1 && s->c.column_stride != 1) return "C needs unit column stride";
  if (s->rows > 1 && (s->c.row_stride < s->columns || s->c.row_stride > INT32_MAX)) return "rows of C overlap or are too far apart";
  return NULL;
}

/// Also gives axes of one element a stride that BLAS accepts.
static layout classify(apus_gemm_matrix *m, int64_t rows, int64_t columns) {
  if (columns <= 1) m->column_stride = 1;
  if (rows <= 1) m->row_stride = m->column_stride == 1 ? columns : 1;
  if (m->column_stride == 1 && m->row_stride >= columns && m->row_stride <= INT32_MAX) return LAYOUT_PLAIN;
  if (m->row_stride == 1 && m->column_stride >= rows && m->column_stride <= INT32_MAX) return LAYOUT_TRANSPOSED;
  return LAYOUT_IRREGULAR;
}

apus_gemm *apus_gemm_create(const apus_gemm_spec *spec, char *message, size_t capacity) {
  const char *reason = refusal(spec);
  apus_gemm *g = reason ? NULL : calloc(1, sizeof *g);
  if (!reason && !g) reason = "out of memory";
  if (reason) {
    snprintf(message, capacity, "matrix product: %s", reason);
    return NULL;
  }
  apus_gemm_spec *s = &g->spec;
  *s = *spec;
  g->a_layout = classify(&s->a, s->rows, s->inner);
  g->b_layout = classify(&s->b, s->inner, s->columns);
  if (s->rows <= 1) s->c.row_stride = s->columns;
  if (g->a_layout == LAYOUT_IRREGULAR) g->a_bytes = round_up((size_t)(s->rows * s->inner) * element_bytes(s));
  if (g->b_layout == LAYOUT_IRREGULAR) g->b_bytes = round_up((size_t)(s->inner * s->columns) * element_bytes(s));
  g->batch = 1;
  for (int axis = 0; axis < s->batch_rank; axis++) g->batch *= s->batch[axis];
  double each = 2.0 * (double)s->rows * (double)s->columns * (double)s->inner;
  g->flops = each * (double)g->batch;
  int64_t threads = apus_thread_count();
  g->shares = each > LARGEST_FOR_ONE_THREAD ? 1 : g->batch < threads ? g->batch : threads;
  return g;
}

static int64_t batch_offset(const apus_gemm_matrix *m, const apus_gemm_spec *s, int64_t index) {
  int64_t offset = 0;
  for (int axis = s->batch_rank - 1; axis >= 0; axis--) {
    offset += index % s->batch[axis] * m->batch_strides[axis];
    index /= s->batch[axis];
  }
  return offset;
}

#define PACK(type)                                                                                        \
  for (int64_t r = 0; r < rows; r++) {                                                                    \
    const type *from = (const type *)source + r * m->row_stride;                                          \
    for (int64_t c = 0; c < columns; c++) ((type *)target)[r * columns + c] = from[c * m->column_stride]; \
  }

static void pack(const apus_gemm_matrix *m, const apus_gemm_spec *s, int64_t rows, int64_t columns, const void *source, void *target) {
  if (s->dtype == APUS_F32) {
    PACK(float)
  } else {
    PACK(double)
  }
}

typedef struct {
  const apus_gemm *gemm;
  const char *a, *b;
  char *c, *scratch;
} batch_run;

/// What BLAS is told of an operand.
typedef struct {
  const void *address;
  CBLAS_TRANSPOSE transposed;
  int leading;
} operand;

static operand place(
  layout layout, const apus_gemm_matrix *m, const apus_gemm_spec *s, int64_t rows, int64_t columns, const void *source, void *copy
) {
  switch (layout) {
  case LAYOUT_PLAIN: return (operand){source, CblasNoTrans, (int)m->row_stride};
  case LAYOUT_TRANSPOSED: return (operand){source, CblasTrans, (int)m->column_stride};
  case LAYOUT_IRREGULAR: break;
  }
  pack(m, s, rows, columns, source, copy);
  return (operand){copy, CblasNoTrans, (int)(columns > 1 ? columns : 1)};
}

static void run_shares(void *context, int64_t begin, int64_t end) {
  const batch_run *r = context;
  const apus_gemm *g = r->gemm;
  const apus_gemm_spec *s = &g->spec;
  int64_t bytes = (int64_t)element_bytes(s);
  int m = (int)s->rows, n = (int)s->columns, k = (int)s->inner, c_leading = (int)s->c.row_stride;
  for (int64_t share = begin; share < end; share++) {
    char *scratch = r->scratch + (size_t)share * (g->a_bytes + g->b_bytes);
    int64_t first = g->batch * share / g->shares, last = g->batch * (share + 1) / g->shares;
    for (int64_t index = first; index < last; index++) {
      const void *a_source = r->a + batch_offset(&s->a, s, index) * bytes, *b_source = r->b + batch_offset(&s->b, s, index) * bytes;
      operand a = place(g->a_layout, &s->a, s, s->rows, s->inner, a_source, scratch);
      operand b = place(g->b_layout, &s->b, s, s->inner, s->columns, b_source, scratch + g->a_bytes);
      void *c = r->c + batch_offset(&s->c, s, index) * bytes;
      double beta = s->accumulate ? 1 : 0;
      if (s->dtype == APUS_F32) {
        cblas_sgemm(
          CblasRowMajor, a.transposed, b.transposed, m, n, k, (float)s->alpha, a.address, a.leading, b.address, b.leading, (float)beta, c,
          c_leading);
      } else {
        cblas_dgemm(
          CblasRowMajor, a.transposed, b.transposed, m, n, k, s->alpha, a.address, a.leading, b.address, b.leading, beta, c, c_leading);
      }
    }
  }
}

/// A sum of no terms.
static void clear(const apus_gemm *g, char *c) {
  const apus_gemm_spec *s = &g->spec;
  size_t bytes = element_bytes(s);
  for (int64_t index = 0; index < g->batch && !s->accumulate; index++) {
    char *matrix = c + batch_offset(&s->c, s, index) * (int64_t)bytes;
    for (int64_t row = 0; row < s->rows; row++) memset(matrix + (size_t)(row * s->c.row_stride) * bytes, 0, (size_t)s->columns * bytes);
  }
}

void apus_gemm_run(const apus_gemm *g, const void *a, const void *b, void *c, void *scratch) {
  if (g->batch == 0 || g->spec.rows == 0 || g->spec.columns == 0) return;
  if (g->spec.inner == 0) {
    clear(g, c);
    return;
  }
  // Below some hundred microseconds of work, OpenBLAS's team would spin for the next product longer than it computes this one.
  if (g->flops < 4e6) {
    apus_enter_alone();
  } else {
    apus_enter_pool();
  }
  batch_run r = {g, a, b, c, scratch};
  if (g->shares == 1) {
    run_shares(&r, 0, 1);
  } else {
    apus_parallel_for(g->shares, (int64_t)g->flops, run_shares, &r);
  }
}

size_t apus_gemm_scratch_bytes(const apus_gemm *g) { return (size_t)g->shares * (g->a_bytes + g->b_bytes); }

double apus_gemm_flops(const apus_gemm *g) { return g->flops; }

void apus_gemm_destroy(apus_gemm *g) { free(g); }
