#include "matmul_primitive.h"

#define TRY(call)                                  \
  do {                                             \
    dnnl_status_t status_ = (call);                \
    if (status_ != dnnl_success) return status_;   \
  } while (0)

static dnnl_status_t describe(
  dnnl_memory_desc_t *layout, const apus_matmul_spec *s, const apus_matrix *m, apus_dtype dtype, int64_t rows, int64_t columns
) {
  dnnl_dims_t extents, strides;
  for (int axis = 0; axis < s->batch_rank; axis++) {
    // oneDNN broadcasts an axis of one element.
    bool shared = m->batch_strides[axis] == 0;
    extents[axis] = shared ? 1 : s->batch[axis];
    strides[axis] = shared ? rows * columns : m->batch_strides[axis];
  }
  extents[s->batch_rank] = rows;
  extents[s->batch_rank + 1] = columns;
  strides[s->batch_rank] = m->row_stride;
  strides[s->batch_rank + 1] = m->column_stride;
  return dnnl_memory_desc_init_by_strides(layout, s->batch_rank + 2, extents, onednn_data_type(dtype), strides);
}

/// A vector along the columns, seen as an array of the product's rank.
static dnnl_status_t describe_bias(dnnl_memory_desc_t *layout, const apus_matmul_spec *s) {
  dnnl_dims_t extents, strides;
  int rank = s->batch_rank + 2;
  for (int axis = 0; axis < rank; axis++) {
    extents[axis] = axis == rank - 1 ? s->columns : 1;
    strides[axis] = axis == rank - 1 ? 1 : s->columns;
  }
  return dnnl_memory_desc_init_by_strides(layout, rank, extents, onednn_data_type(s->epilogue.bias_dtype), strides);
}

/// oneDNN scales the bias along with the product, so a scaled product takes its bias as a separate addition.
static bool adds_bias_separately(const apus_epilogue *e) { return e->bias == APUS_BIAS_PER_COLUMN && e->scale != 1; }

static dnnl_status_t fill_operations(
  dnnl_post_ops_t operations, dnnl_primitive_attr_t attributes, const apus_epilogue *e, const dnnl_memory_desc_t *bias,
  const dnnl_memory_desc_t *residual
) {
  TRY(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user));
  if (e->scale != 1) TRY(dnnl_primitive_attr_set_output_scales(attributes, 1, 0, &e->scale));
  if (e->accumulate) TRY(dnnl_post_ops_append_sum(operations, 1));
  if (adds_bias_separately(e)) TRY(dnnl_post_ops_append_binary(operations, dnnl_binary_add, bias));
  if (e->residual) TRY(dnnl_post_ops_append_binary(operations, dnnl_binary_add, residual));
  TRY(onednn_append_activation(operations, e));
  return dnnl_primitive_attr_set_post_ops(attributes, operations);
}

dnnl_status_t onednn_matmul_create(onednn_kernel *kernel, const apus_matmul_spec *s) {
  const apus_epilogue *e = &s->epilogue;
  dnnl_memory_desc_t a, b, c, bias, residual;
  TRY(describe(&a, s, &s->a, s->a.dtype, s->rows, s->inner));
  TRY(describe(&b, s, &s->b, s->b.dtype, s->inner, s->columns));
  TRY(describe(&c, s, &s->c, s->c.dtype, s->rows, s->columns));
  TRY(describe(&residual, s, &s->c, e->residual ? e->residual_dtype : s->c.dtype, s->rows, s->columns));
  bool has_bias = e->bias == APUS_BIAS_PER_COLUMN, separate_bias = adds_bias_separately(e);
  if (has_bias) TRY(describe_bias(&bias, s));

  dnnl_matmul_desc_t product;
  TRY(dnnl_matmul_desc_init(&product, &a, &b, has_bias && !separate_bias ? &bias : NULL, &c));
  dnnl_primitive_attr_t attributes;
  TRY(dnnl_primitive_attr_create(&attributes));
  dnnl_post_ops_t operations;
  dnnl_status_t status = dnnl_post_ops_create(&operations);
  if (status == dnnl_success) {
    status = fill_operations(operations, attributes, e, &bias, &residual);
    dnnl_post_ops_destroy(operations);
  }
  dnnl_primitive_desc_t descriptor = NULL;
  if (status == dnnl_success) status = dnnl_primitive_desc_create(&descriptor, &product, attributes, onednn_engine(), NULL);
  dnnl_primitive_attr_destroy(attributes);
  if (status != dnnl_success) return status;

  onednn_argument arguments[ONEDNN_MAX_ARGUMENTS] = {{DNNL_ARG_SRC, &a}, {DNNL_ARG_WEIGHTS, &b}, {DNNL_ARG_DST, &c}};
  int count = 3, operation = e->accumulate ? 1 : 0;
  if (has_bias) {
    int index = separate_bias ? DNNL_ARG_ATTR_MULTIPLE_POST_OP(operation++) | DNNL_ARG_SRC_1 : DNNL_ARG_BIAS;
    arguments[count++] = (onednn_argument){index, &bias};
  }
  if (e->residual) arguments[count++] = (onednn_argument){DNNL_ARG_ATTR_MULTIPLE_POST_OP(operation) | DNNL_ARG_SRC_1, &residual};
  return onednn_kernel_create(kernel, descriptor, count, arguments);
}

dnnl_status_t onednn_matmul_run(onednn_kernel *kernel, const apus_matmul_spec *s, const apus_matmul_operands *o, void *scratch) {
  const void *addresses[ONEDNN_MAX_ARGUMENTS] = {o->a, o->b, o->c};
  int count = 3;
  if (s->epilogue.bias == APUS_BIAS_PER_COLUMN) addresses[count++] = o->bias;
  if (s->epilogue.residual) addresses[count] = o->residual;
  return onednn_kernel_run(kernel, addresses, scratch);
}
