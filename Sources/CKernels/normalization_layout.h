// How the work of a normalisation is cut, which depends on the shape alone, and where its intermediate results lie.
#ifndef APUS_NORMALIZATION_LAYOUT_H
#define APUS_NORMALIZATION_LAYOUT_H

#include "apus_normalization.h"

enum {
  NORM_PARTS = 32,
  /// Elements worth a part of their own.
  NORM_PART_ELEMENTS = 8192,
  /// Bytes of the operand that are walked column by column while they are in the first-level cache.
  NORM_BLOCK_BYTES = 16 * 1024,
  /// Widest row that short rows are folded into.
  NORM_FOLDED_LIMIT = 1024,
};

typedef enum {
  /// Statistics over contiguous elements (inner = 1): every group is a row.
  NORM_ROWS,
  /// Statistics over columns, many outer blocks: each is handled whole.
  NORM_BLOCKS,
  /// Statistics over columns, few outer blocks: each is cut into parts.
  NORM_SPLIT,
} norm_mode;

typedef struct {
  apus_normalization_spec spec;
  norm_mode mode;
  int64_t channels;
  /// An outer block as `rows` rows of `columns` elements, a multiple of `channels`, and one of `rest` elements. Several short rows make one
  /// long one, so that vectors are filled.
  int64_t columns, rows, rest;
  /// Parts of an outer block (NORM_SPLIT), or of all outer blocks.
  int64_t parts;
  int64_t work_size;    // doubles of one part's own memory
  int64_t vector_size;  // elements of one set of coefficients: NORM_VECTORS * columns
} norm_layout;

enum { NORM_VECTORS = 4 };

static inline int64_t norm_minimum(int64_t a, int64_t b) { return a < b ? a : b; }

static inline int64_t norm_common_divisor(int64_t a, int64_t b) {
  while (b) {
    int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

static inline norm_layout norm_layout_of(const apus_normalization_spec *spec) {
  norm_layout l = {.spec = *spec, .channels = spec->groups * spec->width};
  const int64_t lanes = spec->dtype == APUS_F64 ? 8 : 16;
  const int64_t elements = spec->outer * spec->inner * l.channels;
  l.columns = l.channels;
  if (l.channels > 0) {
    int64_t multiple = l.channels / norm_common_divisor(l.channels, lanes) * lanes;
    if (multiple <= NORM_FOLDED_LIMIT) l.columns = multiple;
    l.rows = spec->inner * l.channels / l.columns;
    l.rest = spec->inner * l.channels - l.rows * l.columns;
  }
  int64_t wanted = elements / NORM_PART_ELEMENTS;
  wanted = wanted < 1 ? 1 : wanted > NORM_PARTS ? NORM_PARTS : wanted;
  l.mode = spec->inner == 1 ? NORM_ROWS : spec->outer >= NORM_PARTS ? NORM_BLOCKS : NORM_SPLIT;
  l.parts = wanted;
  if (l.mode == NORM_SPLIT) {
    l.parts = spec->outer > 0 ? (wanted + spec->outer - 1) / spec->outer : 1;
    l.parts = norm_minimum(l.parts, l.rows > 0 ? l.rows : 1);
  } else {
    l.parts = norm_minimum(l.parts, spec->outer > 0 ? spec->outer : 1);
  }
  // Two sums a column, which become two a channel, and two more a channel over all outer blocks of a part.
  l.work_size = 2 * l.columns + 2 * l.channels;
  l.vector_size = NORM_VECTORS * l.columns;
  return l;
}

/// Sets of coefficients that exist at once, and parts with memory of their own.
static inline int64_t norm_sets(const norm_layout *l) { return l->mode == NORM_SPLIT ? l->spec.outer : l->parts; }
static inline int64_t norm_workers(const norm_layout *l) { return l->mode == NORM_SPLIT ? l->spec.outer * l->parts : l->parts; }

#endif
