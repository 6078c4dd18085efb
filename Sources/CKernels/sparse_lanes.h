/// y = the sum over the entries first ..< end of their value times one vector of columns of x, whose rows lie `inner` apart.
INLINE void LANED(sparse_row)(const apus_sparse_rows *matrix, const REAL *values, int64_t first, int64_t end, int64_t inner, const REAL *x,
                              REAL *y) {
  VECTOR sum = SPLAT(0);
  for (int64_t e = first; e < end; e++) {
    const REAL value = values[matrix->places ? matrix->places[e] : e];
    sum += LOAD(x + matrix->columns[e] * inner) * SPLAT(value);
  }
  STORE(y, sum);
}
