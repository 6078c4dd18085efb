// What creating a product decides and running it follows.
#ifndef APUS_MATMUL_PLAN_H
#define APUS_MATMUL_PLAN_H

#include "apus_matmul.h"
#include "matmul_layout.h"
#include "matmul_primitive.h"

typedef enum {
  /// No element of C.
  METHOD_NOTHING,
  /// Own kernel, one matrix a thread.
  METHOD_SMALL,
  /// BLAS, oneDNN's or OpenBLAS's; with several matrices, one a thread.
  METHOD_GEMM,
  /// oneDNN's matmul primitive, which also carries the epilogue.
  METHOD_PRIMITIVE,
} method;

struct apus_matmul {
  /// Canonical, after packing.
  apus_matmul_spec spec;
  method method;
  bool uses_openblas;
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
  /// With the gemm method and one matrix: blocks of so many rows and columns, each computed by one thread.
  int64_t block_rows, block_columns, blocks;
  size_t a_bytes, b_bytes, product_bytes, share_bytes, scratch_bytes;
  double flops;
  char implementation[96];
};

static inline size_t apus_matmul_element_bytes(apus_dtype dtype) { return dtype == APUS_BF16 ? 2 : 4; }

#endif
