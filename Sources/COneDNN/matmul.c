#include "apus_matmul.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apus_parallel.h"
#include "epilogue.h"
#include "matmul_layout.h"
#include "matmul_primitive.h"
#include "pack.h"
#include "small_matmul.h"

typedef enum {
  /// No element of C.
  METHOD_NOTHING,
  /// Own kernel, one matrix a thread.
  METHOD_SMALL,
  /// oneDNN's BLAS interface; with several matrices, one a thread.
  METHOD_GEMM,
  /// oneDNN's matmul primitive, which also carries the epilogue.
  METHOD_PRIMITIVE,
} method;

struct apus_matmul {
  /// Canonical, after packing.
  apus_matmul_spec spec;
  method method;
  matrix_layout a_layout, b_layout;
  /// Layouts before packing.
  bool packs_a, packs_b;
  apus_matrix a_source, b_source;
  /// What stays for a separate pass over the product.
  bool has_pass;
  apus_epilogue pass;
  /// The product in f32 has a place of its own when C is bf16 and a pass follows.
  bool widens;
  apus_matmul_spec inner_spec;
  onednn_kernel kernel;
  int64_t batch, shares;
  /// One row times a matrix is split into blocks of columns; 0 where it is not.
  int64_t column_blocks;
  size_t a_bytes, b_bytes, product_bytes, share_bytes, scratch_bytes;
  double flops;
  char implementation[96];
};

static size_t element_bytes(apus_dtype dtype) { return dtype == APUS_BF16 ? 2 : 4; }

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
  *bytes = onednn_round_up((size_t)stride * element_bytes(m->dtype));
}

static void pack_matrix(
  const apus_matrix *m, const apus_matrix *packed, const apus_matmul_spec *s, int64_t rows, int64_t columns, const void *source, void *target
) {
  int64_t extents[APUS_PACK_MAX_RANK], strides[APUS_PACK_MAX_RANK];
  int rank = 0;
  for (int axis = 0; axis < s->batch_rank; axis++) {
    if (packed->batch_strides[axis] == 0) continue;
    extents[rank] = s->batch[axis];
    strides[rank++] = m->batch_strides[axis];
  }
  extents[rank] = rows;
  strides[rank++] = m->row_stride;
  extents[rank] = columns;
  strides[rank++] = m->column_stride;
  apus_pack(rank, extents, strides, element_bytes(m->dtype), source, target);
}

// oneDNN splits the sum of a product with one row by the number of threads, and the result would depend on it. Blocks of columns of
// this width, each on one thread, do not; and they are as fast.
enum { COLUMN_BLOCK = 64 };

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
  bool a_odd = m->a_layout == LAYOUT_IRREGULAR || (batches && (share_an_axis(s) || !apus_matrix_batch_is_regular(&s->a, s, s->rows, s->inner)));
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
/// bias as an array; and where C is not dense it computes wrong addresses for added arrays.
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

