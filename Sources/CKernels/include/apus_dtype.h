// Element types, numbered as in the Swift `DType`.
#ifndef APUS_DTYPE_H
#define APUS_DTYPE_H

#include <stdint.h>

typedef enum : int32_t {
  APUS_F32 = 0,
  APUS_F64 = 1,
  APUS_BF16 = 2,
  APUS_I32 = 3,
  APUS_I64 = 4,
  APUS_U8 = 5,
  APUS_BOOL = 6,
} apus_dtype;

/// Bytes of an element.
static inline int apus_dtype_size(apus_dtype dtype) {
  static const int sizes[] = {4, 8, 2, 4, 8, 1, 1};
  return sizes[dtype];
}

#endif
