#include "convolution_parts.h"

#include <stdlib.h>
#include <string.h>

#include "apus_parallel.h"

// Parts of less than about this many floating point operations, some tens of microseconds, are not worth handing out.
static const double smallest_part = 1e6;
// Above this, twice as many parts as threads let a thread that is free take more.
static const double large_part = 1e8;

static size_t element_bytes(apus_dtype dtype) { return dtype == APUS_BF16 ? 2 : 4; }

static int64_t spatial_extent(const int64_t *extents, int rank, int from) {
  int64_t product = 1;
  for (int axis = from; axis < rank; axis++) product *= extents[axis];
  return product;
}

static double count_flops(const apus_convolution_spec *s) {
  return 2.0 * (double)s->batch * (double)s->out_channels * (double)(s->in_channels / s->groups) *
         (double)spatial_extent(s->output, s->spatial_rank, 0) * (double)spatial_extent(s->kernel, s->spatial_rank, 0);
}

static int wanted_parts(const apus_convolution_spec *s) {
  int64_t threads = apus_thread_count();
  double flops = count_flops(s);
  if (threads == 1 || flops < 2 * smallest_part || s->bias_gradient) return 1;
  // Partial gradients are added in f32.
  if (s->kind == APUS_CONVOLUTION_BACKWARD_WEIGHTS && s->weights_dtype != APUS_F32) return 1;
  int64_t count = flops / (double)threads >= large_part && s->kind != APUS_CONVOLUTION_BACKWARD_WEIGHTS ? 2 * threads : threads;
  if ((double)count * smallest_part > flops) count = (int64_t)(flops / smallest_part);
  if (s->batch > 1 && count > s->batch) count = s->batch;
  return count < CONVOLUTION_MAX_PARTS ? (int)count : CONVOLUTION_MAX_PARTS;
}

