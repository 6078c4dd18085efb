// Elements of one size that move unchanged: ELEMENT is an unsigned integer of that size.

CLONES static void NAMED(gather)(void *context, int64_t begin, int64_t end) {
  indexed_call *call = context;
  const apus_indexed_spec *s = call->spec;
  const ELEMENT *x = call->x;
  ELEMENT *y = call->y;
  for (int64_t slice = begin; slice < end; slice++) {
    const int64_t o = slice / s->count, k = slice - o * s->count, index = resolved(call->indices[k], s->extent);
    if (index < 0) {
      apus_note_first(&call->first_invalid, k);
      continue;
    }
    const ELEMENT *from = x + (o * s->extent + index) * s->inner;
    ELEMENT *to = y + slice * s->inner;
    if (s->inner == 1) {
      *to = *from;
    } else if (s->inner >= 1024) {
      memcpy(to, from, (size_t)s->inner * sizeof(ELEMENT));
    } else {
      for (int64_t i = 0; i < s->inner; i++) to[i] = from[i];
    }
  }
}

CLONES static void NAMED(take_along)(void *context, int64_t begin, int64_t end) {
  indexed_call *call = context;
  const apus_indexed_spec *s = call->spec;
  const ELEMENT *x = call->x;
  ELEMENT *y = call->y;
  for (int64_t slice = begin; slice < end; slice++) {
    const ELEMENT *from = x + slice / s->count * s->extent * s->inner;
    for (int64_t i = 0, place = slice * s->inner; i < s->inner; i++, place++) {
      const int64_t index = resolved(call->indices[place], s->extent);
      if (index < 0) {
        apus_note_first(&call->first_invalid, place);
        continue;
      }
      y[place] = from[index * s->inner + i];
    }
  }
}

#undef ELEMENT
#undef NAMED
