#include "apus_convolution.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apus_depthwise.h"
#include "apus_matmul.h"
#include "apus_parallel.h"
#include "convolution_parts.h"
#include "epilogue.h"

struct apus_convolution {
  apus_convolution_spec spec;
  convolution_parts parts;
  /// Between the given layout of the weights and oneDNN's, in the direction that the kind asks for.
  bool reorders;
  onednn_kernel reorder;
  /// Weights in a place of their own although their layout is the given one.
  bool copies_weights;
  /// The whole epilogue as a pass over the result. What is added to, or is bf16, waits for it in f32 in a place of its own.
  bool has_pass, has_product;
  apus_epilogue pass;
  apus_dtype result_dtype;
  size_t weights_bytes, product_bytes, scratch_bytes;
  double flops;
  bool is_empty;
  /// Takes the place of the primitive for some 1 x 1 kernels.
  apus_matmul *matmul;
  /// Takes the place of the primitive where each channel has a kernel of its own.
  bool is_depthwise;
  apus_depthwise_spec depthwise;
  char implementation[96];
};

static bool is_float(apus_dtype dtype) { return dtype == APUS_F32 || dtype == APUS_BF16; }

static size_t element_bytes(apus_dtype dtype) { return dtype == APUS_BF16 ? 2 : 4; }

static const char *refusal(const apus_convolution_spec *s) {
  if (s->spatial_rank < 1 || s->spatial_rank > APUS_CONVOLUTION_MAX_SPATIAL_RANK) return "the number of spatial axes must be 1 to 3";
  if (s->groups < 1 || s->in_channels < 1 || s->out_channels < 1 || s->batch < 0) return "a non-positive extent";
  if (s->in_channels % s->groups || s->out_channels % s->groups) return "groups do not divide the channels";
  for (int axis = 0; axis < s->spatial_rank; axis++) {
    if (s->stride[axis] < 1 || s->dilation[axis] < 1) return "stride and dilation must be at least 1";
    if (s->kernel[axis] < 1 || s->input[axis] < 1 || s->output[axis] < 1) return "a non-positive extent";
    if (s->padding_low[axis] < 0 || s->padding_high[axis] < 0) return "negative padding";
    int64_t room = s->input[axis] + s->padding_low[axis] + s->padding_high[axis] - s->dilation[axis] * (s->kernel[axis] - 1) - 1;
    if (room < 0 || room / s->stride[axis] + 1 != s->output[axis]) return "the output's extent does not follow from the input's";
  }
  bool forward = s->kind == APUS_CONVOLUTION_FORWARD, to_input = s->kind == APUS_CONVOLUTION_BACKWARD_DATA;
  if (!forward && !to_input && s->kind != APUS_CONVOLUTION_BACKWARD_WEIGHTS) return "unknown kind";
  apus_dtype written = forward ? s->output_dtype : to_input ? s->input_dtype : s->weights_dtype;
  apus_dtype first = to_input ? s->weights_dtype : s->input_dtype, second = forward ? s->weights_dtype : s->output_dtype;
  if (!is_float(first) || first != second) return "what is read must be all f32 or all bf16";
  if (written != APUS_F32 && written != first) return "what is written must be f32, or bf16 like what is read";
  const apus_epilogue *e = &s->epilogue;
  if (e->scale != 1) return "the scale must be 1";
  if (e->bias == APUS_BIAS_PER_ROW) return "the bias must be one value a channel";
  if (!forward && (e->bias != APUS_BIAS_NONE || e->accumulate || e->residual || e->activation != APUS_ACTIVATION_NONE)) {
    return "only the forward direction has an epilogue";
  }
  if ((e->bias != APUS_BIAS_NONE || s->bias_gradient) && !is_float(e->bias_dtype)) return "the bias must be f32 or bf16";
  if (e->residual && !is_float(e->residual_dtype)) return "the residual must be f32 or bf16";
  if (!onednn_engine()) return "oneDNN has no CPU engine";
  return NULL;
}

static double count_flops(const apus_convolution_spec *s) {
  double flops = 2.0 * (double)s->batch * (double)s->out_channels * (double)(s->in_channels / s->groups);
  for (int axis = 0; axis < s->spatial_rank; axis++) flops *= (double)s->output[axis] * (double)s->kernel[axis];
  return flops;
}

static int64_t output_rows(const apus_convolution_spec *s) {
  int64_t rows = s->batch;
  for (int axis = 0; axis < s->spatial_rank; axis++) rows *= s->output[axis];
  return rows;
}

