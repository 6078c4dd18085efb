#include "apus_sparse.h"

#include <stddef.h>

#include "apus_parallel.h"

typedef struct {
  const apus_sparse_spec *spec;
  const apus_sparse_rows *matrix;
  const void *values, *x;
  void *y;
  int64_t tasks;
} sparse_call;

/// Enough to even out rows of unlike length among the threads of a large machine.
enum { TASKS = 256 };

/// The first row of a task. Tasks have about as many rows and entries together as each other.
static int64_t first_row(const sparse_call *call, int64_t task) {
  const int64_t *offsets = call->matrix->offsets;
  const int64_t rows = call->spec->rows;
  const int64_t target = (int64_t)((double)(offsets[rows] + rows) * ((double)task / (double)call->tasks));
  if (task >= call->tasks) return rows;
  int64_t low = 0, high = rows;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (offsets[middle] + middle < target) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

#define TEMPLATE "sparse_typed.h"
#include "typed.h"

static int64_t tasks_of(const apus_sparse_spec *spec) { return spec->rows < TASKS ? spec->rows : TASKS; }

static int64_t cost_of(const apus_sparse_spec *spec, const apus_sparse_rows *matrix) {
  const int64_t size = spec->dtype == APUS_F64 ? 8 : 4;
  return spec->batch * (matrix->offsets[spec->rows] * (spec->inner * (size + 2) + 16) + spec->rows * spec->inner * size);
}

void apus_sparse_matmul(const apus_sparse_spec *spec, const apus_sparse_rows *matrix, const void *values, const void *x, void *y) {
  sparse_call call = {spec, matrix, values, x, y, tasks_of(spec)};
  apus_parallel_for(
    call.tasks * spec->batch, cost_of(spec, matrix), spec->dtype == APUS_F64 ? sparse_matmul_f64 : sparse_matmul_f32, &call);
}

void apus_sparse_sampled(const apus_sparse_spec *spec, const apus_sparse_rows *matrix, const void *left, const void *right,
                         void *products) {
  sparse_call call = {spec, matrix, left, right, products, tasks_of(spec)};
  apus_parallel_for(call.tasks, cost_of(spec, matrix), spec->dtype == APUS_F64 ? sparse_sampled_f64 : sparse_sampled_f32, &call);
}
