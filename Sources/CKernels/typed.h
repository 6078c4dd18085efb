// Includes the file named by TEMPLATE twice: once with REAL = float, once with REAL = double.
// Inside it, TYPED(name) is the name of the instance and SIGNED the integer as wide as REAL.
// No include guard: every kernel family includes this with its own TEMPLATE.
#ifndef INLINE
#define INLINE static inline __attribute__((always_inline))
// One body, compiled for AVX-512, for AVX2 + FMA and for the baseline; the loader picks once.
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif

#define REAL float
#define SIGNED int32_t
#define TYPED(name) name##_f32
#include TEMPLATE
#undef REAL
#undef SIGNED
#undef TYPED

#define REAL double
#define SIGNED int64_t
#define TYPED(name) name##_f64
#include TEMPLATE
#undef REAL
#undef SIGNED
#undef TYPED
#undef TEMPLATE
