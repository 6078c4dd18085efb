// Elements that are combined or compared: ELEMENT is their type, ADD(a, b) their sum, MULTIPLY(a, b) their product, IS_NAN(a) whether one
// is not a number.

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

DIVIDED(indexed_call, extent, scatter_columns, scatter_destinations, add_slices)
DIVIDED(indexed_call, extent, scatter_columns_along, scatter_destinations_along, add_elements)

/// The extremes of segments first ..< last, and the rows they come from.
INLINE void NAMED(extremes)(segment_call *call, int64_t o, int64_t first, int64_t last, int64_t low, int64_t high) {
  (void)o;
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
DIVIDED(segment_call, segments, segment_columns, segment_destinations, extremes)

/// The products of segments first ..< last.
INLINE void NAMED(products)(segment_call *call, int64_t o, int64_t first, int64_t last, int64_t low, int64_t high) {
  (void)o;
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
DIVIDED(segment_call, segments, product_columns, product_destinations, products)

#undef ELEMENT
#undef NAMED
#undef ADD
#undef MULTIPLY
#undef IS_NAN
