#include "convolution_primitive.h"

#include <string.h>

#define TRY(call)                                  \
  do {                                             \
    dnnl_status_t status_ = (call);                \
    if (status_ != dnnl_success) return status_;   \
  } while (0)

typedef struct {
  dnnl_memory_desc_t input, weights, output, bias, residual;
} layouts;

static dnnl_status_t describe_activations(
  dnnl_memory_desc_t *layout, const apus_convolution_spec *s, int64_t channels, const int64_t *spatial, apus_dtype dtype
) {
  int rank = s->spatial_rank + 2;
  dnnl_dims_t extents, strides;
  extents[0] = s->batch;
  extents[1] = channels;
  strides[1] = 1;
  int64_t stride = channels;
  for (int axis = s->spatial_rank - 1; axis >= 0; axis--) {
    extents[axis + 2] = spatial[axis];
    strides[axis + 2] = stride;
    stride *= spatial[axis];
  }
  strides[0] = stride;
  return dnnl_memory_desc_init_by_strides(layout, rank, extents, onednn_data_type(dtype), strides);
}

/// `preferred` has the same extents and no layout yet.
static dnnl_status_t describe_weights(dnnl_memory_desc_t *given, dnnl_memory_desc_t *preferred, const apus_convolution_spec *s) {
  int grouped = s->groups > 1, rank = s->spatial_rank + 2 + grouped;
  int64_t in = s->in_channels / s->groups, out = s->out_channels / s->groups, stride = in;
  dnnl_dims_t extents, strides;
  extents[grouped] = out;
  extents[grouped + 1] = in;
  strides[grouped + 1] = 1;
  for (int axis = s->spatial_rank - 1; axis >= 0; axis--) {
    extents[grouped + 2 + axis] = s->kernel[axis];
    strides[grouped + 2 + axis] = stride;
    stride *= s->kernel[axis];
  }
  strides[grouped] = stride;
  if (grouped) {
    extents[0] = s->groups;
    strides[0] = stride * out;
  }
  dnnl_data_type_t type = onednn_data_type(s->weights_dtype);
  TRY(dnnl_memory_desc_init_by_strides(given, rank, extents, type, strides));
  return dnnl_memory_desc_init_by_tag(preferred, rank, extents, type, dnnl_format_tag_any);
}

static dnnl_status_t describe(layouts *l, dnnl_memory_desc_t *given_weights, const apus_convolution_spec *s) {
  TRY(describe_activations(&l->input, s, s->in_channels, s->input, s->input_dtype));
  TRY(describe_activations(&l->output, s, s->out_channels, s->output, s->output_dtype));
  apus_dtype residual_dtype = s->epilogue.residual ? s->epilogue.residual_dtype : s->output_dtype;
  TRY(describe_activations(&l->residual, s, s->out_channels, s->output, residual_dtype));
  TRY(describe_weights(given_weights, &l->weights, s));
  dnnl_dims_t channels = {s->out_channels}, unit = {1};
  return dnnl_memory_desc_init_by_strides(&l->bias, 1, channels, onednn_data_type(s->epilogue.bias_dtype), unit);
}

static bool has_bias(const apus_convolution_spec *s) {
  if (s->kind == APUS_CONVOLUTION_FORWARD) return s->epilogue.bias != APUS_BIAS_NONE;
  return s->kind == APUS_CONVOLUTION_BACKWARD_WEIGHTS && s->bias_gradient;
}