/// Takes the epilogue out of the primitive.
static void separate_epilogue(apus_convolution *c) {
  apus_convolution_spec *s = &c->spec;
  c->has_pass = true;
  c->pass = s->epilogue;
  c->result_dtype = s->output_dtype;
  c->has_product = s->output_dtype == APUS_BF16 || s->epilogue.accumulate;
  s->epilogue = (apus_epilogue){.scale = 1};
  if (!c->has_product) return;
  c->product_bytes = onednn_round_up((size_t)(output_rows(s) * s->out_channels) * sizeof(float));
  s->output_dtype = APUS_F32;
}

static dnnl_status_t create_primitive(apus_convolution *c) {
  // oneDNN 2.6.3 crashed in its specialised kernel on random convolutions that add to their result and then apply an activation.
  if (c->spec.epilogue.accumulate) separate_epilogue(c);
  dnnl_status_t status = convolution_parts_create(&c->parts, &c->spec);
  if (status != dnnl_success && !c->has_pass && c->spec.epilogue.activation != APUS_ACTIVATION_NONE) {
    // Seen with a grouped, dilated bf16 convolution and GELU, which oneDNN accepts without the activation.
    separate_epilogue(c);
    return convolution_parts_create(&c->parts, &c->spec);
  }
  if (status != dnnl_success || !c->spec.epilogue.residual) return status;
  // The general gemm implementation of 2.6.3 adds a residual wrongly when channels come last.
  if (!strstr(convolution_parts_implementation(&c->parts), "gemm")) return dnnl_success;
  convolution_parts_destroy(&c->parts);
  separate_epilogue(c);
  return convolution_parts_create(&c->parts, &c->spec);
}

static dnnl_status_t prepare(apus_convolution *c) {
  dnnl_status_t status = create_primitive(c);
  if (status != dnnl_success) return status;
  const dnnl_memory_desc_t *given = convolution_parts_given_weights(&c->parts), *preferred = convolution_parts_weights(&c->parts);
  c->reorders = !dnnl_memory_desc_equal(given, preferred);
  if (c->reorders) {
    bool to_weights = c->spec.kind == APUS_CONVOLUTION_BACKWARD_WEIGHTS;
    status = onednn_reorder_create(&c->reorder, to_weights ? preferred : given, to_weights ? given : preferred);
    if (status != dnnl_success) return status;
  }
  // The sum of the parts' gradients covers whole lines, which the given memory need not have.
  bool sums = c->parts.count > 1 && c->spec.kind == APUS_CONVOLUTION_BACKWARD_WEIGHTS;
  c->copies_weights = !c->reorders && sums && dnnl_memory_desc_get_size(preferred) % 64 != 0;
  if (c->reorders || c->copies_weights) c->weights_bytes = c->parts.weights_bytes;
  // The two primitives run one after the other and share what lies behind the weights.
  size_t first = c->parts.scratch_bytes, second = c->reorder.scratch_bytes;
  c->scratch_bytes = c->weights_bytes + c->product_bytes + onednn_round_up(first > second ? first : second);
  snprintf(
    c->implementation, sizeof c->implementation, "convolution %s in %d%s%s%s", convolution_parts_implementation(&c->parts), c->parts.count,
    c->reorders ? ", weights through " : "", c->reorders ? c->reorder.implementation : "", c->has_pass ? ", epilogue pass" : "");
  return dnnl_success;
}

/// Whether the gradient of the weights is faster as output^T input: with 1 x 1 kernels, unless all channels fill whole registers or there
/// are few of them.
static bool prefers_matmul(const apus_convolution_spec *s) {
  bool suits = s->kind == APUS_CONVOLUTION_BACKWARD_WEIGHTS && s->input_dtype == APUS_F32 && s->groups == 1 && !s->bias_gradient;
  for (int axis = 0; axis < s->spatial_rank; axis++) {
    suits = suits && s->kernel[axis] == 1 && s->stride[axis] == 1 && s->padding_low[axis] == 0 && s->padding_high[axis] == 0;
  }
  return suits && s->in_channels >= 64 && !(s->in_channels % 64 == 0 && s->out_channels % 64 == 0);
}

