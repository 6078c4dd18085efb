#include "matmul_layout.h"

#include <stdlib.h>

static bool joins(const apus_matrix *m, const apus_matmul_spec *s, int outer) {
  return m->batch_strides[outer] == s->batch[outer + 1] * m->batch_strides[outer + 1];
}

static void remove_axis(apus_matmul_spec *s, int axis) {
  apus_matrix *matrices[] = {&s->a, &s->b, &s->c};
  for (int i = axis; i + 1 < s->batch_rank; i++) {
    s->batch[i] = s->batch[i + 1];
    for (int m = 0; m < 3; m++) matrices[m]->batch_strides[i] = matrices[m]->batch_strides[i + 1];
  }
  s->batch_rank--;
}

void apus_matmul_canonicalise(apus_matmul_spec *s) {
  for (int axis = s->batch_rank - 1; axis >= 0; axis--) {
    if (s->batch[axis] == 1) remove_axis(s, axis);
  }
  for (int axis = s->batch_rank - 2; axis >= 0; axis--) {
    if (!joins(&s->a, s, axis) || !joins(&s->b, s, axis) || !joins(&s->c, s, axis)) continue;
    s->batch[axis + 1] *= s->batch[axis];
    remove_axis(s, axis);
  }
  int last = s->batch_rank - 1;
  bool shared = last >= 0 && s->b.batch_strides[last] == 0 && s->epilogue.bias != APUS_BIAS_PER_ROW;
  if (!shared) return;
  if (s->rows == 1) {
    s->a.row_stride = s->a.batch_strides[last];
    s->c.row_stride = s->c.batch_strides[last];
  } else if (s->a.batch_strides[last] != s->rows * s->a.row_stride || s->c.batch_strides[last] != s->rows * s->c.row_stride) {
    return;
  }
  s->rows *= s->batch[last];
  remove_axis(s, last);
}

matrix_layout apus_matrix_classify(apus_matrix *m, int64_t rows, int64_t columns) {
  if (columns == 1) m->column_stride = 1;
  if (rows == 1) m->row_stride = m->column_stride == 1 ? columns : 1;
  if (m->column_stride == 1 && m->row_stride >= columns) return LAYOUT_PLAIN;
  if (m->row_stride == 1 && m->column_stride >= rows) return LAYOUT_TRANSPOSED;
  return LAYOUT_IRREGULAR;
}

bool apus_matrix_batch_is_regular(const apus_matrix *m, const apus_matmul_spec *s, int64_t rows, int64_t columns) {
  int64_t extents[APUS_MATMUL_MAX_BATCH_RANK + 2], strides[APUS_MATMUL_MAX_BATCH_RANK + 2];
  int rank = 0;
  for (int axis = 0; axis < s->batch_rank; axis++) {
    if (m->batch_strides[axis] == 0) continue;
    extents[rank] = s->batch[axis];
    strides[rank++] = m->batch_strides[axis];
  }
  extents[rank] = rows;
  strides[rank++] = m->row_stride;
  extents[rank] = columns;
  strides[rank++] = m->column_stride;
  // In order of growing strides, each axis must begin where the ones inside it have ended.
  int64_t reach = 0;
  for (int done = 0; done < rank; done++) {
    int least = done;
    for (int i = done + 1; i < rank; i++) {
      if (strides[i] < strides[least]) least = i;
    }
    int64_t extent = extents[least], stride = strides[least];
    extents[least] = extents[done];
    strides[least] = strides[done];
    if (extent == 1) continue;
    if (stride <= reach) return false;
    reach += (extent - 1) * stride;
  }
  return true;
}

int64_t apus_matmul_batch_count(const apus_matmul_spec *s) {
  int64_t count = 1;
  for (int axis = 0; axis < s->batch_rank; axis++) count *= s->batch[axis];
  return count;
}

int64_t apus_matrix_batch_offset(const apus_matrix *m, const apus_matmul_spec *s, int64_t index) {
  int64_t offset = 0;
  for (int axis = s->batch_rank - 1; axis >= 0; axis--) {
    offset += index % s->batch[axis] * m->batch_strides[axis];
    index /= s->batch[axis];
  }
  return offset;
}
