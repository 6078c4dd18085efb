#include "apus_decomposition.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apus_parallel.h"

/// Elements of one matrix of each operand; 0 for an operand that the kind has not got.
typedef struct {
  int64_t input[2], output[3];
} sizes;

/// One share's part of the scratch memory.
typedef struct {
  void *matrix, *second, *work;
  int *integers;
  int work_count, integer_count;
} workspace;

#define REAL float
#define NAME(name) name##_f32
#define LAPACK(name) LAPACKE_s##name
#define BLAS(name) cblas_s##name
#define REAL_ABS fabsf
#include "decompositions_template.h"
#undef REAL
#undef NAME
#undef LAPACK
#undef BLAS
#undef REAL_ABS
#define REAL double
#define NAME(name) name##_f64
#define LAPACK(name) LAPACKE_d##name
#define BLAS(name) cblas_d##name
#define REAL_ABS fabs
#include "decompositions_template.h"

struct apus_decomposition {
  apus_decomposition_spec spec;
  sizes sizes;
  int work_count, integer_count;
  size_t matrix_bytes, second_bytes, work_bytes, integer_bytes;
  /// Matrices are shared out among this many threads; 1 leaves the threads to LAPACK.
  int64_t shares;
};

// Up to this order, the largest measured, one matrix a thread is at least as fast as LAPACK's own threads on a batch of eight.
enum { LARGEST_FOR_ONE_THREAD = 512 };

static size_t round_up(size_t bytes) { return (bytes + 63) / 64 * 64; }

static const char *refusal(const apus_decomposition_spec *s) {
  if (s->kind < APUS_CHOLESKY || s->kind > APUS_LOG_DETERMINANT) return "unknown kind";
  if (s->dtype != APUS_F32 && s->dtype != APUS_F64) return "the matrices must be f32 or f64";
  if (s->batch < 0 || s->rows < 1 || s->columns < 1) return "a non-positive extent";
  bool square = s->kind != APUS_QR && s->kind != APUS_SVD;
  if (square && s->rows != s->columns) return "the matrix must be square";
  bool solves = s->kind == APUS_SOLVE || s->kind == APUS_TRIANGULAR_SOLVE;
  if (solves && s->right_sides < 1) return "a non-positive number of right-hand sides";
  const int64_t most = INT32_MAX / 8;
  if (s->rows > most || s->columns > most || (solves && s->right_sides > most)) return "more than 2^28 rows or columns";
  return NULL;
}

static sizes count_elements(const apus_decomposition_spec *s) {
  int64_t m = s->rows, n = s->columns, k = m < n ? m : n;
  switch (s->kind) {
  case APUS_CHOLESKY: return (sizes){{n * n, 0}, {n * n, 0, 0}};
  case APUS_SOLVE:
  case APUS_TRIANGULAR_SOLVE: return (sizes){{n * n, n * s->right_sides}, {n * s->right_sides, 0, 0}};
  case APUS_QR: return (sizes){{m * n, 0}, {m * k, k * n, 0}};
  case APUS_SYMMETRIC_EIGEN: return (sizes){{n * n, 0}, {n, n * n, 0}};
  case APUS_SVD: return (sizes){{m * n, 0}, {m * k, k, k * n}};
  case APUS_LOG_DETERMINANT: return (sizes){{n * n, 0}, {1, 1, 0}};
  }
  return (sizes){{0, 0}, {0, 0, 0}};
}

