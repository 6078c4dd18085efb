#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apus_parallel.h"
#include "matmul_plan.h"
#include "small_matmul.h"

static bool is_float(apus_dtype dtype) { return dtype == APUS_F32 || dtype == APUS_BF16; }

static bool has_extras(const apus_epilogue *e) {
  return e->bias != APUS_BIAS_NONE || e->residual || e->activation != APUS_ACTIVATION_NONE;
}

static const char *refusal(const apus_matmul_spec *s) {
  const apus_epilogue *e = &s->epilogue;
  if (s->batch_rank < 0 || s->batch_rank > APUS_MATMUL_MAX_BATCH_RANK) return "more than 4 batch axes";
  for (int axis = 0; axis < s->batch_rank; axis++) {
    if (s->batch[axis] < 0) return "a negative extent";
  }
  if (s->rows < 0 || s->columns < 0 || s->inner < 0) return "a negative extent";
  if (!is_float(s->a.dtype) || s->a.dtype != s->b.dtype) return "A and B must both be f32 or both bf16";
  if (s->c.dtype != APUS_F32 && s->c.dtype != s->a.dtype) return "C must be f32, or bf16 like A and B";
  if (s->columns > 1 && s->c.column_stride != 1) return "C needs unit column stride";
  if (s->rows > 1 && s->c.row_stride < s->columns) return "rows of C overlap";
  for (int axis = 0; axis < s->batch_rank; axis++) {
    if (s->batch[axis] > 1 && s->c.batch_strides[axis] <= 0) return "batch matrices of C overlap";
  }
  if (e->bias != APUS_BIAS_NONE && !is_float(e->bias_dtype)) return "the bias must be f32 or bf16";
  if (e->residual && !is_float(e->residual_dtype)) return "the residual must be f32 or bf16";
  if (!onednn_engine()) return "oneDNN has no CPU engine";
  return NULL;
}

/// Replaces a matrix by a dense copy. Shared batch axes stay shared, unless the other factor shares them too: oneDNN then wants a
/// factor with the full extent.
static void make_dense(
  apus_matrix *m, const apus_matrix *other, const apus_matmul_spec *s, int64_t rows, int64_t columns, size_t *bytes
) {
  int64_t stride = rows * columns;
  m->row_stride = columns;
  m->column_stride = 1;
  for (int axis = s->batch_rank - 1; axis >= 0; axis--) {
    if (m->batch_strides[axis] == 0 && other->batch_strides[axis] != 0) continue;
    m->batch_strides[axis] = stride;
    stride *= s->batch[axis];
  }
  *bytes = onednn_round_up((size_t)stride * apus_matmul_element_bytes(m->dtype));
}

// Width of the blocks of columns of a product with one row: small enough to share out, large enough to amortise a call.
enum { COLUMN_BLOCK = 64, REGISTER_BLOCK = 16 };

/// The faster of the two oneDNN entries for one f32 matrix, as measured on two cores of a Zen 4 processor.
static method choose_for_one(const apus_matmul *m) {
  const apus_matmul_spec *s = &m->spec;
  // The primitive parallelises over rows and columns of a grid; one row leaves it little.
  if (s->rows == 1 || s->columns == 1) return METHOD_GEMM;
  if (has_extras(&s->epilogue)) return METHOD_PRIMITIVE;
  bool a_transposed = m->a_layout == LAYOUT_TRANSPOSED, b_transposed = m->b_layout == LAYOUT_TRANSPOSED;
  if (a_transposed && !b_transposed) return METHOD_GEMM;
  if (a_transposed) return s->inner >= 1024 && s->columns > 64 ? METHOD_PRIMITIVE : METHOD_GEMM;
  return s->inner <= 512 && s->columns >= 4096 ? METHOD_GEMM : METHOD_PRIMITIVE;
}

/// OpenBLAS counts in int.
static bool fits_int(int64_t number) { return number <= INT_MAX; }

static int64_t largest_stride(const apus_matrix *m) { return m->row_stride > m->column_stride ? m->row_stride : m->column_stride; }

/// Whether OpenBLAS computes a block faster than oneDNN, both on one thread. Without AVX-512, oneDNN 2.6 reads a transposed A column by column
/// (40 to 47 Gflop/s where OpenBLAS reaches 87 to 90 on Zen 3) and has no kernel for few rows (57 against 77).
static bool prefers_openblas(const apus_matmul *m) {
  if (__builtin_cpu_supports("avx512f")) return false;
  const apus_matmul_spec *s = &m->spec;
  if (!fits_int(s->rows) || !fits_int(s->columns) || !fits_int(s->inner)) return false;
  if (!fits_int(largest_stride(&s->a)) || !fits_int(largest_stride(&s->b)) || !fits_int(largest_stride(&s->c))) return false;
  double work = (double)s->rows * (double)s->columns * (double)s->inner;
  if (m->a_layout == LAYOUT_TRANSPOSED) return work >= 8e6;
  return m->b_layout == LAYOUT_PLAIN && s->rows <= 256 && s->rows >= 16 && s->inner >= 256 && work >= 8e6;
}