static dnnl_status_t describe_operation(dnnl_convolution_desc_t *operation, const layouts *l, const apus_convolution_spec *s) {
  dnnl_dims_t gaps;
  for (int axis = 0; axis < s->spatial_rank; axis++) gaps[axis] = s->dilation[axis] - 1;
  const dnnl_memory_desc_t *bias = has_bias(s) ? &l->bias : NULL;
  switch (s->kind) {
  case APUS_CONVOLUTION_FORWARD:
    return dnnl_dilated_convolution_forward_desc_init(
      operation, dnnl_forward_training, dnnl_convolution_direct, &l->input, &l->weights, bias, &l->output, s->stride, gaps, s->padding_low,
      s->padding_high);
  case APUS_CONVOLUTION_BACKWARD_DATA:
    return dnnl_dilated_convolution_backward_data_desc_init(
      operation, dnnl_convolution_direct, &l->input, &l->weights, &l->output, s->stride, gaps, s->padding_low, s->padding_high);
  case APUS_CONVOLUTION_BACKWARD_WEIGHTS:
    return dnnl_dilated_convolution_backward_weights_desc_init(
      operation, dnnl_convolution_direct, &l->input, &l->weights, bias, &l->output, s->stride, gaps, s->padding_low, s->padding_high);
  }
  return dnnl_invalid_arguments;
}

static dnnl_status_t fill_operations(
  dnnl_post_ops_t operations, dnnl_primitive_attr_t attributes, const layouts *l, const apus_epilogue *e
) {
  if (e->residual) TRY(dnnl_post_ops_append_binary(operations, dnnl_binary_add, &l->residual));
  TRY(onednn_append_activation(operations, e));
  return dnnl_primitive_attr_set_post_ops(attributes, operations);
}

static dnnl_status_t fill_attributes(dnnl_primitive_attr_t attributes, const layouts *l, const apus_convolution_spec *s) {
  TRY(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user));
  if (s->kind != APUS_CONVOLUTION_FORWARD) return dnnl_success;
  dnnl_post_ops_t operations;
  TRY(dnnl_post_ops_create(&operations));
  dnnl_status_t status = fill_operations(operations, attributes, l, &s->epilogue);
  dnnl_post_ops_destroy(operations);
  return status;
}

static bool meets(const apus_convolution_spec *s, int axis, int64_t output, int64_t tap) {
  int64_t place = output * s->stride[axis] - s->padding_low[axis] + tap * s->dilation[axis];
  return place >= 0 && place < s->input[axis];
}

/// Whether some output is a sum of padding only.
static bool has_output_without_input(const apus_convolution_spec *s) {
  for (int axis = 0; axis < s->spatial_rank; axis++) {
    for (int64_t output = 0; output < s->output[axis]; output++) {
      int64_t tap = 0;
      while (tap < s->kernel[axis] && !meets(s, axis, output, tap)) tap++;
      if (tap == s->kernel[axis]) return true;
    }
  }
  return false;
}

/// Whether some weight only ever meets padding.
static bool has_weight_without_input(const apus_convolution_spec *s) {
  for (int axis = 0; axis < s->spatial_rank; axis++) {
    for (int64_t tap = 0; tap < s->kernel[axis]; tap++) {
      int64_t output = 0;
      while (output < s->output[axis] && !meets(s, axis, output, tap)) output++;
      if (output == s->output[axis]) return true;
    }
  }
  return false;
}

/// oneDNN 2.6.3 returns garbage from specialised kernels, seen in bf16, where a sum has no term. The f32 kernels of the same family are
/// passed over as well in the forward direction.
static bool is_faulty(const char *implementation, const apus_convolution_spec *s) {
  if (s->kind == APUS_CONVOLUTION_BACKWARD_DATA) return false;
  if (strncmp(implementation, "brg", 3) == 0) return has_output_without_input(s);
  if (s->input_dtype != APUS_BF16 || strncmp(implementation, "jit", 3) != 0) return false;
  return s->kind == APUS_CONVOLUTION_FORWARD ? has_output_without_input(s) : has_weight_without_input(s);
}