static int64_t count_column_blocks(const apus_matmul *m) {
  const apus_matmul_spec *s = &m->spec;
  bool splits = m->method == METHOD_GEMM && m->batch == 1 && s->rows == 1;
  return splits ? (s->columns + COLUMN_BLOCK - 1) / COLUMN_BLOCK : 0;
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
    m->column_blocks = count_column_blocks(m);
    name = "sgemm";
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

typedef struct {
  const apus_matmul *matmul;
  const void *a, *b;
  void *product;
  const apus_matmul_operands *operands;
  char *scratch;
  dnnl_status_t status;
} batch_run;

static void run_pass_on(const apus_matmul *m, const batch_run *r, int64_t index) {
  const apus_matmul_spec *s = &m->spec;
  int64_t c_offset = apus_matrix_batch_offset(&s->c, s, index);
  int64_t product_offset = apus_matrix_batch_offset(&m->inner_spec.c, s, index);
  const char *residual = r->operands->residual;
  apus_epilogue_pass pass = {
    .rows = s->rows,
    .columns = s->columns,
    .product = (const float *)r->product + product_offset,
    .product_stride = m->inner_spec.c.row_stride,
    .dtype = s->c.dtype,
    .result = (char *)r->operands->c + c_offset * (int64_t)element_bytes(s->c.dtype),
    .result_stride = s->c.row_stride,
    .bias = r->operands->bias,
    .residual = residual ? residual + c_offset * (int64_t)element_bytes(m->pass.residual_dtype) : NULL,
    .accumulate = m->widens && m->pass.accumulate,
  };
  apus_epilogue_run(&m->pass, &pass);
}

static dnnl_status_t run_gemm(const apus_matmul *m, int64_t columns, const float *a, const float *b, float *c) {
  const apus_matmul_spec *s = &m->inner_spec;
  bool a_transposed = m->a_layout == LAYOUT_TRANSPOSED, b_transposed = m->b_layout == LAYOUT_TRANSPOSED;
  return dnnl_sgemm(
    a_transposed ? 'T' : 'N', b_transposed ? 'T' : 'N', s->rows, columns, s->inner, s->epilogue.scale, a,
    a_transposed ? s->a.column_stride : s->a.row_stride, b, b_transposed ? s->b.column_stride : s->b.row_stride,
    s->epilogue.accumulate ? 1 : 0, c, s->c.row_stride);
}

/// One share of the batch; the partition decides only who computes a matrix, not how.
static void run_shares(void *context, int64_t begin, int64_t end) {
  batch_run *r = context;
  const apus_matmul *m = r->matmul;
  const apus_matmul_spec *s = &m->inner_spec;
  for (int64_t share = begin; share < end; share++) {
    int64_t first = m->batch * share / m->shares, last = m->batch * (share + 1) / m->shares;
    for (int64_t index = first; index < last; index++) {
      const float *a = (const float *)r->a + apus_matrix_batch_offset(&s->a, s, index);
      const float *b = (const float *)r->b + apus_matrix_batch_offset(&s->b, s, index);
      float *c = (float *)r->product + apus_matrix_batch_offset(&s->c, s, index);
      if (m->method == METHOD_SMALL) {
        apus_small_matmul(
          s->rows, s->columns, s->inner, s->epilogue.scale, a, s->a.row_stride, s->a.column_stride, b, s->b.row_stride, s->b.column_stride,
          s->epilogue.accumulate, c, s->c.row_stride, (float *)(r->scratch + (size_t)share * m->share_bytes));
      } else {
        dnnl_status_t status = run_gemm(m, s->columns, a, b, c);
        if (status != dnnl_success) __atomic_store_n(&r->status, status, __ATOMIC_RELAXED);
      }
      if (m->has_pass) run_pass_on(m, r, index);
    }
  }
}

static void run_column_blocks(void *context, int64_t begin, int64_t end) {
  batch_run *r = context;
  const apus_matmul_spec *s = &r->matmul->inner_spec;
  for (int64_t block = begin; block < end; block++) {
    int64_t first = block * COLUMN_BLOCK, left = s->columns - first;
    const float *b = (const float *)r->b + first * s->b.column_stride;
    dnnl_status_t status = run_gemm(r->matmul, left < COLUMN_BLOCK ? left : COLUMN_BLOCK, r->a, b, (float *)r->product + first);
    if (status != dnnl_success) __atomic_store_n(&r->status, status, __ATOMIC_RELAXED);
  }
}

static void run_passes(void *context, int64_t begin, int64_t end) {
  const batch_run *r = context;
  for (int64_t index = begin; index < end; index++) run_pass_on(r->matmul, r, index);
}

int apus_matmul_run(apus_matmul *m, const apus_matmul_operands *operands) {
  if (m->method == METHOD_NOTHING) return 0;
  apus_enter_pool();
  const apus_matmul_spec *s = &m->inner_spec;
  batch_run r = {m, operands->a, operands->b, operands->c, operands, operands->scratch, dnnl_success};
  if (m->packs_a) {
    pack_matrix(&m->a_source, &s->a, s, s->rows, s->inner, r.a, r.scratch);
    r.a = r.scratch;
    r.scratch += m->a_bytes;
  }
  if (m->packs_b) {
    pack_matrix(&m->b_source, &s->b, s, s->inner, s->columns, r.b, r.scratch);
    r.b = r.scratch;
    r.scratch += m->b_bytes;
  }
  if (m->widens) {
    r.product = r.scratch;
    r.scratch += m->product_bytes;
  }
  if (m->method == METHOD_PRIMITIVE) {
    apus_matmul_operands inside = {r.a, r.b, r.product, operands->bias, operands->residual, r.scratch};
    dnnl_status_t status = onednn_matmul_run(&m->kernel, s, &inside, r.scratch);
    if (status != dnnl_success) return status;
    if (m->has_pass) apus_parallel_for(m->batch, 8 * m->batch * s->rows * s->columns, run_passes, &r);
    return 0;
  }
  if (m->column_blocks > 0) {
    apus_parallel_for(m->column_blocks, (int64_t)m->flops, run_column_blocks, &r);
    if (m->has_pass) run_pass_on(m, &r, 0);
    return r.status;
  }
  apus_parallel_for(m->shares, (int64_t)m->flops, run_shares, &r);
  return r.status;
}

size_t apus_matmul_scratch_bytes(const apus_matmul *m) { return m->scratch_bytes; }

double apus_matmul_flops(const apus_matmul *m) { return m->flops; }

const char *apus_matmul_implementation(const apus_matmul *m) { return m->implementation; }

void apus_matmul_destroy(apus_matmul *m) {
  if (!m) return;
  onednn_kernel_destroy(&m->kernel);
  free(m);
}
