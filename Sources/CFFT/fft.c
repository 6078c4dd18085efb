#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CFFT.h"
#include "apus_parallel.h"
#include "plans.h"

struct apus_fft {
  apus_fft_spec spec;
  /// Transforms are run in groups of `group`, the last one of `remainder`. Groups depend on the shape alone, and so do the results.
  int64_t group, remainder, groups;
  apus_fft_plan group_plan, remainder_plan;
  int64_t input_elements, output_elements;
  size_t input_bytes, output_bytes;
  int64_t shares;
  /// A copy of one group's input, where FFTW overwrites it.
  size_t copy_bytes;
  double scale;
};

// Elements of a group: enough to amortise the call, few enough for the second-level cache.
enum { GROUP_ELEMENTS = 16 * 1024 };

static size_t round_up(size_t bytes) { return (bytes + 63) / 64 * 64; }

static const char *refusal(const apus_fft_spec *s) {
  if (s->kind < APUS_FFT_FORWARD || s->kind > APUS_FFT_REAL_INVERSE) return "unknown kind";
  if (s->dtype != APUS_F32 && s->dtype != APUS_F64) return "the array must be f32 or f64";
  if (s->rank < 1 || s->rank > APUS_FFT_MAX_RANK) return "the number of axes must be 1 to 8";
  if (s->batch < 0) return "a negative batch";
  for (int axis = 0; axis < s->rank; axis++) {
    if (s->extents[axis] < 1) return "a non-positive extent";
  }
  bool forward = s->kind == APUS_FFT_FORWARD || s->kind == APUS_FFT_REAL_FORWARD;
  if (forward && s->normalises) return "only the inverse is normalised";
  return NULL;
}

static void measure(apus_fft *f) {
  const apus_fft_spec *s = &f->spec;
  size_t part = s->dtype == APUS_F32 ? sizeof(float) : sizeof(double);
  f->input_elements = apus_fft_input_elements(s);
  f->output_elements = apus_fft_output_elements(s);
  f->input_bytes = (size_t)f->input_elements * part * (s->kind == APUS_FFT_REAL_FORWARD ? 1 : 2);
  f->output_bytes = (size_t)f->output_elements * part * (s->kind == APUS_FFT_REAL_INVERSE ? 1 : 2);
  int64_t elements = 1;
  for (int axis = 0; axis < s->rank; axis++) elements *= s->extents[axis];
  f->scale = s->normalises ? 1.0 / (double)elements : 1;
  f->group = elements < GROUP_ELEMENTS ? GROUP_ELEMENTS / elements : 1;
  if (f->group > s->batch) f->group = s->batch;
  if (s->batch == 0) return;
  f->groups = (s->batch + f->group - 1) / f->group;
  f->remainder = s->batch - (f->groups - 1) * f->group;
  f->shares = f->groups < apus_thread_count() ? f->groups : apus_thread_count();
  if (s->kind == APUS_FFT_REAL_INVERSE) f->copy_bytes = round_up((size_t)f->group * f->input_bytes);
}

static bool is_null(const apus_fft *f, apus_fft_plan plan) { return f->spec.dtype == APUS_F32 ? !plan.single : !plan.twice; }

apus_fft *apus_fft_create(const apus_fft_spec *spec, char *message, size_t capacity) {
  const char *reason = refusal(spec);
  apus_fft *f = reason ? NULL : calloc(1, sizeof *f);
  if (!reason && !f) reason = "out of memory";
  if (f) {
    f->spec = *spec;
    measure(f);
    if (spec->batch > 0) {
      f->group_plan = apus_fft_plan_for(spec, f->group);
      f->remainder_plan = f->remainder == f->group ? f->group_plan : apus_fft_plan_for(spec, f->remainder);
      if (is_null(f, f->group_plan) || is_null(f, f->remainder_plan)) {
        reason = "FFTW has no plan for it";
        free(f);
      }
    }
  }
  if (!reason) return f;
  snprintf(message, capacity, "Fourier transform: %s", reason);
  return NULL;
}

#define EXECUTE(name, plan, real, complex)                                                                             \
  switch (f->spec.kind) {                                                                                              \
  case APUS_FFT_FORWARD:                                                                                               \
  case APUS_FFT_INVERSE: name##_execute_dft(plan, (complex *)input, (complex *)output); break;                         \
  case APUS_FFT_REAL_FORWARD: name##_execute_dft_r2c(plan, (real *)input, (complex *)output); break;                   \
  case APUS_FFT_REAL_INVERSE: name##_execute_dft_c2r(plan, (complex *)input, (real *)output); break;                   \
  }                                                                                                                    \
  if (f->scale != 1) {                                                                                                 \
    real *values = output, scale = (real)f->scale;                                                                     \
    int64_t parts = count * (int64_t)(f->output_bytes / sizeof(real));                                                 \
    for (int64_t i = 0; i < parts; i++) values[i] *= scale;                                                            \
  }

static void run_group(const apus_fft *f, int64_t index, const char *all_inputs, char *all_outputs, void *copy) {
  bool last = index == f->groups - 1;
  int64_t count = last ? f->remainder : f->group;
  apus_fft_plan plan = last ? f->remainder_plan : f->group_plan;
  void *input = (void *)(all_inputs + (size_t)(index * f->group) * f->input_bytes);
  void *output = all_outputs + (size_t)(index * f->group) * f->output_bytes;
  if (f->copy_bytes > 0) input = memcpy(copy, input, (size_t)count * f->input_bytes);
  if (f->spec.dtype == APUS_F32) {
    EXECUTE(fftwf, plan.single, float, fftwf_complex)
  } else {
    EXECUTE(fftw, plan.twice, double, fftw_complex)
  }
}

typedef struct {
  const apus_fft *fft;
  const char *input;
  char *output, *scratch;
} batch_run;

static void run_shares(void *context, int64_t begin, int64_t end) {
  const batch_run *r = context;
  const apus_fft *f = r->fft;
  for (int64_t share = begin; share < end; share++) {
    int64_t first = f->groups * share / f->shares, last = f->groups * (share + 1) / f->shares;
    for (int64_t index = first; index < last; index++) {
      run_group(f, index, r->input, r->output, r->scratch + (size_t)share * f->copy_bytes);
    }
  }
}

void apus_fft_run(const apus_fft *f, const void *input, void *output, void *scratch) {
  if (f->spec.batch == 0) return;
  batch_run r = {f, input, output, scratch};
  // About 5 log2(n) operations an element; the exact figure only decides whether a second thread is woken.
  apus_parallel_for(f->shares, 40 * f->spec.batch * f->output_elements, run_shares, &r);
}

size_t apus_fft_scratch_bytes(const apus_fft *f) { return (size_t)f->shares * f->copy_bytes; }

void apus_fft_destroy(apus_fft *f) { free(f); }
