#include <cblas.h>

#include "apus_parallel.h"
#include "epilogue.h"
#include "matmul_plan.h"
#include "pack.h"
#include "small_matmul.h"

static void pack_matrix(
  const apus_matrix *m, const apus_matrix *packed, const apus_matmul_spec *s, int64_t rows, int64_t columns, const void *source,
  void *target
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
  apus_pack(rank, extents, strides, apus_matmul_element_bytes(m->dtype), source, target);
}

typedef struct {
  const apus_matmul *matmul;
  const void *a, *b;
  void *product;
  const apus_matmul_operands *operands;
  char *scratch;
  dnnl_status_t status;
} batch_run;

/// Finishes a block of the product: what the method itself could not.
static void run_pass_on_block(
  const apus_matmul *m, const batch_run *r, int64_t index, int64_t row, int64_t rows, int64_t column, int64_t columns
) {
  const apus_matmul_spec *s = &m->spec;
  int64_t product_stride = m->inner_spec.c.row_stride;
  int64_t c_offset = apus_matrix_batch_offset(&s->c, s, index) + row * s->c.row_stride + column;
  int64_t product_offset = apus_matrix_batch_offset(&m->inner_spec.c, s, index) + row * product_stride + column;
  const char *bias = r->operands->bias, *residual = r->operands->residual;
  if (bias) bias += (m->pass.bias == APUS_BIAS_PER_ROW ? row : column) * (int64_t)apus_matmul_element_bytes(m->pass.bias_dtype);
  apus_epilogue_pass pass = {
    .rows = rows,
    .columns = columns,
    .product = (const float *)r->product + product_offset,
    .product_stride = product_stride,
    .dtype = s->c.dtype,
    .result = (char *)r->operands->c + c_offset * (int64_t)apus_matmul_element_bytes(s->c.dtype),
    .result_stride = s->c.row_stride,
    .bias = bias,
    .residual = residual ? residual + c_offset * (int64_t)apus_matmul_element_bytes(m->pass.residual_dtype) : NULL,
    .accumulate = m->widens && m->pass.accumulate,
  };
  apus_epilogue_run(&m->pass, &pass);
}

static void run_pass_on(const apus_matmul *m, const batch_run *r, int64_t index) {
  run_pass_on_block(m, r, index, 0, m->spec.rows, 0, m->spec.columns);
}

static dnnl_status_t run_gemm(const apus_matmul *m, int64_t rows, int64_t columns, const float *a, const float *b, float *c) {
  const apus_matmul_spec *s = &m->inner_spec;
  bool a_transposed = m->a_layout == LAYOUT_TRANSPOSED, b_transposed = m->b_layout == LAYOUT_TRANSPOSED;
  int64_t a_stride = a_transposed ? s->a.column_stride : s->a.row_stride, b_stride = b_transposed ? s->b.column_stride : s->b.row_stride;
  float beta = s->epilogue.accumulate ? 1 : 0;
  if (m->uses_openblas) {
    cblas_sgemm(
      CblasRowMajor, a_transposed ? CblasTrans : CblasNoTrans, b_transposed ? CblasTrans : CblasNoTrans, (int)rows, (int)columns,
      (int)s->inner, s->epilogue.scale, a, (int)a_stride, b, (int)b_stride, beta, c, (int)s->c.row_stride);
    return dnnl_success;
  }
  return dnnl_sgemm(
    a_transposed ? 'T' : 'N', b_transposed ? 'T' : 'N', rows, columns, s->inner, s->epilogue.scale, a, a_stride, b, b_stride, beta, c,
    s->c.row_stride);
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
        dnnl_status_t status = run_gemm(m, s->rows, s->columns, a, b, c);
        if (status != dnnl_success) __atomic_store_n(&r->status, status, __ATOMIC_RELAXED);
      }
      if (m->has_pass) run_pass_on(m, r, index);
    }
  }
}

static void run_blocks(void *context, int64_t begin, int64_t end) {
  batch_run *r = context;
  const apus_matmul *m = r->matmul;
  const apus_matmul_spec *s = &m->inner_spec;
  for (int64_t block = begin; block < end; block++) {
    int64_t row = m->block_rows < s->rows ? block * m->block_rows : 0, rows = s->rows - row;
    int64_t column = m->block_columns < s->columns ? block * m->block_columns : 0, columns = s->columns - column;
    if (rows > m->block_rows) rows = m->block_rows;
    if (columns > m->block_columns) columns = m->block_columns;
    dnnl_status_t status = run_gemm(
      m, rows, columns, (const float *)r->a + row * s->a.row_stride, (const float *)r->b + column * s->b.column_stride,
      (float *)r->product + row * s->c.row_stride + column);
    if (status != dnnl_success) __atomic_store_n(&r->status, status, __ATOMIC_RELAXED);
    if (m->has_pass) run_pass_on_block(m, r, 0, row, rows, column, columns);
  }
}

static void run_passes(void *context, int64_t begin, int64_t end) {
  const batch_run *r = context;
  for (int64_t index = begin; index < end; index++) run_pass_on(r->matmul, r, index);
}

int apus_matmul_run(apus_matmul *m, const apus_matmul_operands *operands) {
  if (m->method == METHOD_NOTHING) return 0;
  // Threads are given their share here: a region of oneDNN's own would have its team spin between the small products of a step.
  if (m->method == METHOD_PRIMITIVE) {
    apus_enter_pool();
  } else {
    apus_enter_alone();
  }
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
  if (m->method == METHOD_GEMM && m->batch == 1) {
    apus_parallel_for(m->blocks, (int64_t)m->flops, run_blocks, &r);
    return r.status;
  }
  apus_parallel_for(m->shares, (int64_t)m->flops, run_shares, &r);
  return r.status;
}
