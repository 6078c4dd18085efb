#include "apus_softmax.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "apus_parallel.h"
#include "first_invalid.h"

typedef struct {
  int64_t classes;
  const void *x, *dy;
  void *y;
} softmax_call;

typedef struct {
  const apus_cross_entropy_spec *spec;
  const void *x;
  const int64_t *labels;
  const void *dloss;
  void *y;
  _Atomic int64_t first_invalid;
} cross_entropy_call;

static inline bool is_ignored(const apus_cross_entropy_spec *spec, int64_t label) { return spec->has_ignored && label == spec->ignored; }

#define TEMPLATE "softmax_typed.h"
#include "typed.h"

/// Three passes over each element, of which the exponential is the dearest.
static int64_t cost(const apus_softmax_spec *spec) { return spec->rows * (spec->classes * 24 + 64); }

void apus_softmax(const apus_softmax_spec *spec, bool logarithmic, const void *x, void *y) {
  softmax_call call = {spec->classes, x, NULL, y};
  const apus_task_body bodies[2][2] = {{softmax_rows_f32, softmax_rows_f64}, {log_softmax_rows_f32, log_softmax_rows_f64}};
  apus_parallel_for(spec->rows, cost(spec), bodies[logarithmic][spec->dtype == APUS_F64], &call);
}

void apus_softmax_backward(const apus_softmax_spec *spec, bool logarithmic, const void *y, const void *dy, void *dx) {
  softmax_call call = {spec->classes, y, dy, dx};
  const apus_task_body bodies[2][2] = {
    {softmax_backward_rows_f32, softmax_backward_rows_f64}, {log_softmax_backward_rows_f32, log_softmax_backward_rows_f64}};
  apus_parallel_for(spec->rows, cost(spec), bodies[logarithmic][spec->dtype == APUS_F64], &call);
}

int64_t apus_softmax_cross_entropy(const apus_cross_entropy_spec *spec, const void *x, const int64_t *labels, void *loss) {
  cross_entropy_call call = {spec, x, labels, NULL, loss, NOTHING_INVALID};
  const bool wide = spec->shape.dtype == APUS_F64;
  apus_parallel_for(spec->shape.rows, cost(&spec->shape), wide ? cross_entropy_rows_f64 : cross_entropy_rows_f32, &call);
  return apus_noted(&call.first_invalid);
}

int64_t apus_softmax_cross_entropy_backward(
  const apus_cross_entropy_spec *spec, const void *x, const int64_t *labels, const void *dloss, void *dx) {
  cross_entropy_call call = {spec, x, labels, dloss, dx, NOTHING_INVALID};
  const bool wide = spec->shape.dtype == APUS_F64;
  apus_parallel_for(
    spec->shape.rows, cost(&spec->shape), wide ? cross_entropy_backward_rows_f64 : cross_entropy_backward_rows_f32, &call);
  return apus_noted(&call.first_invalid);
}