static method choose(const apus_matmul *m) {
  const apus_matmul_spec *s = &m->spec;
  if (m->batch * s->rows * s->columns == 0) return METHOD_NOTHING;
  bool floats = s->a.dtype == APUS_F32;
  bool small = apus_small_matmul_fits(s->rows, s->columns, s->inner) || (s->rows == 1 && s->columns <= COLUMN_BLOCK);
  if (s->inner == 0 || (floats && small)) return METHOD_SMALL;
  if (!floats) return METHOD_PRIMITIVE;
  if (m->batch == 1) return choose_for_one(m);
  return METHOD_PRIMITIVE;
}

static bool share_an_axis(const apus_matmul_spec *s) {
  for (int axis = 0; axis < s->batch_rank; axis++) {
    if (s->a.batch_strides[axis] == 0 && s->b.batch_strides[axis] == 0) return true;
  }
  return false;
}

/// Packs what the method cannot read in place.
static void decide_packing(apus_matmul *m, bool everything) {
  apus_matmul_spec *s = &m->spec;
  m->a_source = s->a;
  m->b_source = s->b;
  if (m->method == METHOD_SMALL || m->method == METHOD_NOTHING) return;
  bool batches = m->method == METHOD_PRIMITIVE;
  bool a_odd = m->a_layout == LAYOUT_IRREGULAR || (batches && share_an_axis(s)) ||
               (batches && !apus_matrix_batch_is_regular(&s->a, s, s->rows, s->inner));
  bool b_odd = m->b_layout == LAYOUT_IRREGULAR || (batches && !apus_matrix_batch_is_regular(&s->b, s, s->inner, s->columns));
  if (a_odd || everything) {
    m->packs_a = true;
    make_dense(&s->a, &s->b, s, s->rows, s->inner, &m->a_bytes);
    m->a_layout = LAYOUT_PLAIN;
  }
  if (b_odd || everything) {
    m->packs_b = true;
    make_dense(&s->b, &s->a, s, s->inner, s->columns, &m->b_bytes);
    m->b_layout = LAYOUT_PLAIN;
  }
}

static bool is_dense(const apus_matrix *m, const apus_matmul_spec *s, int64_t rows, int64_t columns) {
  int64_t stride = rows * columns;
  bool dense = m->row_stride == columns;
  for (int axis = s->batch_rank - 1; axis >= 0; axis--) {
    dense = dense && m->batch_strides[axis] == stride;
    stride *= s->batch[axis];
  }
  return dense;
}

/// Whether the primitive carries the whole epilogue. oneDNN takes a scale before the bias, not after, so that a scaled product adds its
/// bias as an array; and where C is not dense, adding arrays crashed 2.6.3.
static bool fuses(const apus_matmul *m) {
  const apus_matmul_spec *s = &m->spec;
  const apus_epilogue *e = &s->epilogue;
  if (e->bias == APUS_BIAS_PER_ROW) return false;
  bool adds_arrays = e->residual || (e->bias != APUS_BIAS_NONE && e->scale != 1);
  return !adds_arrays || is_dense(&s->c, s, s->rows, s->columns);
}

/// Splits the epilogue between the method and a pass after it.
static void divide_epilogue(apus_matmul *m, bool fused) {
  apus_epilogue *e = &m->spec.epilogue;
  m->inner_spec = m->spec;
  apus_epilogue *inside = &m->inner_spec.epilogue;
  m->has_pass = fused ? !fuses(m) : has_extras(e);
  m->widens = m->spec.c.dtype == APUS_BF16 && (m->has_pass || m->method == METHOD_SMALL);
  if (m->widens) m->has_pass = true;
  if (!m->has_pass) return;
  m->pass = *e;
  *inside = (apus_epilogue){.scale = e->scale, .accumulate = e->accumulate && !m->widens};
  if (!m->widens) return;
  m->inner_spec.c.dtype = APUS_F32;
  make_dense(&m->inner_spec.c, &m->spec.c, &m->spec, m->spec.rows, m->spec.columns, &m->product_bytes);
}

/// Splits a single product among the threads. Inside a parallel region oneDNN's gemm stays on its thread. Its own threads suffer
/// more when other processes compete for the cores (median times 1.1 to 1.9 times as long in one comparison); and they
/// split the sum of a product with one row, so that the result would depend on their number.
static void divide_into_blocks(apus_matmul *m) {
  const apus_matmul_spec *s = &m->spec;
  int64_t threads = apus_thread_count();
  bool by_columns = s->columns >= s->rows;
  int64_t extent = by_columns ? s->columns : s->rows;
  int64_t block = s->rows == 1 ? COLUMN_BLOCK : (extent + threads - 1) / threads;
  // Blocks of whole registers, and of whole cache tiles where there is enough for all threads.
  int64_t unit = extent >= 2 * threads * COLUMN_BLOCK || s->rows == 1 ? COLUMN_BLOCK : REGISTER_BLOCK;
  block = (block + unit - 1) / unit * unit;
  m->block_rows = by_columns ? s->rows : block;
  m->block_columns = by_columns ? block : s->columns;
  m->blocks = (extent + block - 1) / block;
}

