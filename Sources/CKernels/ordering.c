#include "apus_ordering.h"

#include "apus_parallel.h"

typedef struct {
  const void *x;
  int64_t *places;
  int64_t extent;
  bool maximum;
} extreme_call;

typedef struct {
  const apus_scan_spec *spec;
  const void *x;
  void *y;
} scan_call;

#define TEMPLATE "ordering_real.h"
#include "typed.h"

// ---- The place of an extreme among integers. ----------------------------------------------------------------------------

#define ARG_EXTREME(name, ELEMENT)                                              \
  static void name(void *context, int64_t begin, int64_t end) {                 \
    const extreme_call *call = context;                                         \
    for (int64_t row = begin; row < end; row++) {                               \
      const ELEMENT *x = (const ELEMENT *)call->x + row * call->extent;         \
      int64_t best = 0;                                                         \
      for (int64_t i = 1; i < call->extent; i++) {                              \
        if (call->maximum ? x[i] > x[best] : x[i] < x[best]) best = i;          \
      }                                                                         \
      call->places[row] = best;                                                 \
    }                                                                           \
  }
ARG_EXTREME(arg_extreme_i32, int32_t)
ARG_EXTREME(arg_extreme_i64, int64_t)
ARG_EXTREME(arg_extreme_u8, uint8_t)

void apus_arg_extreme(apus_dtype dtype, int64_t rows, int64_t extent, bool maximum, const void *x, int64_t *places) {
  static const apus_task_body bodies[7] = {arg_extreme_f32, arg_extreme_f64, NULL,          arg_extreme_i32,
                                           arg_extreme_i64, arg_extreme_u8,  arg_extreme_u8};
  extreme_call call = {x, places, extent, maximum};
  apus_parallel_for(rows, rows * (extent * 8 + 32), bodies[dtype], &call);
}

// ---- Running combinations. ------------------------------------------------------------------------------------------------

#define MAXIMUM(held, value) ((value) > (held) || (value) != (value) ? (value) : (held))
#define MINIMUM(held, value) ((value) < (held) || (value) != (value) ? (value) : (held))

#define REAL_SUM(a, b) ((a) + (b))
#define REAL_PRODUCT(a, b) ((a) * (b))
#define ELEMENT float
#define HELD double
#define NAMED(name) name##_f32
#define SUM REAL_SUM
#define PRODUCT REAL_PRODUCT
#include "scan_typed.h"
#define ELEMENT double
#define HELD double
#define NAMED(name) name##_f64
#define SUM REAL_SUM
#define PRODUCT REAL_PRODUCT
#include "scan_typed.h"

#define WRAPPED_SUM(a, b) ((HELD)((uint64_t)(a) + (uint64_t)(b)))
#define WRAPPED_PRODUCT(a, b) ((HELD)((uint64_t)(a) * (uint64_t)(b)))
#define ELEMENT int32_t
#define HELD int32_t
#define NAMED(name) name##_i32
#define SUM WRAPPED_SUM
#define PRODUCT WRAPPED_PRODUCT
#include "scan_typed.h"
#define ELEMENT int64_t
#define HELD int64_t
#define NAMED(name) name##_i64
#define SUM WRAPPED_SUM
#define PRODUCT WRAPPED_PRODUCT
#include "scan_typed.h"
#define ELEMENT uint8_t
#define HELD uint8_t
#define NAMED(name) name##_u8
#define SUM WRAPPED_SUM
#define PRODUCT WRAPPED_PRODUCT
#include "scan_typed.h"

#define ANY(a, b) ((uint8_t)((a) | (b)))
#define ALL(a, b) ((uint8_t)((a) & (b)))
#define ELEMENT uint8_t
#define HELD uint8_t
#define NAMED(name) name##_bool
#define SUM ANY
#define PRODUCT ALL
#include "scan_typed.h"

#define BODIES(name) {name##_f32, name##_f64, NULL, name##_i32, name##_i64, name##_u8, name##_bool}

void apus_scan(const apus_scan_spec *spec, const void *x, void *y) {
  static const apus_task_body bodies[4][7] = {BODIES(scan_sum), BODIES(scan_maximum), BODIES(scan_minimum), BODIES(scan_product)};
  if (spec->extent == 0) return;
  scan_call call = {spec, x, y};
  apus_parallel_for(spec->rows, spec->rows * (spec->extent * 16 + 32), bodies[spec->kind][spec->dtype], &call);
}
