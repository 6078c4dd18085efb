#include "apus_indexed.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "apus_parallel.h"
#include "clones.h"
#include "first_invalid.h"

/// Columns or destinations, cut into as many ranges as there are tasks: whoever owns one looks at all indices, so there are not many.
typedef struct {
  int64_t units, tasks;
} index_ranges;

typedef struct {
  const apus_indexed_spec *spec;
  const void *x;
  const int64_t *indices;
  void *y;
  index_ranges ranges;
  _Atomic int64_t first_invalid;
} indexed_call;

typedef struct {
  const apus_segment_spec *spec;
  const void *x;
  const int64_t *indices;
  void *y;
  int64_t *source;
  index_ranges ranges;
  _Atomic int64_t first_invalid;
} segment_call;

/// The position an index means; negative where it lies outside.
static inline int64_t resolved(int64_t index, int64_t extent) {
  const int64_t position = index < 0 ? index + extent : index;
  return position < extent ? position : -1;
}

/// Runs `body` for the units of tasks begin ..< end, outer slice by outer slice of `size` units: low ..< high of slice o.
#define FOR_RANGES(call, begin, end, size, body)                                      \
  do {                                                                                \
    const index_ranges *ranges = &(call)->ranges;                                     \
    const int64_t unit = ranges->units * (begin) / ranges->tasks;                     \
    const int64_t last = ranges->units * (end) / ranges->tasks;                       \
    for (int64_t o = unit / (size); o * (size) < last; o++) {                         \
      const int64_t low = o * (size) < unit ? unit - o * (size) : 0;                  \
      const int64_t high = last - o * (size) < (size) ? last - o * (size) : (size);   \
      body;                                                                           \
    }                                                                                 \
  } while (0)

/// Two bodies that run `combine` (call, outer slice, first ..< last destination, low ..< high column): one whose tasks are ranges of columns,
/// (outer, inner), and one whose tasks are ranges of destinations, (outer, `extent`). Segments have one outer slice.
#define DIVIDED(CALL, extent, columns, destinations, combine)                                          \
  CLONES static void NAMED(columns)(void *context, int64_t begin, int64_t end) {                       \
    CALL *call = context;                                                                              \
    const int64_t inner = call->spec->inner, count = call->spec->extent;                               \
    FOR_RANGES(call, begin, end, inner, NAMED(combine)(call, o, 0, count, low, high));                 \
  }                                                                                                    \
  CLONES static void NAMED(destinations)(void *context, int64_t begin, int64_t end) {                  \
    CALL *call = context;                                                                              \
    const int64_t inner = call->spec->inner, count = call->spec->extent;                               \
    FOR_RANGES(call, begin, end, count, NAMED(combine)(call, o, low, high, 0, inner));                 \
  }

#define ELEMENT uint8_t
#define NAMED(name) name##_8
#include "indexed_move.h"
#define ELEMENT uint16_t
#define NAMED(name) name##_16
#include "indexed_move.h"
#define ELEMENT uint32_t
#define NAMED(name) name##_32
#include "indexed_move.h"
#define ELEMENT uint64_t
#define NAMED(name) name##_64
#include "indexed_move.h"

#define ELEMENT float
#define IS_NAN(a) ((a) != (a))
#define NAMED(name) name##_f32
#define ADD(a, b) ((a) + (b))
#define MULTIPLY(a, b) ((a) * (b))
#include "indexed_add.h"
#define ELEMENT double
#define IS_NAN(a) ((a) != (a))
#define NAMED(name) name##_f64
#define ADD(a, b) ((a) + (b))
#define MULTIPLY(a, b) ((a) * (b))
#include "indexed_add.h"
#define ELEMENT int32_t
#define IS_NAN(a) false
#define NAMED(name) name##_i32
#define ADD(a, b) ((int32_t)((uint32_t)(a) + (uint32_t)(b)))
#define MULTIPLY(a, b) ((int32_t)((uint32_t)(a) * (uint32_t)(b)))
#include "indexed_add.h"
#define ELEMENT int64_t
#define IS_NAN(a) false
#define NAMED(name) name##_i64
#define ADD(a, b) ((int64_t)((uint64_t)(a) + (uint64_t)(b)))
#define MULTIPLY(a, b) ((int64_t)((uint64_t)(a) * (uint64_t)(b)))
#include "indexed_add.h"
#define ELEMENT uint8_t
#define IS_NAN(a) false
#define NAMED(name) name##_u8
#define ADD(a, b) ((uint8_t)((a) + (b)))
#define MULTIPLY(a, b) ((uint8_t)((a) * (b)))
#include "indexed_add.h"
#define ELEMENT uint8_t
#define IS_NAN(a) false
#define NAMED(name) name##_bool
#define ADD(a, b) ((uint8_t)((a) | (b)))
#define MULTIPLY(a, b) ((uint8_t)((a) & (b)))
#include "indexed_add.h"

/// One entry an element size: 1, 2, 4, 8 bytes.
static apus_task_body body_of_size(int size, const apus_task_body bodies[4]) {
  return bodies[size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3];
}

#define BODIES_OF_SIZES(name) {name##_8, name##_16, name##_32, name##_64}
#define BODIES_OF_TYPES(name) {name##_f32, name##_f64, NULL, name##_i32, name##_i64, name##_u8, name##_bool}

