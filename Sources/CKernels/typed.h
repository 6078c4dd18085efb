// Includes the file named by TEMPLATE twice: once with REAL = float, once with REAL = double.
// Inside it, TYPED(name) is the name of the instance and SIGNED the integer as wide as REAL.
// No include guard: every kernel family includes this with its own TEMPLATE.
#include "clones.h"

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
