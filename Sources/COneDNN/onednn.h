// The part of oneDNN that products and convolutions share: the engine, and primitives that remember their operands.
#ifndef APUS_ONEDNN_H
#define APUS_ONEDNN_H

#include <dnnl.h>
#include <stdbool.h>
#include <stddef.h>

#include "apus_dtype.h"
#include "apus_epilogue.h"

enum { ONEDNN_MAX_ARGUMENTS = 8 };

/// The CPU engine of this process, or null when oneDNN cannot be set up.
dnnl_engine_t onednn_engine(void);

/// `dnnl_data_type_undef` for a dtype that oneDNN bridges do not take.
dnnl_data_type_t onednn_data_type(apus_dtype dtype);

size_t onednn_round_up(size_t bytes);

/// A primitive, its arguments and the addresses they hold.
typedef struct {
  dnnl_primitive_t primitive;
  /// Whether the primitive belongs to another kernel, which must live longer.
  bool is_shared;
  int count;
  dnnl_exec_arg_t arguments[ONEDNN_MAX_ARGUMENTS];
  const void *addresses[ONEDNN_MAX_ARGUMENTS];
  size_t scratch_bytes;
  const char *implementation;
} onednn_kernel;

/// One argument: its index in oneDNN's numbering and its layout.
typedef struct {
  int index;
  const dnnl_memory_desc_t *layout;
} onednn_argument;

/// Takes ownership of `descriptor`, also when it fails.
dnnl_status_t onednn_kernel_create(onednn_kernel *kernel, dnnl_primitive_desc_t descriptor, int count, const onednn_argument *arguments);

/// `addresses` has one entry an argument.
/// Another kernel of the same primitive, to run beside the first one on other operands.
dnnl_status_t onednn_kernel_share(onednn_kernel *kernel, const onednn_kernel *source);

/// May be called on several threads at once, on different kernels.
dnnl_status_t onednn_kernel_run(onednn_kernel *kernel, const void *const *addresses, void *scratch);

void onednn_kernel_destroy(onednn_kernel *kernel);

/// Appends the activation of an epilogue.
dnnl_status_t onednn_append_activation(dnnl_post_ops_t operations, const apus_epilogue *epilogue);

#endif