int64_t apus_gather(const apus_indexed_spec *spec, const void *x, const int64_t *indices, void *y) {
  static const apus_task_body bodies[4] = BODIES_OF_SIZES(gather);
  indexed_call call = {.spec = spec, .x = x, .indices = indices, .y = y, .first_invalid = NOTHING_INVALID};
  const int size = apus_dtype_size(spec->dtype);
  const int64_t slices = spec->outer * spec->count;
  apus_parallel_for(slices, slices * (2 * size * spec->inner + 16), body_of_size(size, bodies), &call);
  return apus_noted(&call.first_invalid);
}

int64_t apus_take_along(const apus_indexed_spec *spec, const void *x, const int64_t *indices, void *y) {
  static const apus_task_body bodies[4] = BODIES_OF_SIZES(take_along);
  indexed_call call = {.spec = spec, .x = x, .indices = indices, .y = y, .first_invalid = NOTHING_INVALID};
  const int64_t slices = spec->outer * spec->count;
  apus_parallel_for(slices, slices * 16 * spec->inner, body_of_size(apus_dtype_size(spec->dtype), bodies), &call);
  return apus_noted(&call.first_invalid);
}

typedef struct {
  const char *base;
  char *y;
} start_call;

static void start_bytes(void *context, int64_t begin, int64_t end) {
  const start_call *call = context;
  if (call->base) {
    memcpy(call->y + begin, call->base + begin, (size_t)(end - begin));
  } else {
    memset(call->y + begin, 0, (size_t)(end - begin));
  }
}

/// Whether tasks that own columns share the work: then nobody looks at indices in vain. Short rows are shared by destination instead.
static bool splits_columns(int64_t outer, int64_t inner, int size) {
  return outer >= 2 * apus_thread_count() || inner * size >= 64 * apus_thread_count();
}

static index_ranges ranges_of(int64_t outer, int64_t size) {
  const int64_t units = outer * size, threads = apus_thread_count();
  return (index_ranges){units, outer >= 2 * threads ? outer : units < threads ? units : threads};
}

static int64_t scatter(const apus_indexed_spec *spec, const void *base, indexed_call *call, const apus_task_body by_columns[7],
                       const apus_task_body by_destinations[7]) {
  const int size = apus_dtype_size(spec->dtype);
  const int64_t bytes = spec->outer * spec->extent * spec->inner * size;
  if (base != call->y) {
    start_call start = {base, call->y};
    apus_parallel_for(bytes, 2 * bytes, start_bytes, &start);
  }
  if (spec->extent == 0 && spec->count > 0) return 0;
  const int64_t cost = spec->outer * spec->count * (3 * size * spec->inner + 16);
  const bool by_column = splits_columns(spec->outer, spec->inner, size);
  call->ranges = ranges_of(spec->outer, by_column ? spec->inner : spec->extent);
  apus_parallel_for(call->ranges.tasks, cost, (by_column ? by_columns : by_destinations)[spec->dtype], call);
  return apus_noted(&call->first_invalid);
}

int64_t apus_scatter_add(const apus_indexed_spec *spec, const void *base, const int64_t *indices, const void *values, void *y) {
  static const apus_task_body columns[7] = BODIES_OF_TYPES(scatter_columns), destinations[7] = BODIES_OF_TYPES(scatter_destinations);
  indexed_call call = {.spec = spec, .x = values, .indices = indices, .y = y, .first_invalid = NOTHING_INVALID};
  return scatter(spec, base, &call, columns, destinations);
}

int64_t apus_scatter_add_along(const apus_indexed_spec *spec, const void *base, const int64_t *indices, const void *values, void *y) {
  static const apus_task_body columns[7] = BODIES_OF_TYPES(scatter_columns_along),
                              destinations[7] = BODIES_OF_TYPES(scatter_destinations_along);
  indexed_call call = {.spec = spec, .x = values, .indices = indices, .y = y, .first_invalid = NOTHING_INVALID};
  return scatter(spec, base, &call, columns, destinations);
}

static int64_t reduce_segments(segment_call *call, const apus_task_body by_columns[7], const apus_task_body by_destinations[7]) {
  const apus_segment_spec *spec = call->spec;
  const int size = apus_dtype_size(spec->dtype);
  if (spec->segments == 0 && spec->count > 0) return 0;
  const int64_t cost = (spec->count + spec->segments) * (3 * size * spec->inner + 16);
  const bool by_column = splits_columns(1, spec->inner, size);
  call->ranges = ranges_of(1, by_column ? spec->inner : spec->segments);
  apus_parallel_for(call->ranges.tasks, cost, (by_column ? by_columns : by_destinations)[spec->dtype], call);
  return apus_noted(&call->first_invalid);
}

int64_t apus_segment_extreme(const apus_segment_spec *spec, const void *x, const int64_t *indices, void *y, int64_t *source) {
  static const apus_task_body columns[7] = BODIES_OF_TYPES(segment_columns), destinations[7] = BODIES_OF_TYPES(segment_destinations);
  segment_call call = {.spec = spec, .x = x, .indices = indices, .y = y, .source = source, .first_invalid = NOTHING_INVALID};
  return reduce_segments(&call, columns, destinations);
}

int64_t apus_segment_product(const apus_segment_spec *spec, const void *x, const int64_t *indices, void *y) {
  static const apus_task_body columns[7] = BODIES_OF_TYPES(product_columns), destinations[7] = BODIES_OF_TYPES(product_destinations);
  segment_call call = {.spec = spec, .x = x, .indices = indices, .y = y, .first_invalid = NOTHING_INVALID};
  return reduce_segments(&call, columns, destinations);
}
