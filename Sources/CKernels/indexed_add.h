// Elements that are combined or compared: ELEMENT is their type, ADD(a, b) their sum, MULTIPLY(a, b) their product, IS_NAN(a) whether one is
// not a number.

/// Adds to rows first ..< last of the destination and columns `low` ..< `high` of each.
INLINE void NAMED(add_slices)(indexed_call *call, int64_t o, int64_t first, int64_t last, int64_t low, int64_t high) {
  const apus_indexed_spec *s = call->spec;
  const ELEMENT *values = (const ELEMENT *)call->x + o * s->count * s->inner;
  ELEMENT *y = (ELEMENT *)call->y + o * s->extent * s->inner;
  for (int64_t k = 0; k < s->count; k++) {
    const int64_t index = resolved(call->indices[k], s->extent);
    if (index < 0) apus_note_first(&call->first_invalid, k);
    if (index < first || index >= last) continue;
    const ELEMENT *restrict from = values + k * s->inner;
    ELEMENT *restrict to = y + index * s->inner;
    for (int64_t i = low; i < high; i++) to[i] = ADD(to[i], from[i]);
  }
}

INLINE void NAMED(add_elements)(indexed_call *call, int64_t o, int64_t first, int64_t last, int64_t low, int64_t high) {
  const apus_indexed_spec *s = call->spec;
  const int64_t offset = o * s->count * s->inner;
  const ELEMENT *values = (const ELEMENT *)call->x + offset;
  const int64_t *indices = call->indices + offset;
  ELEMENT *y = (ELEMENT *)call->y + o * s->extent * s->inner;
  for (int64_t k = 0; k < s->count; k++) {
    for (int64_t i = low; i < high; i++) {
      const int64_t index = resolved(indices[k * s->inner + i], s->extent);
      if (index < 0) apus_note_first(&call->first_invalid, offset + k * s->inner + i);
      if (index < first || index >= last) continue;
      ELEMENT *to = y + index * s->inner + i;
      *to = ADD(*to, values[k * s->inner + i]);
    }
  }
}

// Tasks are ranges of columns, (outer, inner), or of destinations, (outer, extent).
CLONES static void NAMED(scatter_columns)(void *context, int64_t begin, int64_t end) {
  indexed_call *call = context;
  const int64_t inner = call->spec->inner, extent = call->spec->extent;
  FOR_RANGES(call, begin, end, inner, NAMED(add_slices)(call, o, 0, extent, low, high));
}
CLONES static void NAMED(scatter_destinations)(void *context, int64_t begin, int64_t end) {
  indexed_call *call = context;
  const int64_t inner = call->spec->inner, extent = call->spec->extent;
  FOR_RANGES(call, begin, end, extent, NAMED(add_slices)(call, o, low, high, 0, inner));
}
CLONES static void NAMED(scatter_columns_along)(void *context, int64_t begin, int64_t end) {
  indexed_call *call = context;
  const int64_t inner = call->spec->inner, extent = call->spec->extent;
  FOR_RANGES(call, begin, end, inner, NAMED(add_elements)(call, o, 0, extent, low, high));
}
CLONES static void NAMED(scatter_destinations_along)(void *context, int64_t begin, int64_t end) {
  indexed_call *call = context;
  const int64_t inner = call->spec->inner, extent = call->spec->extent;
  FOR_RANGES(call, begin, end, extent, NAMED(add_elements)(call, o, low, high, 0, inner));
}

// Tasks are ranges of columns or destinations.
INLINE void NAMED(extremes)(segment_call *call, int64_t first, int64_t last, int64_t low, int64_t high) {
  const apus_segment_spec *s = call->spec;
  const bool maximum = s->maximum;
  const ELEMENT *x = call->x;
  ELEMENT *y = call->y;
  for (int64_t segment = first; segment < last; segment++) {
    for (int64_t i = low; i < high; i++) {
      y[segment * s->inner + i] = (ELEMENT)s->empty;
      call->source[segment * s->inner + i] = -1;
    }
  }
  for (int64_t k = 0; k < s->count; k++) {
    const int64_t index = resolved(call->indices[k], s->segments);
    if (index < 0) apus_note_first(&call->first_invalid, k);
    if (index < first || index >= last) continue;
    const ELEMENT *restrict from = x + k * s->inner;
    ELEMENT *restrict held = y + index * s->inner;
    int64_t *restrict source = call->source + index * s->inner;
    // Without branches, so that it is done in vectors.
    for (int64_t i = low; i < high; i++) {
      const ELEMENT value = from[i];
      const bool exceeds = maximum ? value > held[i] : value < held[i];
      const bool better = (source[i] < 0) | exceeds | (IS_NAN(value) & !IS_NAN(held[i]));
      held[i] = better ? value : held[i];
      source[i] = better ? k : source[i];
    }
  }
}
CLONES static void NAMED(segment_columns)(void *context, int64_t begin, int64_t end) {
  segment_call *call = context;
  const int64_t inner = call->spec->inner, segments = call->spec->segments;
  FOR_RANGES(call, begin, end, inner, NAMED(extremes)(call, 0, segments, low, high));
}
CLONES static void NAMED(segment_destinations)(void *context, int64_t begin, int64_t end) {
  segment_call *call = context;
  const int64_t inner = call->spec->inner, segments = call->spec->segments;
  FOR_RANGES(call, begin, end, segments, NAMED(extremes)(call, low, high, 0, inner));
}

INLINE void NAMED(products)(segment_call *call, int64_t first, int64_t last, int64_t low, int64_t high) {
  const apus_segment_spec *s = call->spec;
  const ELEMENT *x = call->x;
  ELEMENT *y = call->y;
  for (int64_t segment = first; segment < last; segment++) {
    for (int64_t i = low; i < high; i++) y[segment * s->inner + i] = 1;
  }
  for (int64_t k = 0; k < s->count; k++) {
    const int64_t index = resolved(call->indices[k], s->segments);
    if (index < 0) apus_note_first(&call->first_invalid, k);
    if (index < first || index >= last) continue;
    const ELEMENT *restrict from = x + k * s->inner;
    ELEMENT *restrict to = y + index * s->inner;
    for (int64_t i = low; i < high; i++) to[i] = MULTIPLY(to[i], from[i]);
  }
}
CLONES static void NAMED(product_columns)(void *context, int64_t begin, int64_t end) {
  segment_call *call = context;
  const int64_t inner = call->spec->inner, segments = call->spec->segments;
  FOR_RANGES(call, begin, end, inner, NAMED(products)(call, 0, segments, low, high));
}
CLONES static void NAMED(product_destinations)(void *context, int64_t begin, int64_t end) {
  segment_call *call = context;
  const int64_t inner = call->spec->inner, segments = call->spec->segments;
  FOR_RANGES(call, begin, end, segments, NAMED(products)(call, low, high, 0, inner));
}

#undef ELEMENT
#undef NAMED
#undef ADD
#undef MULTIPLY
#undef IS_NAN
