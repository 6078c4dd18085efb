// The table of instruction bodies, one implementation an instruction set.
#ifndef APUS_FUSED_BODIES_H
#define APUS_FUSED_BODIES_H

#include <stddef.h>
#include <stdint.h>

#include "apus_fused.h"

/// Register classes.
enum { CLASS_F32 = 0, CLASS_F64, CLASS_I32, CLASS_I64, CLASS_COUNT };

/// Computes `count` elements. Operands may be exactly the result, element for element.
typedef void (*fused_body)(void *result, const void *a, const void *b, const void *c, int64_t count);

typedef struct {
  /// By operation and operand class; null where an operation does not exist.
  fused_body operations[APUS_OP_COUNT][CLASS_COUNT];
  /// Contiguous elements of a dtype to its register class and back.
  fused_body load[7];
  fused_body store[7];
  /// Random bits for elements `first ..< first + count` of a stream.
  void (*random_bits)(int32_t *result, int64_t seed, int64_t stream, int64_t first, int64_t count);
  /// acc[i] (f64 or i64) combined with value[i].
  fused_body accumulate[CLASS_COUNT][5];
  /// One accumulator combined with all values.
  fused_body collapse[CLASS_COUNT][5];
} fused_bodies;

extern const fused_bodies apus_fused_bodies_avx512, apus_fused_bodies_avx2, apus_fused_bodies_baseline;

/// The best table this processor can run.
const fused_bodies *apus_fused_bodies(void);

#endif
