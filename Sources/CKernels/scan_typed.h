// Running combinations of one element type: ELEMENT is read and written, HELD carries; the four macros combine.

#define SCAN(name, start, combine)                                                                   \
  static void NAMED(name)(void *context, int64_t begin, int64_t end) {                               \
    const scan_call *call = context;                                                                 \
    const apus_scan_spec *s = call->spec;                                                            \
    const int64_t step = s->reverse ? -1 : 1;                                                        \
    for (int64_t row = begin; row < end; row++) {                                                    \
      const int64_t first = row * s->extent + (s->reverse ? s->extent - 1 : 0);                      \
      const ELEMENT *x = (const ELEMENT *)call->x + first;                                           \
      ELEMENT *y = (ELEMENT *)call->y + first;                                                       \
      HELD held = (HELD)(start);                                                                     \
      for (int64_t i = 0; i < s->extent; i++) {                                                      \
        const HELD value = (HELD)x[i * step];                                                        \
        const HELD next = combine(held, value);                                                      \
        y[i * step] = (ELEMENT)(s->exclusive ? held : next);                                         \
        held = next;                                                                                 \
      }                                                                                              \
    }                                                                                                \
  }

SCAN(scan_sum, 0, SUM)
SCAN(scan_product, 1, PRODUCT)
SCAN(scan_maximum, x[0], MAXIMUM)
SCAN(scan_minimum, x[0], MINIMUM)

#undef SCAN
#undef ELEMENT
#undef HELD
#undef NAMED
#undef SUM
#undef PRODUCT
