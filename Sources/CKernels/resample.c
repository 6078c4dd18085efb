#include "apus_resample.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "apus_parallel.h"

typedef struct {
  const apus_resample_spec *spec;
  const void *x;
  void *y;
} resample_call;

typedef struct {
  const apus_sample_spec *spec;
  const void *image, *positions, *weights;
  void *result;
  int64_t bands;
} sample_call;

#define TEMPLATE "resample_typed.h"
#include "typed.h"

void apus_resample(const apus_resample_spec *s, const void *x, void *y) {
  resample_call call = {s, x, y};
  int64_t rows = s->batch * s->axes[0].output * s->axes[1].output;
  int64_t taps = 1, inputs = s->batch * s->channels;
  for (int axis = 0; axis < 3; axis++) {
    taps *= s->axes[axis].starts[s->axes[axis].output];
    inputs *= s->axes[axis].input;
  }
  int64_t cost = s->batch * s->channels * taps * 2 + inputs;
  apus_parallel_for(rows, cost, s->dtype == APUS_F32 ? resample_rows_f32 : resample_rows_f64, &call);
}

static int64_t sample_cost(const apus_sample_spec *s) { return s->batch * s->points * (8 * s->channels + 16); }

void apus_sample(const apus_sample_spec *s, const void *image, const void *positions, void *samples) {
  sample_call call = {s, image, positions, NULL, samples, 1};
  apus_parallel_for(s->batch * s->points, sample_cost(s), s->dtype == APUS_F32 ? sample_points_f32 : sample_points_f64, &call);
}

void apus_sample_scatter(const apus_sample_spec *s, const void *samples, const void *positions, void *image) {
  int64_t threads = apus_thread_count(), bands = s->batch < 1 ? 1 : (threads + s->batch - 1) / s->batch;
  if (s->batch % threads == 0) bands = 1;
  if (bands > s->height) bands = s->height < 1 ? 1 : s->height;
  sample_call call = {s, NULL, positions, samples, image, bands};
  int64_t cost = sample_cost(s) + s->batch * s->height * s->width * s->channels;
  apus_parallel_for(s->batch * bands, cost, s->dtype == APUS_F32 ? scatter_bands_f32 : scatter_bands_f64, &call);
}

void apus_sample_slopes(const apus_sample_spec *s, const void *image, const void *positions, const void *weights, void *slopes) {
  sample_call call = {s, image, positions, weights, slopes, 1};
  apus_parallel_for(s->batch * s->points, sample_cost(s), s->dtype == APUS_F32 ? slope_points_f32 : slope_points_f64, &call);
}
