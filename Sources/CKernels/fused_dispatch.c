#include <stdatomic.h>

#include "fused_bodies.h"

static const fused_bodies *choose(void) {
#ifdef __x86_64__
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return &apus_fused_bodies_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &apus_fused_bodies_avx2;
#endif
  return &apus_fused_bodies_baseline;
}

const fused_bodies *apus_fused_bodies(void) {
  static const fused_bodies *_Atomic chosen;
  const fused_bodies *bodies = atomic_load_explicit(&chosen, memory_order_relaxed);
  if (!bodies) {
    bodies = choose();
    atomic_store_explicit(&chosen, bodies, memory_order_relaxed);
  }
  return bodies;
}
