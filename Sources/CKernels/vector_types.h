// The vectors of LANES elements; unaligned, and allowed to alias the arrays they are loaded from.
// No include guard: included once for each width by lanes.h.
typedef REAL LANED(vector) __attribute__((ext_vector_type(LANES), aligned(sizeof(REAL)), may_alias));
typedef SIGNED LANED(mask) __attribute__((ext_vector_type(LANES)));
typedef int32_t LANED(words) __attribute__((ext_vector_type(LANES), aligned(4), may_alias));
typedef uint8_t LANED(bytes) __attribute__((ext_vector_type(LANES), aligned(1), may_alias));

#ifndef VECTOR
#define VECTOR LANED(vector)
#define MASK LANED(mask)
#define WORDS LANED(words)
#define BYTES LANED(bytes)
// Macros, for a vector must not cross a function boundary whose callers are compiled for different processors.
#define LOAD(pointer) (*(const VECTOR *)(pointer))
#define STORE(pointer, value) (*(VECTOR *)(pointer) = (value))
#define SPLAT(value) ((VECTOR)(REAL)(value))
#endif
