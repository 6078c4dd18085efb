// Instruction bodies for processors with 512-bit vectors.
#include <math.h>
#include <string.h>

#include "fused_bodies.h"

#ifdef __x86_64__
#define HAS_FMA
#define TABLE apus_fused_bodies_avx512
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi2,f16c,avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)
#include "fused_bodies.inc"
#pragma clang attribute pop
#endif