apus_decomposition *apus_decomposition_create(const apus_decomposition_spec *spec, char *message, size_t capacity) {
  const char *reason = refusal(spec);
  apus_decomposition *d = reason ? NULL : calloc(1, sizeof *d);
  if (!reason && !d) reason = "out of memory";
  if (reason) {
    snprintf(message, capacity, "decomposition: %s", reason);
    return NULL;
  }
  d->spec = *spec;
  d->sizes = count_elements(spec);
  bool single = spec->dtype == APUS_F32;
  int info = single ? query_f32(spec, &d->work_count, &d->integer_count) : query_f64(spec, &d->work_count, &d->integer_count);
  if (info != 0) {
    snprintf(message, capacity, "decomposition: LAPACK refused it with code %d", info);
    free(d);
    return NULL;
  }
  size_t element = single ? sizeof(float) : sizeof(double);
  int64_t least = spec->rows < spec->columns ? spec->rows : spec->columns, most = spec->rows + spec->columns - least;
  bool in_place = spec->kind == APUS_CHOLESKY || spec->kind == APUS_TRIANGULAR_SOLVE;
  d->matrix_bytes = in_place ? 0 : round_up((size_t)(spec->rows * spec->columns) * element);
  if (spec->kind == APUS_SOLVE) d->second_bytes = round_up((size_t)(spec->rows * spec->right_sides) * element);
  if (spec->kind == APUS_QR) d->second_bytes = round_up((size_t)least * element);
  d->work_bytes = round_up((size_t)d->work_count * element);
  d->integer_bytes = round_up((size_t)d->integer_count * sizeof(int));
  int64_t threads = apus_thread_count();
  d->shares = most > LARGEST_FOR_ONE_THREAD ? 1 : spec->batch < threads ? spec->batch : threads;
  return d;
}

typedef struct {
  const apus_decomposition *decomposition;
  const void *const *inputs;
  void *const *outputs;
  char *scratch;
  apus_decomposition_status *statuses;
} batch_run;

static size_t share_bytes(const apus_decomposition *d) { return d->matrix_bytes + d->second_bytes + d->work_bytes + d->integer_bytes; }

static size_t status_bytes(const apus_decomposition *d) { return round_up((size_t)d->shares * sizeof(apus_decomposition_status)); }

static void run_shares(void *context, int64_t begin, int64_t end) {
  const batch_run *r = context;
  const apus_decomposition *d = r->decomposition;
  for (int64_t share = begin; share < end; share++) {
    char *base = r->scratch + (size_t)share * share_bytes(d);
    workspace w = {.matrix = base, .second = base + d->matrix_bytes, .work = base + d->matrix_bytes + d->second_bytes};
    w.integers = (int *)(base + d->matrix_bytes + d->second_bytes + d->work_bytes);
    w.work_count = d->work_count;
    w.integer_count = d->integer_count;
    apus_decomposition_status status = {-1, 0};
    int64_t first = d->spec.batch * share / d->shares, last = d->spec.batch * (share + 1) / d->shares;
    for (int64_t index = first; index < last; index++) {
      int info = d->spec.dtype == APUS_F32 ? decompose_f32(&d->spec, &d->sizes, index, r->inputs, r->outputs, &w)
                                           : decompose_f64(&d->spec, &d->sizes, index, r->inputs, r->outputs, &w);
      if (info != 0 && status.failed_index < 0) status = (apus_decomposition_status){index, info};
    }
    r->statuses[share] = status;
  }
}

apus_decomposition_status apus_decomposition_run(
  const apus_decomposition *d, const void *const *inputs, void *const *outputs, void *scratch
) {
  if (d->spec.batch == 0) return (apus_decomposition_status){-1, 0};
  if (d->spec.rows * d->spec.columns <= 128 * 128) {
    apus_enter_alone();
  } else {
    apus_enter_pool();
  }
  batch_run r = {d, inputs, outputs, (char *)scratch + status_bytes(d), scratch};
  if (d->shares == 1) {
    run_shares(&r, 0, 1);
  } else {
    int64_t cost = d->spec.batch * d->spec.rows * d->spec.columns * (d->spec.rows < d->spec.columns ? d->spec.rows : d->spec.columns);
    apus_parallel_for(d->shares, cost, run_shares, &r);
  }
  for (int64_t share = 0; share < d->shares; share++) {
    if (r.statuses[share].failed_index >= 0) return r.statuses[share];
  }
  return (apus_decomposition_status){-1, 0};
}

size_t apus_decomposition_scratch_bytes(const apus_decomposition *d) { return status_bytes(d) + (size_t)d->shares * share_bytes(d); }

void apus_decomposition_destroy(apus_decomposition *d) { free(d); }
