// Sixteen floats at a time, compiled for the processor at hand through function clones.
#ifndef APUS_VECTOR_MATH_H
#define APUS_VECTOR_MATH_H

#include <stdint.h>
#include <string.h>

// The thread sanitizer watches the loader's choice, which is made before it can.
#if __has_feature(thread_sanitizer)
#define APUS_CLONES
#else
#define APUS_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
#define APUS_INLINE static inline __attribute__((always_inline))

enum { APUS_LANES = 16 };
typedef float apus_floats __attribute__((vector_size(64)));
typedef int32_t apus_ints __attribute__((vector_size(64)));

// Loads and stores go through memory: a vector as an argument or a result would change the calling convention with the clone.
APUS_INLINE void apus_load(apus_floats *value, const float *source) { memcpy(value, source, sizeof *value); }
APUS_INLINE void apus_store(float *target, const apus_floats *value) { memcpy(target, value, sizeof *value); }
#define apus_splat(x) ((apus_floats){} + (x))

/// Lane by lane: `*value` where the condition does not hold, `other` where it does.
APUS_INLINE void apus_replace(apus_floats *value, const apus_ints *condition, const apus_floats *other) {
  apus_ints v, o;
  memcpy(&v, value, sizeof v);
  memcpy(&o, other, sizeof o);
  v = (v & ~*condition) | (o & *condition);
  memcpy(value, &v, sizeof v);
}
#define apus_replace_where(value, condition, other)   \
  do {                                                \
    apus_ints where_ = (condition);                   \
    apus_floats other_ = (other);                     \
    apus_replace(value, &where_, &other_);            \
  } while (0)

#endif
