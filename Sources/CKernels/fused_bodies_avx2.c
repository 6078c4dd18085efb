// Instruction bodies for processors with 256-bit vectors and fused multiply-add.
#include <math.h>
#include <string.h>

#include "fused_bodies.h"

#ifdef __x86_64__
#define HAS_FMA
#define TABLE apus_fused_bodies_avx2
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi2,f16c"))), apply_to = function)
#include "fused_bodies.inc"
#pragma clang attribute pop
#endif