/// oneDNN's first choice that computes this convolution correctly.
static dnnl_status_t choose_implementation(
  dnnl_primitive_desc_t *descriptor, const dnnl_convolution_desc_t *operation, dnnl_primitive_attr_t attributes,
  const apus_convolution_spec *s
) {
  dnnl_primitive_desc_iterator_t candidates;
  dnnl_status_t status = dnnl_primitive_desc_iterator_create(&candidates, operation, attributes, onednn_engine(), NULL);
  while (status == dnnl_success) {
    const char *name = "";
    *descriptor = dnnl_primitive_desc_iterator_fetch(candidates);
    status = *descriptor ? dnnl_primitive_desc_query(*descriptor, dnnl_query_impl_info_str, 0, &name) : dnnl_out_of_memory;
    if (status == dnnl_success && !is_faulty(name, s)) break;
    dnnl_primitive_desc_destroy(*descriptor);
    if (status == dnnl_success) status = dnnl_primitive_desc_iterator_next(candidates);
  }
  dnnl_primitive_desc_iterator_destroy(candidates);
  return status;
}

dnnl_status_t onednn_convolution_create(onednn_convolution *c, const apus_convolution_spec *s) {
  layouts l;
  dnnl_convolution_desc_t operation;
  dnnl_primitive_attr_t attributes;
  memset(c, 0, sizeof *c);
  TRY(describe(&l, &c->given_weights, s));
  TRY(describe_operation(&operation, &l, s));
  TRY(dnnl_primitive_attr_create(&attributes));
  dnnl_status_t status = fill_attributes(attributes, &l, s);
  dnnl_primitive_desc_t descriptor = NULL;
  if (status == dnnl_success) status = choose_implementation(&descriptor, &operation, attributes, s);
  dnnl_primitive_attr_destroy(attributes);
  if (status != dnnl_success) return status;

  bool to_weights = s->kind == APUS_CONVOLUTION_BACKWARD_WEIGHTS, to_input = s->kind == APUS_CONVOLUTION_BACKWARD_DATA;
  bool forward = s->kind == APUS_CONVOLUTION_FORWARD;
  c->weights = *dnnl_primitive_desc_query_md(descriptor, to_weights ? dnnl_query_diff_weights_md : dnnl_query_weights_md, 0);
  onednn_argument arguments[ONEDNN_MAX_ARGUMENTS] = {
    {to_input ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, &l.input},
    {to_weights ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, &c->weights},
    {forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, &l.output},
  };
  int count = 3;
  if (has_bias(s)) arguments[count++] = (onednn_argument){to_weights ? DNNL_ARG_DIFF_BIAS : DNNL_ARG_BIAS, &l.bias};
  if (forward && s->epilogue.residual) {
    arguments[count++] = (onednn_argument){DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, &l.residual};
  }
  return onednn_kernel_create(&c->kernel, descriptor, count, arguments);
}

dnnl_status_t onednn_convolution_run(
  onednn_convolution *c, const apus_convolution_spec *s, const apus_convolution_operands *o, void *weights, void *scratch
) {
  const void *addresses[ONEDNN_MAX_ARGUMENTS] = {o->input, weights, o->output};
  int count = 3;
  if (has_bias(s)) addresses[count++] = o->bias;
  if (s->kind == APUS_CONVOLUTION_FORWARD && s->epilogue.residual) addresses[count] = o->residual;
  return onednn_kernel_run(&c->kernel, addresses, scratch);
}

dnnl_status_t onednn_reorder_create(onednn_kernel *kernel, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to) {
  dnnl_primitive_attr_t attributes;
  memset(kernel, 0, sizeof *kernel);
  TRY(dnnl_primitive_attr_create(&attributes));
  dnnl_status_t status = dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
  dnnl_primitive_desc_t descriptor = NULL;
  if (status == dnnl_success) {
    status = dnnl_reorder_primitive_desc_create(&descriptor, from, onednn_engine(), to, onednn_engine(), attributes);
  }
  dnnl_primitive_attr_destroy(attributes);
  if (status != dnnl_success) return status;
  onednn_argument arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
  return onednn_kernel_create(kernel, descriptor, 2, arguments);
}
