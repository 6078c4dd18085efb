#include "onednn.h"
#include "COneDNN.h"

#include <pthread.h>
#include <string.h>

// Networks that change their structure at every step ask for thousands of different primitives.
enum { PRIMITIVE_CACHE_CAPACITY = 4096 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static dnnl_engine_t engine;
/// A thread keeps its stream for good: the threads are few and live as long as the process.
static _Thread_local dnnl_stream_t stream;

static void set_up(void) {
  dnnl_set_primitive_cache_capacity(PRIMITIVE_CACHE_CAPACITY);
  if (dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success) engine = NULL;
}

dnnl_engine_t onednn_engine(void) {
  pthread_once(&once, set_up);
  return engine;
}

dnnl_data_type_t onednn_data_type(apus_dtype dtype) {
  switch (dtype) {
  case APUS_F32: return dnnl_f32;
  case APUS_BF16: return dnnl_bf16;
  default: return dnnl_data_type_undef;
  }
}

bool apus_onednn_supports_bf16(void) { return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core; }

size_t onednn_round_up(size_t bytes) { return (bytes + 63) / 64 * 64; }

dnnl_status_t onednn_kernel_create(onednn_kernel *kernel, dnnl_primitive_desc_t descriptor, int count, const onednn_argument *arguments) {
  memset(kernel, 0, sizeof *kernel);
  onednn_argument all[ONEDNN_MAX_ARGUMENTS];
  if (count >= ONEDNN_MAX_ARGUMENTS) return dnnl_invalid_arguments;
  memcpy(all, arguments, (size_t)count * sizeof *arguments);
  const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(descriptor, dnnl_query_scratchpad_md, 0);
  kernel->scratch_bytes = scratch ? dnnl_memory_desc_get_size(scratch) : 0;
  if (kernel->scratch_bytes > 0) all[count++] = (onednn_argument){DNNL_ARG_SCRATCHPAD, scratch};
  dnnl_primitive_desc_query(descriptor, dnnl_query_impl_info_str, 0, &kernel->implementation);
  dnnl_status_t status = dnnl_primitive_create(&kernel->primitive, descriptor);
  for (int i = 0; i < count && status == dnnl_success; i++) {
    kernel->arguments[i].arg = all[i].index;
    status = dnnl_memory_create(&kernel->arguments[i].memory, all[i].layout, onednn_engine(), DNNL_MEMORY_NONE);
    if (status == dnnl_success) kernel->count = i + 1;
  }
  // The name belongs to the primitive's own descriptor once ours is gone.
  if (status == dnnl_success) {
    const_dnnl_primitive_desc_t kept;
    status = dnnl_primitive_get_primitive_desc(kernel->primitive, &kept);
    if (status == dnnl_success) dnnl_primitive_desc_query(kept, dnnl_query_impl_info_str, 0, &kernel->implementation);
  }
  dnnl_primitive_desc_destroy(descriptor);
  if (status != dnnl_success) onednn_kernel_destroy(kernel);
  return status;
}

dnnl_status_t onednn_kernel_share(onednn_kernel *kernel, const onednn_kernel *source) {
  memset(kernel, 0, sizeof *kernel);
  kernel->primitive = source->primitive;
  kernel->is_shared = true;
  kernel->scratch_bytes = source->scratch_bytes;
  kernel->implementation = source->implementation;
  for (int i = 0; i < source->count; i++) {
    const dnnl_memory_desc_t *layout;
    dnnl_status_t status = dnnl_memory_get_memory_desc(source->arguments[i].memory, &layout);
    kernel->arguments[i].arg = source->arguments[i].arg;
    if (status == dnnl_success) status = dnnl_memory_create(&kernel->arguments[i].memory, layout, onednn_engine(), DNNL_MEMORY_NONE);
    if (status != dnnl_success) {
      onednn_kernel_destroy(kernel);
      return status;
    }
    kernel->count = i + 1;
  }
  return dnnl_success;
}

dnnl_status_t onednn_kernel_run(onednn_kernel *kernel, const void *const *addresses, void *scratch) {
  if (!stream) {
    dnnl_status_t status = dnnl_stream_create(&stream, onednn_engine(), dnnl_stream_in_order);
    if (status != dnnl_success) return status;
  }
  for (int i = 0; i < kernel->count; i++) {
    const void *address = kernel->arguments[i].arg == DNNL_ARG_SCRATCHPAD ? scratch : addresses[i];
    if (kernel->addresses[i] == address) continue;
    dnnl_status_t status = dnnl_memory_set_data_handle(kernel->arguments[i].memory, (void *)address);
    if (status != dnnl_success) return status;
    kernel->addresses[i] = address;
  }
  // A native CPU stream has finished when the call returns; there is nothing to wait for.
  return dnnl_primitive_execute(kernel->primitive, stream, kernel->count, kernel->arguments);
}

void onednn_kernel_destroy(onednn_kernel *kernel) {
  for (int i = 0; i < kernel->count; i++) dnnl_memory_destroy(kernel->arguments[i].memory);
  if (kernel->primitive && !kernel->is_shared) dnnl_primitive_destroy(kernel->primitive);
  memset(kernel, 0, sizeof *kernel);
}

dnnl_status_t onednn_append_activation(dnnl_post_ops_t operations, const apus_epilogue *e) {
  switch (e->activation) {
  case APUS_ACTIVATION_NONE: return dnnl_success;
  case APUS_ACTIVATION_RELU: return dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_relu, 0, 0);
  case APUS_ACTIVATION_SIGMOID: return dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_logistic, 0, 0);
  case APUS_ACTIVATION_TANH: return dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_tanh, 0, 0);
  case APUS_ACTIVATION_GELU: return dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_gelu_erf, 0, 0);
  case APUS_ACTIVATION_SWISH: return dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_swish, 1, 0);
  case APUS_ACTIVATION_CLIP: return dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_clip, e->lower, e->upper);
  }
  return dnnl_invalid_arguments;
}
