// The kinds of apus_decomposition.h for one matrix. Included once for each element type, with REAL the type and NAME, LAPACK and BLAS
// making function names for it.
//
// LAPACK stores matrices by columns, so it sees the transpose of each of ours. Every routine below is chosen such that this costs
// no transposition where one can be avoided: L of A is U of A^T, Q R of A is L Q of A^T, and so on.

static void NAME(transpose)(int64_t rows, int64_t columns, const REAL *source, REAL *target) {
  enum { SQUARE = 16 };
  for (int64_t i = 0; i < rows; i += SQUARE) {
    for (int64_t j = 0; j < columns; j += SQUARE) {
      int64_t last_row = i + SQUARE < rows ? i + SQUARE : rows, last_column = j + SQUARE < columns ? j + SQUARE : columns;
      for (int64_t r = i; r < last_row; r++) {
        for (int64_t c = j; c < last_column; c++) target[c * rows + r] = source[r * columns + c];
      }
    }
  }
}

static int NAME(cholesky)(const apus_decomposition_spec *s, const REAL *a, REAL *factor) {
  int64_t n = s->rows;
  memcpy(factor, a, (size_t)(n * n) * sizeof(REAL));
  int info = LAPACK(potrf_work)(LAPACK_COL_MAJOR, s->upper ? 'L' : 'U', (int)n, factor, (int)n);
  for (int64_t row = 0; row < n; row++) {
    int64_t first = s->upper ? 0 : row + 1, last = s->upper ? row : n;
    for (int64_t column = first; column < last; column++) factor[row * n + column] = 0;
  }
  return info;
}

static int NAME(solve)(const apus_decomposition_spec *s, const REAL *a, const REAL *b, REAL *x, const workspace *w) {
  int64_t n = s->rows, k = s->right_sides;
  REAL *factors = w->matrix, *columns = w->second;
  memcpy(factors, a, (size_t)(n * n) * sizeof(REAL));
  int info = LAPACK(getrf_work)(LAPACK_COL_MAJOR, (int)n, (int)n, factors, (int)n, w->integers);
  if (info != 0) return info;
  NAME(transpose)(n, k, b, columns);
  info = LAPACK(getrs_work)(LAPACK_COL_MAJOR, 'T', (int)n, (int)k, factors, (int)n, w->integers, columns, (int)n);
  NAME(transpose)(k, n, columns, x);
  return info;
}

static int NAME(triangular_solve)(const apus_decomposition_spec *s, const REAL *a, const REAL *b, REAL *x) {
  int64_t n = s->rows, rows = s->right ? s->right_sides : n, columns = s->right ? n : s->right_sides;
  memcpy(x, b, (size_t)(rows * columns) * sizeof(REAL));
  BLAS(trsm)(
    CblasRowMajor, s->right ? CblasRight : CblasLeft, s->upper ? CblasUpper : CblasLower, s->transposed ? CblasTrans : CblasNoTrans,
    s->unit ? CblasUnit : CblasNonUnit, (int)rows, (int)columns, 1, a, (int)n, x, (int)columns);
  return 0;
}

static int NAME(qr)(const apus_decomposition_spec *s, const REAL *a, REAL *q, REAL *r, const workspace *w) {
  int64_t m = s->rows, n = s->columns, k = m < n ? m : n;
  REAL *factors = w->matrix, *scales = w->second;
  memcpy(factors, a, (size_t)(m * n) * sizeof(REAL));
  int info = LAPACK(gelqf_work)(LAPACK_COL_MAJOR, (int)n, (int)m, factors, (int)n, scales, w->work, w->work_count);
  if (info != 0) return info;
  for (int64_t row = 0; row < k; row++) {
    for (int64_t column = 0; column < row; column++) r[row * n + column] = 0;
    memcpy(r + row * n + row, factors + row * n + row, (size_t)(n - row) * sizeof(REAL));
  }
  info = LAPACK(orglq_work)(LAPACK_COL_MAJOR, (int)k, (int)m, (int)k, factors, (int)n, scales, w->work, w->work_count);
  REAL *signs = w->second;
  for (int64_t row = 0; row < k; row++) {
    signs[row] = r[row * n + row] < 0 ? -1 : 1;
    for (int64_t column = row; column < n; column++) r[row * n + column] *= signs[row];
  }
  for (int64_t row = 0; row < m; row++) {
    for (int64_t column = 0; column < k; column++) q[row * k + column] = factors[row * n + column] * signs[column];
  }
  return info;
}

