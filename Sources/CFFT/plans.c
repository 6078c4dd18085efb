#include "plans.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static int64_t product(const apus_fft_spec *s) {
  int64_t elements = 1;
  for (int axis = 0; axis < s->rank; axis++) elements *= s->extents[axis];
  return elements;
}

static int64_t half_product(const apus_fft_spec *s) {
  int64_t last = s->extents[s->rank - 1];
  return product(s) / last * (last / 2 + 1);
}

int64_t apus_fft_input_elements(const apus_fft_spec *s) { return s->kind == APUS_FFT_REAL_INVERSE ? half_product(s) : product(s); }

int64_t apus_fft_output_elements(const apus_fft_spec *s) { return s->kind == APUS_FFT_REAL_FORWARD ? half_product(s) : product(s); }

/// What a plan depends on.
typedef struct {
  apus_fft_kind kind;
  apus_dtype dtype;
  int32_t rank;
  int64_t extents[APUS_FFT_MAX_RANK], count;
} key;

typedef struct entry {
  key key;
  apus_fft_plan plan;
  struct entry *next;
} entry;

// FFTW's planner is not safe to enter from two threads, so that one lock serves it and the table.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static entry *table;

static bool equal(const key *a, const key *b) {
  return a->kind == b->kind && a->dtype == b->dtype && a->rank == b->rank && a->count == b->count &&
         memcmp(a->extents, b->extents, (size_t)a->rank * sizeof *a->extents) == 0;
}

/// Strides of dense arrays; the last axis of a complex half array is shorter than its extent says.
static void lay_out(const apus_fft_spec *s, fftw_iodim64 *dimensions) {
  int64_t last = s->extents[s->rank - 1], half = last / 2 + 1, input = 1, output = 1;
  for (int axis = s->rank - 1; axis >= 0; axis--) {
    int64_t n = s->extents[axis];
    dimensions[axis] = (fftw_iodim64){n, input, output};
    input *= axis == s->rank - 1 && s->kind == APUS_FFT_REAL_INVERSE ? half : n;
    output *= axis == s->rank - 1 && s->kind == APUS_FFT_REAL_FORWARD ? half : n;
  }
}

// With an estimated plan, the planner compares the addresses and does not touch what is there.
#define MAKE_PLAN(name, real, complex)                                                                               \
  static name##_plan name##_make(                                                                                    \
    const apus_fft_spec *s, const fftw_iodim64 *dimensions, const fftw_iodim64 *batch                                \
  ) {                                                                                                                \
    static real places[4];                                                                                           \
    real *in = places, *out = places + 2;                                                                            \
    unsigned flags = FFTW_ESTIMATE | FFTW_UNALIGNED;                                                                 \
    const name##_iodim64 *d = (const name##_iodim64 *)dimensions, *b = (const name##_iodim64 *)batch;                \
    switch (s->kind) {                                                                                               \
    case APUS_FFT_FORWARD:                                                                                           \
      return name##_plan_guru64_dft(s->rank, d, 1, b, (complex *)in, (complex *)out, FFTW_FORWARD, flags);           \
    case APUS_FFT_INVERSE:                                                                                           \
      return name##_plan_guru64_dft(s->rank, d, 1, b, (complex *)in, (complex *)out, FFTW_BACKWARD, flags);          \
    case APUS_FFT_REAL_FORWARD: return name##_plan_guru64_dft_r2c(s->rank, d, 1, b, in, (complex *)out, flags);      \
    case APUS_FFT_REAL_INVERSE: return name##_plan_guru64_dft_c2r(s->rank, d, 1, b, (complex *)in, out, flags);      \
    }                                                                                                                \
    return NULL;                                                                                                     \
  }
MAKE_PLAN(fftwf, float, fftwf_complex)
MAKE_PLAN(fftw, double, fftw_complex)

static apus_fft_plan make(const apus_fft_spec *s, int64_t count) {
  fftw_iodim64 dimensions[APUS_FFT_MAX_RANK];
  lay_out(s, dimensions);
  fftw_iodim64 batch = {count, apus_fft_input_elements(s), apus_fft_output_elements(s)};
  apus_fft_plan plan;
  if (s->dtype == APUS_F32) {
    plan.single = fftwf_make(s, dimensions, &batch);
  } else {
    plan.twice = fftw_make(s, dimensions, &batch);
  }
  return plan;
}

apus_fft_plan apus_fft_plan_for(const apus_fft_spec *s, int64_t count) {
  key wanted = {.kind = s->kind, .dtype = s->dtype, .rank = s->rank, .count = count};
  memcpy(wanted.extents, s->extents, (size_t)s->rank * sizeof *s->extents);
  apus_fft_plan plan = {NULL};
  pthread_mutex_lock(&lock);
  entry *found = table;
  while (found && !equal(&found->key, &wanted)) found = found->next;
  if (!found && (found = malloc(sizeof *found))) {
    *found = (entry){wanted, make(s, count), table};
    table = found;
  }
  if (found) plan = found->plan;
  pthread_mutex_unlock(&lock);
  return plan;
}
