// One body, compiled for AVX-512, for AVX2 + FMA and for the baseline; the loader picks once.
#ifndef APUS_CLONES_H
#define APUS_CLONES_H

#define INLINE static inline __attribute__((always_inline))
// The thread sanitizer watches the loader's choice, which is made before it can.
#if __has_feature(thread_sanitizer)
#define CLONES
#else
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif

#endif