static int NAME(symmetric_eigen)(const apus_decomposition_spec *s, const REAL *a, REAL *values, REAL *vectors, const workspace *w) {
  int64_t n = s->rows;
  REAL *rows = w->matrix;
  memcpy(rows, a, (size_t)(n * n) * sizeof(REAL));
  int info = LAPACK(syevd_work)(
    LAPACK_COL_MAJOR, 'V', s->upper ? 'L' : 'U', (int)n, rows, (int)n, values, w->work, w->work_count, w->integers, w->integer_count);
  for (int64_t vector = 0; vector < n; vector++) {
    REAL *row = rows + vector * n;
    int64_t largest = 0;
    for (int64_t i = 1; i < n; i++) {
      if (REAL_ABS(row[i]) > REAL_ABS(row[largest])) largest = i;
    }
    if (row[largest] < 0) {
      for (int64_t i = 0; i < n; i++) row[i] = -row[i];
    }
  }
  NAME(transpose)(n, n, rows, vectors);
  return info;
}

static int NAME(svd)(const apus_decomposition_spec *s, const REAL *a, REAL *u, REAL *values, REAL *vt, const workspace *w) {
  int64_t m = s->rows, n = s->columns, k = m < n ? m : n;
  REAL *copy = w->matrix;
  memcpy(copy, a, (size_t)(m * n) * sizeof(REAL));
  int info = LAPACK(gesdd_work)(
    LAPACK_COL_MAJOR, 'S', (int)n, (int)m, copy, (int)n, values, vt, (int)n, u, (int)k, w->work, w->work_count, w->integers);
  // The copy is used up; its first k elements now hold the largest component of each column of U.
  REAL *largest = copy;
  for (int64_t column = 0; column < k; column++) largest[column] = 0;
  for (int64_t row = 0; row < m; row++) {
    for (int64_t column = 0; column < k; column++) {
      if (REAL_ABS(u[row * k + column]) > REAL_ABS(largest[column])) largest[column] = u[row * k + column];
    }
  }
  for (int64_t row = 0; row < m; row++) {
    for (int64_t column = 0; column < k; column++) u[row * k + column] *= largest[column] < 0 ? -1 : 1;
  }
  for (int64_t row = 0; row < k; row++) {
    for (int64_t column = 0; column < n; column++) vt[row * n + column] *= largest[row] < 0 ? -1 : 1;
  }
  return info;
}

static int NAME(log_determinant)(const apus_decomposition_spec *s, const REAL *a, REAL *sign, REAL *logarithm, const workspace *w) {
  int64_t n = s->rows;
  REAL *factors = w->matrix;
  memcpy(factors, a, (size_t)(n * n) * sizeof(REAL));
  int info = LAPACK(getrf_work)(LAPACK_COL_MAJOR, (int)n, (int)n, factors, (int)n, w->integers);
  if (info < 0) return info;
  double sum = 0, parity = 1;
  for (int64_t i = 0; i < n; i++) {
    double pivot = (double)factors[i * n + i];
    sum += log(fabs(pivot));
    if (w->integers[i] != i + 1) parity = -parity;
    if (pivot < 0) parity = -parity;
    if (pivot == 0) parity = 0;
  }
  *sign = (REAL)parity;
  *logarithm = (REAL)sum;
  return 0;
}