static dnnl_status_t prepare(apus_matmul *m) {
  const apus_matmul_spec *s = &m->inner_spec;
  const char *name = "nothing to compute";
  if (m->method == METHOD_PRIMITIVE) {
    dnnl_status_t status = onednn_matmul_create(&m->kernel, s);
    if (status != dnnl_success) return status;
    m->share_bytes = onednn_round_up(m->kernel.scratch_bytes);
    m->shares = 1;
    name = m->kernel.implementation;
  } else if (m->method == METHOD_SMALL) {
    m->shares = m->batch < apus_thread_count() ? m->batch : apus_thread_count();
    m->share_bytes = onednn_round_up(apus_small_matmul_scratch_bytes(s->columns, s->inner, s->b.column_stride));
    name = "small";
  } else if (m->method == METHOD_GEMM) {
    m->shares = m->batch < apus_thread_count() ? m->batch : apus_thread_count();
    divide_into_blocks(m);
    m->uses_openblas = prefers_openblas(m);
    name = m->uses_openblas ? "OpenBLAS" : "sgemm";
  }
  m->scratch_bytes = m->a_bytes + m->b_bytes + m->product_bytes + (size_t)m->shares * m->share_bytes;
  snprintf(
    m->implementation, sizeof m->implementation, "matmul %s%s%s%s", name, m->packs_a ? ", packs A" : "", m->packs_b ? ", packs B" : "",
    m->has_pass ? ", epilogue pass" : "");
  return dnnl_success;
}

/// How much is asked of oneDNN. Where it has no specialised code for an operation as it stands, the next plan is tried.
typedef enum { PLAN_FUSED, PLAN_SEPARATE_EPILOGUE, PLAN_DENSE_OPERANDS, PLAN_COUNT } plan;

/// Whether the code that oneDNN chose is to be used. Besides the specialised kernels there are loops over its general gemm and a
/// reference implementation, which is very slow.
static bool accepts(const apus_matmul *m, plan plan) {
  if (m->method != METHOD_PRIMITIVE || strncmp(m->kernel.implementation, "brg", 3) == 0) return true;
  if (plan == PLAN_SEPARATE_EPILOGUE) return strncmp(m->kernel.implementation, "ref", 3) != 0;
  return plan == PLAN_DENSE_OPERANDS;
}

apus_matmul *apus_matmul_create(const apus_matmul_spec *spec, char *message, size_t capacity) {
  const char *reason = refusal(spec);
  if (reason) {
    snprintf(message, capacity, "matrix product: %s", reason);
    return NULL;
  }
  apus_enter_pool();
  apus_matmul *m = calloc(1, sizeof *m);
  if (!m) {
    snprintf(message, capacity, "matrix product: out of memory");
    return NULL;
  }
  apus_matmul_spec s = *spec;
  apus_matmul_canonicalise(&s);
  matrix_layout a_layout = apus_matrix_classify(&s.a, s.rows, s.inner), b_layout = apus_matrix_classify(&s.b, s.inner, s.columns);
  if (s.rows == 1) s.c.row_stride = s.columns;
  s.c.column_stride = 1;

  dnnl_status_t status = dnnl_success;
  for (plan plan = PLAN_FUSED; plan < PLAN_COUNT; plan++) {
    *m = (apus_matmul){.spec = s, .a_layout = a_layout, .b_layout = b_layout, .batch = apus_matmul_batch_count(&s)};
    m->flops = 2.0 * (double)m->batch * (double)s.rows * (double)s.columns * (double)s.inner;
    m->method = choose(m);
    if (plan > PLAN_FUSED && s.a.dtype == APUS_F32) m->method = METHOD_GEMM;
    decide_packing(m, plan == PLAN_DENSE_OPERANDS);
    divide_epilogue(m, plan == PLAN_FUSED && m->method == METHOD_PRIMITIVE);
    status = prepare(m);
    if (status == dnnl_success && accepts(m, plan)) return m;
    onednn_kernel_destroy(&m->kernel);
  }
  snprintf(message, capacity, "matrix product: oneDNN refused it with status %d", (int)status);
  free(m);
  return NULL;
}

size_t apus_matmul_scratch_bytes(const apus_matmul *m) { return m->scratch_bytes; }

double apus_matmul_flops(const apus_matmul *m) { return m->flops; }

const char *apus_matmul_implementation(const apus_matmul *m) { return m->implementation; }

void apus_matmul_destroy(apus_matmul *m) {
  if (!m) return;
  onednn_kernel_destroy(&m->kernel);
  free(m);
}
