#include "apus_pooling.h"

#include <math.h>
#include <stddef.h>

#include "apus_parallel.h"
#include "pooling_axis.h"

enum { POOL_LIST = 64 };

typedef struct {
  int64_t offset;  // in elements, relative to the position's base
  int64_t tap;
  double weight;
} pool_tap_entry;

typedef struct {
  const apus_pool_spec *spec;
  const void *from;
  void *to;
  void *argmax;
} pool_call;

#define TEMPLATE "pooling_typed.h"
#include "typed.h"

int64_t apus_adaptive_window(int64_t input, int64_t output) {
  if (input % output == 0) return input / output;
  // A window that starts inside a position and ends inside another touches at most two more than it spans whole.
  int64_t window = input / output + 2;
  return window < input ? window : input;
}

static int64_t positions(const apus_pool_spec *spec, const int64_t extents[3]) {
  return spec->batch * extents[0] * extents[1] * extents[2] * spec->channels;
}

static int64_t cost(const apus_pool_spec *spec) {
  int64_t size = spec->dtype == APUS_F32 ? 4 : 8;
  int64_t covered = positions(spec, spec->output) * spec->window[0] * spec->window[1] * spec->window[2];
  return size * positions(spec, spec->input) + covered;
}

void apus_max_pool(const apus_pool_spec *spec, const void *x, void *y, void *argmax) {
  pool_call call = {spec, x, y, argmax};
  int64_t rows = spec->batch * spec->output[0] * spec->output[1];
  apus_parallel_for(rows, cost(spec), spec->dtype == APUS_F32 ? max_pool_rows_f32 : max_pool_rows_f64, &call);
}

void apus_max_pool_backward(const apus_pool_spec *spec, const void *dy, const void *argmax, void *dx) {
  pool_call call = {spec, dy, dx, (void *)(uintptr_t)argmax};
  int64_t rows = spec->batch * spec->input[0] * spec->input[1];
  apus_parallel_for(rows, cost(spec), spec->dtype == APUS_F32 ? max_pool_backward_rows_f32 : max_pool_backward_rows_f64, &call);
}

void apus_average_pool(const apus_pool_spec *spec, const void *x, void *y) {
  pool_call call = {spec, x, y, NULL};
  int64_t rows = spec->batch * spec->output[0] * spec->output[1];
  apus_parallel_for(rows, cost(spec), spec->dtype == APUS_F32 ? average_pool_rows_f32 : average_pool_rows_f64, &call);
}

void apus_average_pool_backward(const apus_pool_spec *spec, const void *dy, void *dx) {
  pool_call call = {spec, dy, dx, NULL};
  int64_t rows = spec->batch * spec->input[0] * spec->input[1];
  apus_parallel_for(rows, cost(spec), spec->dtype == APUS_F32 ? average_pool_backward_rows_f32 : average_pool_backward_rows_f64, &call);
}