static apus_matmul *weights_matmul(const apus_convolution_spec *s, char *message, size_t capacity) {
  apus_matmul_spec product = {
    .rows = s->out_channels,
    .columns = s->in_channels,
    .inner = output_rows(s),
    .a = {.row_stride = 1, .column_stride = s->out_channels},
    .b = {.row_stride = s->in_channels, .column_stride = 1},
    .c = {.row_stride = s->in_channels, .column_stride = 1},
    .epilogue = {.scale = 1},
  };
  return apus_matmul_create(&product, message, capacity);
}

/// Whether our own kernel computes it: the gradient of the weights, in which oneDNN's takes 2 to 37 times as long with 5 x 5 kernels and
/// larger (with 3 x 3 both are alike: 6.6 to 11.2 ms against 5.4 to 5.7, and 3.1 to 3.5 against 5.9 to 7.4 where images are 8 x 8), and the
/// gradient of the input where the kernel leaps or the image is tiny. Elsewhere oneDNN's is the faster one.
static bool describe_depthwise(const apus_convolution_spec *s, apus_depthwise_spec *result) {
  bool suits = s->groups > 1 && s->groups == s->in_channels && s->groups == s->out_channels && s->spatial_rank <= 2 && !s->bias_gradient;
  suits = suits && s->input_dtype == APUS_F32 && s->weights_dtype == APUS_F32 && s->output_dtype == APUS_F32;
  *result = (apus_depthwise_spec){.dtype = APUS_F32, .batch = s->batch, .channels = s->groups};
  for (int axis = 0; axis < 2; axis++) {
    // One spatial axis is the width of images of height 1.
    int from = axis - (2 - s->spatial_rank);
    result->input[axis] = from < 0 ? 1 : s->input[from];
    result->output[axis] = from < 0 ? 1 : s->output[from];
    result->kernel[axis] = from < 0 ? 1 : s->kernel[from];
    result->stride[axis] = from < 0 ? 1 : s->stride[from];
    result->dilation[axis] = from < 0 ? 1 : s->dilation[from];
    result->padding_before[axis] = from < 0 ? 0 : s->padding_low[from];
  }
  bool leaps = result->stride[0] > 1 || result->stride[1] > 1, is_tiny = result->input[0] * result->input[1] <= 16;
  bool is_faster = s->kind == APUS_CONVOLUTION_BACKWARD_WEIGHTS || (s->kind == APUS_CONVOLUTION_BACKWARD_DATA && (leaps || is_tiny));
  return suits && is_faster && apus_depthwise_supports(result);
}

static void run_depthwise(const apus_convolution *c, const apus_convolution_operands *o) {
  if (c->spec.kind == APUS_CONVOLUTION_BACKWARD_WEIGHTS) {
    apus_depthwise_backward_weights(&c->depthwise, o->input, o->output, o->weights, o->scratch);
  } else {
    apus_depthwise_backward_data(&c->depthwise, o->output, o->weights, o->input, o->scratch);
  }
}

apus_convolution *apus_convolution_create(const apus_convolution_spec *spec, char *message, size_t capacity) {
  const char *reason = refusal(spec);
  if (reason) {
    snprintf(message, capacity, "convolution: %s", reason);
    return NULL;
  }
  apus_convolution *c = calloc(1, sizeof *c);
  if (!c) {
    snprintf(message, capacity, "convolution: out of memory");
    return NULL;
  }
  apus_enter_alone();
  c->spec = *spec;
  c->flops = count_flops(spec);
  c->is_empty = spec->batch == 0;
  if (c->is_empty) {
    snprintf(c->implementation, sizeof c->implementation, "convolution of an empty batch");
    return c;
  }
  if (prefers_matmul(spec)) {
    c->matmul = weights_matmul(spec, message, capacity);
    if (!c->matmul) {
      free(c);
      return NULL;
    }
    c->scratch_bytes = apus_matmul_scratch_bytes(c->matmul);
    snprintf(c->implementation, sizeof c->implementation, "convolution as %s", apus_matmul_implementation(c->matmul));
    return c;
  }
  if (describe_depthwise(spec, &c->depthwise)) {
    c->is_depthwise = true;
    bool to_weights = spec->kind == APUS_CONVOLUTION_BACKWARD_WEIGHTS;
    c->scratch_bytes = to_weights ? apus_depthwise_weights_scratch_bytes(&c->depthwise) : apus_depthwise_scratch_bytes(&c->depthwise);
    snprintf(c->implementation, sizeof c->implementation, "convolution depthwise");
    return c;
  }
  dnnl_status_t status = prepare(c);
  if (status == dnnl_success) return c;
  snprintf(message, capacity, "convolution: oneDNN refused it with status %d", (int)status);
  apus_convolution_destroy(c);
  return NULL;
}