static int64_t floor_divide(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

/// The rows of the first spatial axis that part `index` of `count` computes, and those that it reads, with the padding that is left for it. False
/// where no padding >= 0 expresses it.
static bool cut_rows(apus_convolution_spec *part, const apus_convolution_spec *s, int index, int count, int64_t *input, int64_t *output) {
  int64_t stride = s->stride[0], reach = s->dilation[0] * (s->kernel[0] - 1), padding = s->padding_low[0];
  int64_t input_end, output_end;
  if (s->kind == APUS_CONVOLUTION_BACKWARD_DATA) {
    *input = s->input[0] * index / count;
    input_end = s->input[0] * (index + 1) / count;
    // Output row o reads the input rows o * stride - padding ... + reach.
    *output = -floor_divide(-(*input + padding - reach), stride);
    output_end = floor_divide(input_end - 1 + padding, stride) + 1;
    if (*output < 0) *output = 0;
    if (output_end > s->output[0]) output_end = s->output[0];
  } else {
    *output = s->output[0] * index / count;
    output_end = s->output[0] * (index + 1) / count;
    *input = *output * stride - padding;
    input_end = (output_end - 1) * stride - padding + reach + 1;
    if (*input < 0) *input = 0;
    if (input_end > s->input[0]) input_end = s->input[0];
  }
  if (*input >= input_end || *output >= output_end) return false;
  part->input[0] = input_end - *input;
  part->output[0] = output_end - *output;
  part->padding_low[0] = padding + *input - *output * stride;
  part->padding_high[0] = (part->output[0] - 1) * stride + reach + 1 - part->input[0] - part->padding_low[0];
  if (part->padding_high[0] < 0) part->padding_high[0] = 0;
  int64_t room = part->input[0] + part->padding_low[0] + part->padding_high[0] - reach - 1;
  return part->padding_low[0] >= 0 && room >= 0 && room / stride + 1 == part->output[0];
}

/// Describes the parts; false where the convolution cannot be cut into so many.
static bool cut(convolution_parts *p, const apus_convolution_spec *s, int count) {
  int64_t input_row = s->in_channels * spatial_extent(s->input, s->spatial_rank, 1);
  int64_t output_row = s->out_channels * spatial_extent(s->output, s->spatial_rank, 1);
  int64_t share = (s->batch + count - 1) / count;
  p->count = 0;
  for (int index = 0; index < count; index++) {
    apus_convolution_spec *part = &p->specs[p->count];
    int64_t input = 0, output = 0;
    *part = *s;
    if (count > 1 && s->batch > 1) {
      int64_t first = share * index, last = first + share < s->batch ? first + share : s->batch;
      if (first >= last) break;
      part->batch = last - first;
      input = first * s->input[0];
      output = first * s->output[0];
    } else if (count > 1 && !cut_rows(part, s, index, count, &input, &output)) {
      return false;
    }
    p->input_offsets[p->count] = (size_t)(input * input_row) * element_bytes(s->input_dtype);
    p->output_offsets[p->count] = (size_t)(output * output_row) * element_bytes(s->output_dtype);
    p->output_elements[p->count] = output * output_row;
    p->count++;
  }
  return true;
}

static void clear(convolution_parts *p, int created) {
  for (int i = created - 1; i >= 0; i--) onednn_kernel_destroy(&p->convolutions[i].kernel);
}

/// Makes the parts' kernels; equal parts share one primitive.
static dnnl_status_t create_kernels(convolution_parts *p) {
  for (int i = 0; i < p->count; i++) {
    onednn_convolution *c = &p->convolutions[i];
    dnnl_status_t status;
    int twin = i - 1;
    while (twin >= 0 && (p->convolutions[twin].kernel.is_shared || memcmp(&p->specs[twin], &p->specs[i], sizeof p->specs[i]) != 0)) twin--;
    if (twin >= 0) {
      *c = p->convolutions[twin];
      status = onednn_kernel_share(&c->kernel, &p->convolutions[twin].kernel);
    } else {
      status = onednn_convolution_create(c, &p->specs[i]);
    }
    if (status == dnnl_success && i > 0) {
      // Different code or another layout of the weights would make a part slower, or all of them impossible.
      bool is_alike = strcmp(c->kernel.implementation, p->convolutions[0].kernel.implementation) == 0 &&
                      dnnl_memory_desc_equal(&c->weights, &p->convolutions[0].weights);
      if (!is_alike) {
        onednn_kernel_destroy(&c->kernel);
        status = dnnl_unimplemented;
      }
    }
    if (status != dnnl_success) {
      clear(p, i);
      return status;
    }
  }
  return dnnl_success;
}

static dnnl_status_t allocate(convolution_parts *p, int count) {
  p->specs = calloc((size_t)count, sizeof *p->specs);
  p->convolutions = calloc((size_t)count, sizeof *p->convolutions);
  p->input_offsets = calloc((size_t)count, sizeof *p->input_offsets);
  p->output_offsets = calloc((size_t)count, sizeof *p->output_offsets);
  p->output_elements = calloc((size_t)count, sizeof *p->output_elements);
  bool complete = p->specs && p->convolutions && p->input_offsets && p->output_offsets && p->output_elements;
  return complete ? dnnl_success : dnnl_out_of_memory;
}

dnnl_status_t convolution_parts_create(convolution_parts *p, const apus_convolution_spec *s) {
  int count = wanted_parts(s);
  memset(p, 0, sizeof *p);
  dnnl_status_t status = allocate(p, count);
  if (status == dnnl_success) {
    apus_enter_alone();
    status = dnnl_unimplemented;
    if (count > 1 && cut(p, s, count)) status = create_kernels(p);
    if (status != dnnl_success && cut(p, s, 1)) status = create_kernels(p);
  }
  if (status != dnnl_success) {
    p->count = 0;
    convolution_parts_destroy(p);
    return status;
  }
  size_t largest = 0;
  for (int i = 0; i < p->count; i++) {
    if (p->convolutions[i].kernel.scratch_bytes > largest) largest = p->convolutions[i].kernel.scratch_bytes;
  }
  p->part_scratch_bytes = onednn_round_up(largest);
  p->weights_bytes = onednn_round_up(dnnl_memory_desc_get_size(&p->convolutions[0].weights));
  p->scratch_bytes = (size_t)p->count * p->part_scratch_bytes;
  if (s->kind == APUS_CONVOLUTION_BACKWARD_WEIGHTS) p->scratch_bytes += (size_t)(p->count - 1) * p->weights_bytes;
  p->cost = (int64_t)count_flops(s);
  return dnnl_success;
}

typedef struct {
  convolution_parts *parts;
  const apus_convolution_operands *operands;
  char *weights, *scratch, *partial_weights;
  dnnl_status_t status;
} parts_run;

static void run_parts(void *context, int64_t begin, int64_t end) {
  parts_run *r = context;
  convolution_parts *p = r->parts;
  for (int64_t i = begin; i < end; i++) {
    const apus_convolution_spec *s = &p->specs[i];
    apus_convolution_operands part = *r->operands;
    part.input = (char *)part.input + p->input_offsets[i];
    part.output = (char *)part.output + p->output_offsets[i];
    if (part.residual) {
      part.residual = (const char *)part.residual + (size_t)p->output_elements[i] * element_bytes(s->epilogue.residual_dtype);
    }
    char *weights = r->weights;
    if (s->kind == APUS_CONVOLUTION_BACKWARD_WEIGHTS && i > 0) weights = r->partial_weights + (size_t)(i - 1) * p->weights_bytes;
    dnnl_status_t status = onednn_convolution_run(
      &p->convolutions[i], s, &part, weights, r->scratch + (size_t)i * p->part_scratch_bytes);
    if (status != dnnl_success) __atomic_store_n(&r->status, status, __ATOMIC_RELAXED);
  }
}

enum { SUM_BLOCK = 4096 };

/// Adds the parts' gradients of the weights in their order. Layouts of oneDNN may pad; what is added there is never read.
static void add_blocks(void *context, int64_t begin, int64_t end) {
  const parts_run *r = context;
  const convolution_parts *p = r->parts;
  int64_t elements = (int64_t)(p->weights_bytes / sizeof(float)), last = end * SUM_BLOCK < elements ? end * SUM_BLOCK : elements;
  float *sum = (float *)r->weights;
  for (int i = 1; i < p->count; i++) {
    const float *part = (const float *)(r->partial_weights + (size_t)(i - 1) * p->weights_bytes);
    for (int64_t j = begin * SUM_BLOCK; j < last; j++) sum[j] += part[j];
  }
}

dnnl_status_t convolution_parts_run(convolution_parts *p, const apus_convolution_operands *operands, void *weights, char *scratch) {
  parts_run r = {p, operands, weights, scratch, scratch + (size_t)p->count * p->part_scratch_bytes, dnnl_success};
  apus_enter_alone();
  apus_parallel_for(p->count, p->cost, run_parts, &r);
  if (p->count > 1 && p->specs[0].kind == APUS_CONVOLUTION_BACKWARD_WEIGHTS) {
    int64_t elements = (int64_t)(p->weights_bytes / sizeof(float));
    apus_parallel_for((elements + SUM_BLOCK - 1) / SUM_BLOCK, elements * 4 * p->count, add_blocks, &r);
  }
  return r.status;
}

void convolution_parts_destroy(convolution_parts *p) {
  if (p->convolutions) clear(p, p->count);
  free(p->specs);
  free(p->convolutions);
  free(p->input_offsets);
  free(p->output_offsets);
  free(p->output_elements);
  memset(p, 0, sizeof *p);
}
