#include "apus_normalization.h"

#include <math.h>
#include <string.h>

#include "apus_parallel.h"
#include "normalization_layout.h"

typedef struct {
  norm_layout layout;
  const apus_normalization_operands *forward;
  const apus_normalization_backward_operands *backward;
  double *works;   // one a part
  double *totals;  // sums for the gradients of scale and shift
  void *vectors;   // coefficients
  int64_t cost;
} norm_call;

static inline int64_t norm_block_rows(int64_t row_bytes) {
  int64_t rows = NORM_BLOCK_BYTES / row_bytes;
  return rows < 8 ? 8 : rows;
}

/// Fills `count` vectors of `columns` elements, of which the first `channels` are known, by repeating those.
static inline void norm_repeat(void *vectors, size_t size, int count, int64_t channels, int64_t columns) {
  for (int v = 0; v < count; v++) {
    char *vector = (char *)vectors + (size_t)(v * columns) * size;
    for (int64_t c = channels; c < columns; c += channels) memcpy(vector + (size_t)c * size, vector, (size_t)channels * size);
  }
}

#define TEMPLATE "normalization_typed.h"
#include "typed.h"

static size_t rounded(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

static size_t works_bytes(const norm_layout *l) { return rounded((size_t)(norm_workers(l) * l->work_size) * sizeof(double)); }

static size_t totals_bytes(const norm_layout *l) {
  return rounded((size_t)((l->mode == NORM_SPLIT ? 1 : l->parts) * 2 * l->channels) * sizeof(double));
}

size_t apus_normalization_scratch_bytes(const apus_normalization_spec *spec) {
  const norm_layout l = norm_layout_of(spec);
  const size_t size = spec->dtype == APUS_F64 ? 8 : 4;
  return works_bytes(&l) + totals_bytes(&l) + rounded((size_t)(norm_sets(&l) * l.vector_size) * size);
}

static norm_call prepared(const apus_normalization_spec *spec, char *scratch) {
  norm_call call = {.layout = norm_layout_of(spec)};
  call.works = (double *)scratch;
  call.totals = (double *)(scratch + works_bytes(&call.layout));
  call.vectors = scratch + works_bytes(&call.layout) + totals_bytes(&call.layout);
  call.cost = 8 * spec->outer * spec->inner * call.layout.channels;
  return call;
}

void apus_normalization(const apus_normalization_spec *spec, const apus_normalization_operands *operands) {
  norm_call call = prepared(spec, operands->scratch);
  call.forward = operands;
  if (call.layout.channels == 0) return;
  (spec->dtype == APUS_F64 ? forward_f64 : forward_f32)(&call);
}

void apus_normalization_backward(const apus_normalization_spec *spec, const apus_normalization_backward_operands *operands) {
  norm_call call = prepared(spec, operands->scratch);
  call.backward = operands;
  if (call.layout.channels == 0) return;
  memset(call.totals, 0, totals_bytes(&call.layout));
  (spec->dtype == APUS_F64 ? backward_f64 : backward_f32)(&call);
}
