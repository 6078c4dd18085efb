// A canonical product as oneDNN's matmul primitive.
#ifndef APUS_MATMUL_PRIMITIVE_H
#define APUS_MATMUL_PRIMITIVE_H

#include "apus_matmul.h"
#include "onednn.h"

/// The epilogue must not have a bias per row.
dnnl_status_t onednn_matmul_create(onednn_kernel *kernel, const apus_matmul_spec *spec);

dnnl_status_t onednn_matmul_run(onednn_kernel *kernel, const apus_matmul_spec *spec, const apus_matmul_operands *operands, void *scratch);

#endif