static bool NAME(is_finite)(const REAL *a, int64_t count) {
  // Any product of a number that is not finite with 0 is not a number, and so is a sum that contains it.
  REAL sum = 0;
  for (int64_t i = 0; i < count; i++) sum += a[i] * 0;
  return sum == 0;
}

static void NAME(spoil)(REAL *first, int64_t count) {
  for (int64_t i = 0; i < count; i++) first[i] = NAN;
}

/// Fills in the sizes of LAPACK's own workspaces.
static int NAME(query)(const apus_decomposition_spec *s, int *work_count, int *integer_count) {
  int m = (int)s->rows, n = (int)s->columns, k = m < n ? m : n, info = 0;
  REAL work[2] = {0, 0};
  int integers = 0;
  *work_count = *integer_count = 0;
  switch (s->kind) {
  case APUS_QR:
    info = LAPACK(gelqf_work)(LAPACK_COL_MAJOR, n, m, NULL, n, NULL, &work[0], -1);
    if (info == 0) info = LAPACK(orglq_work)(LAPACK_COL_MAJOR, k, m, k, NULL, n, NULL, &work[1], -1);
    break;
  case APUS_SYMMETRIC_EIGEN:
    info = LAPACK(syevd_work)(LAPACK_COL_MAJOR, 'V', s->upper ? 'L' : 'U', n, NULL, n, NULL, work, -1, &integers, -1);
    *integer_count = integers;
    break;
  case APUS_SVD:
    info = LAPACK(gesdd_work)(LAPACK_COL_MAJOR, 'S', n, m, NULL, n, NULL, NULL, n, NULL, k, work, -1, NULL);
    *integer_count = 8 * k;
    break;
  case APUS_SOLVE:
  case APUS_LOG_DETERMINANT: *integer_count = n; break;
  case APUS_CHOLESKY:
  case APUS_TRIANGULAR_SOLVE: break;
  }
  // A float cannot hold every count; a little more than it says is enough.
  double count = (double)(work[0] > work[1] ? work[0] : work[1]);
  *work_count = (int)(count * (1 + 1e-6)) + 1;
  return info;
}

static int NAME(decompose)(
  const apus_decomposition_spec *s, const sizes *z, int64_t index, const void *const *inputs, void *const *outputs, const workspace *w
) {
  const REAL *a = (const REAL *)inputs[0] + index * z->input[0];
  const REAL *b = z->input[1] ? (const REAL *)inputs[1] + index * z->input[1] : NULL;
  REAL *first = (REAL *)outputs[0] + index * z->output[0];
  REAL *second = z->output[1] ? (REAL *)outputs[1] + index * z->output[1] : NULL;
  REAL *third = z->output[2] ? (REAL *)outputs[2] + index * z->output[2] : NULL;
  int info = -1;
  switch (s->kind) {
  case APUS_CHOLESKY: info = NAME(cholesky)(s, a, first); break;
  case APUS_SOLVE: info = NAME(solve)(s, a, b, first, w); break;
  case APUS_TRIANGULAR_SOLVE: info = NAME(triangular_solve)(s, a, b, first); break;
  case APUS_QR: info = NAME(qr)(s, a, first, second, w); break;
  // The iterations of these two may not end on what is not finite.
  case APUS_SYMMETRIC_EIGEN: info = NAME(is_finite)(a, z->input[0]) ? NAME(symmetric_eigen)(s, a, first, second, w) : -1; break;
  case APUS_SVD: info = NAME(is_finite)(a, z->input[0]) ? NAME(svd)(s, a, first, second, third, w) : -1; break;
  case APUS_LOG_DETERMINANT: info = NAME(log_determinant)(s, a, first, second, w); break;
  }
  if (info != 0) {
    NAME(spoil)(first, z->output[0]);
    if (second) NAME(spoil)(second, z->output[1]);
    if (third) NAME(spoil)(third, z->output[2]);
  }
  return info;
}