/// The gradient over no examples is zero.
static void clear_gradients(const apus_convolution_spec *s, const apus_convolution_operands *o) {
  if (s->kind != APUS_CONVOLUTION_BACKWARD_WEIGHTS) return;
  size_t count = (size_t)(s->out_channels * (s->in_channels / s->groups));
  for (int axis = 0; axis < s->spatial_rank; axis++) count *= (size_t)s->kernel[axis];
  memset(o->weights, 0, count * element_bytes(s->weights_dtype));
  if (s->bias_gradient) memset(o->bias, 0, (size_t)s->out_channels * element_bytes(s->epilogue.bias_dtype));
}

typedef struct {
  const apus_convolution *convolution;
  const float *product;
  const apus_convolution_operands *operands;
} pass_run;

static void run_pass(void *context, int64_t begin, int64_t end) {
  const pass_run *r = context;
  const apus_convolution *c = r->convolution;
  apus_dtype dtype = c->result_dtype;
  const char *residual = r->operands->residual;
  int64_t columns = c->spec.out_channels, first = begin * columns;
  apus_epilogue_pass pass = {
    .rows = end - begin,
    .columns = columns,
    .product = r->product + first,
    .product_stride = columns,
    .dtype = dtype,
    .result = (char *)r->operands->output + first * (int64_t)element_bytes(dtype),
    .result_stride = columns,
    .bias = r->operands->bias,
    .residual = residual ? residual + first * (int64_t)element_bytes(c->pass.residual_dtype) : NULL,
    .accumulate = c->pass.accumulate,
  };
  apus_epilogue_run(&c->pass, &pass);
}

static dnnl_status_t run_primitives(apus_convolution *c, const apus_convolution_operands *o, char *scratch) {
  if (!c->reorders && !c->copies_weights) return convolution_parts_run(&c->parts, o, o->weights, scratch);
  void *weights = scratch;
  scratch += c->weights_bytes;
  if (c->spec.kind == APUS_CONVOLUTION_BACKWARD_WEIGHTS) {
    dnnl_status_t status = convolution_parts_run(&c->parts, o, weights, scratch);
    if (status != dnnl_success) return status;
    if (c->reorders) return onednn_kernel_run(&c->reorder, (const void *[]){weights, o->weights}, scratch);
    memcpy(o->weights, weights, dnnl_memory_desc_get_size(convolution_parts_weights(&c->parts)));
    return dnnl_success;
  }
  dnnl_status_t status = onednn_kernel_run(&c->reorder, (const void *[]){o->weights, weights}, scratch);
  if (status != dnnl_success) return status;
  return convolution_parts_run(&c->parts, o, weights, scratch);
}

int apus_convolution_run(apus_convolution *c, const apus_convolution_operands *operands) {
  if (c->is_empty) {
    clear_gradients(&c->spec, operands);
    return 0;
  }
  if (c->matmul) {
    apus_matmul_operands o = {.a = operands->output, .b = operands->input, .c = operands->weights, .scratch = operands->scratch};
    return apus_matmul_run(c->matmul, &o);
  }
  if (c->is_depthwise) {
    run_depthwise(c, operands);
    return 0;
  }
  apus_enter_alone();
  if (!c->has_pass) return run_primitives(c, operands, operands->scratch);
  char *scratch = operands->scratch;
  apus_convolution_operands inside = *operands;
  if (c->has_product) inside.output = scratch;
  dnnl_status_t status = run_primitives(c, &inside, scratch + c->product_bytes);
  if (status != dnnl_success) return status;
  pass_run r = {c, inside.output, operands};
  int64_t rows = output_rows(&c->spec);
  apus_parallel_for(rows, 12 * rows * c->spec.out_channels, run_pass, &r);
  return 0;
}

size_t apus_convolution_scratch_bytes(const apus_convolution *c) { return c->scratch_bytes; }

double apus_convolution_flops(const apus_convolution *c) { return c->flops; }

const char *apus_convolution_implementation(const apus_convolution *c) { return c->implementation; }

void apus_convolution_destroy(apus_convolution *c) {
  if (!c) return;
  convolution_parts_destroy(&c->parts);
  onednn_kernel_destroy(&c->reorder);
  apus_matmul_destroy(c->matmul);
  free(c);
}
