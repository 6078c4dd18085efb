// Sorting of words that hold an element's key above and its place below, so that no two are equal and comparing words is
// comparing elements, of equal ones the earlier first. WORD is the type, KEY_BITS the number of bits above and below.

/// For rows so short that counting digits costs more than moving elements.
INLINE void WORDED(insertion_sort)(WORD *words, int64_t count) {
  for (int64_t i = 1; i < count; i++) {
    const WORD word = words[i];
    int64_t j = i;
    for (; j > 0 && words[j - 1] > word; j--) words[j] = words[j - 1];
    words[j] = word;
  }
}

/// Sorts by the bytes of the keys, the lowest first; digits in which all keys agree are skipped. The result is in `words`.
static void WORDED(sort)(WORD *words, WORD *other, int64_t count) {
  if (count <= SHORT_ROW) {
    WORDED(insertion_sort)(words, count);
    return;
  }
  enum { DIGITS = KEY_BITS / 8 };
  int64_t counts[DIGITS][256] = {{0}};
  for (int64_t i = 0; i < count; i++) {
    for (int digit = 0; digit < DIGITS; digit++) counts[digit][(uint8_t)(words[i] >> (KEY_BITS + 8 * digit))]++;
  }
  WORD *from = words, *to = other;
  for (int digit = 0; digit < DIGITS; digit++) {
    const int shift = KEY_BITS + 8 * digit;
    int64_t *next = counts[digit];
    if (next[(uint8_t)(from[0] >> shift)] == count) continue;
    int64_t before = 0;
    for (int value = 0; value < 256; value++) {
      const int64_t here = next[value];
      next[value] = before;
      before += here;
    }
    for (int64_t i = 0; i < count; i++) to[next[(uint8_t)(from[i] >> shift)]++] = from[i];
    WORD *swapped = from;
    from = to;
    to = swapped;
  }
  if (from != words) memcpy(words, from, (size_t)count * sizeof(WORD));
}

/// Lets `word` into the `count` smallest words found, a heap whose root is their largest, in the root's place.
INLINE void WORDED(replace_root)(WORD *heap, int64_t count, WORD word) {
  int64_t hole = 0;
  while (true) {
    int64_t child = 2 * hole + 1;
    if (child >= count) break;
    if (child + 1 < count && heap[child + 1] > heap[child]) child++;
    if (heap[child] <= word) break;
    heap[hole] = heap[child];
    hole = child;
  }
  heap[hole] = word;
}

INLINE void WORDED(push)(WORD *heap, int64_t count, WORD word) {
  int64_t hole = count;
  while (hole > 0 && heap[(hole - 1) / 2] < word) {
    heap[hole] = heap[(hole - 1) / 2];
    hole = (hole - 1) / 2;
  }
  heap[hole] = word;
}

/// The `kept` smallest words of a row in order, without sorting the rest.
static void WORDED(select)(const sort_call *call, const char *row, WORD *heap) {
  const int64_t kept = call->spec->kept, extent = call->spec->extent;
  WORD block[SELECT_BLOCK];
  for (int64_t begin = 0; begin < extent; begin += SELECT_BLOCK) {
    const int64_t count = extent - begin < SELECT_BLOCK ? extent - begin : SELECT_BLOCK;
    WORDED(load)(call->spec, row, begin, count, block);
    for (int64_t i = 0; i < count; i++) {
      if (begin + i < kept) {
        WORDED(push)(heap, begin + i, block[i]);
      } else if (block[i] < heap[0]) {
        WORDED(replace_root)(heap, kept, block[i]);
      }
    }
  }
  for (int64_t last = kept - 1; last > 0; last--) {
    const WORD largest = heap[0];
    WORDED(replace_root)(heap, last, heap[last]);
    heap[last] = largest;
  }
}

static void WORDED(store)(const sort_call *call, int64_t row, const WORD *words) {
  const apus_sort_spec *s = call->spec;
  const int size = apus_dtype_size(s->dtype);
  const char *x = (const char *)call->x + row * s->extent * size;
  char *values = (char *)call->values + row * s->kept * size;
  int64_t *places = call->places + row * s->kept;
  for (int64_t k = 0; k < s->kept; k++) places[k] = (int64_t)(words[k] & (((WORD)1 << KEY_BITS) - 1));
  switch (size) {
    case 8:
      for (int64_t k = 0; k < s->kept; k++) ((uint64_t *)values)[k] = ((const uint64_t *)x)[places[k]];
      break;
    case 4:
      for (int64_t k = 0; k < s->kept; k++) ((uint32_t *)values)[k] = ((const uint32_t *)x)[places[k]];
      break;
    default:
      for (int64_t k = 0; k < s->kept; k++) values[k] = x[places[k]];
  }
}

/// Tasks are slots, each with the rows that fall to it.
static void WORDED(sort_rows)(void *context, int64_t begin, int64_t end) {
  const sort_call *call = context;
  const apus_sort_spec *s = call->spec;
  for (int64_t slot = begin; slot < end; slot++) {
    WORD *words = (WORD *)((char *)call->scratch + slot * call->slot_bytes);
    for (int64_t row = s->rows * slot / s->slots; row < s->rows * (slot + 1) / s->slots; row++) {
      const char *x = (const char *)call->x + row * s->extent * apus_dtype_size(s->dtype);
      if (selects(s)) {
        WORDED(select)(call, x, words);
      } else {
        WORDED(load)(s, x, 0, s->extent, words);
        WORDED(sort)(words, words + s->extent, s->extent);
      }
      WORDED(store)(call, row, words);
    }
  }
}

// ---- One long row: parts are sorted by themselves and then merged by pairs. ------------------------------------------

static void WORDED(sort_parts)(void *context, int64_t begin, int64_t end) {
  const long_row *r = context;
  for (int64_t part = begin; part < end; part++) {
    const int64_t first = part * r->width, count = first + r->width < r->extent ? r->width : r->extent - first;
    if (count <= 0) continue;
    WORDED(load)(r->spec, r->x, first, count, (WORD *)r->from + first);
    WORDED(sort)((WORD *)r->from + first, (WORD *)r->to + first, count);
  }
}

/// How many of the first `count` words of the merged sequence come from `a`.
static int64_t WORDED(from_first)(const WORD *a, int64_t a_count, const WORD *b, int64_t b_count, int64_t count) {
  int64_t low = count > b_count ? count - b_count : 0, high = count < a_count ? count : a_count;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (a[middle] < b[count - middle - 1]) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/// Tasks are stretches of the result.
static void WORDED(merge_parts)(void *context, int64_t begin, int64_t end) {
  const long_row *r = context;
  const int64_t first = r->extent * begin / r->tasks, last = r->extent * end / r->tasks;
  for (int64_t pair = first / (2 * r->width); pair * 2 * r->width < last; pair++) {
    const int64_t start = pair * 2 * r->width;
    const int64_t stop = start + 2 * r->width < r->extent ? start + 2 * r->width : r->extent;
    const int64_t a_count = r->width < stop - start ? r->width : stop - start, b_count = stop - start - a_count;
    const WORD *a = (const WORD *)r->from + start, *b = a + a_count;
    WORD *to = (WORD *)r->to + start;
    const int64_t low = first > start ? first - start : 0, high = last < stop ? last - start : stop - start;
    int64_t i = WORDED(from_first)(a, a_count, b, b_count, low), j = low - i;
    for (int64_t k = low; k < high; k++) to[k] = j >= b_count || (i < a_count && a[i] < b[j]) ? a[i++] : b[j++];
  }
}

static void WORDED(sort_long_row)(const sort_call *call, int64_t row) {
  const apus_sort_spec *s = call->spec;
  const int64_t threads = apus_thread_count();
  int64_t parts = 1;
  while (parts < threads) parts *= 2;
  long_row r = {
    .spec = s,
    .x = (const char *)call->x + row * s->extent * apus_dtype_size(s->dtype),
    .from = call->scratch,
    .to = (WORD *)call->scratch + s->extent,
    .extent = s->extent,
    .width = (s->extent + parts - 1) / parts,
    .tasks = 4 * threads,
  };
  apus_parallel_for(parts, s->extent * 64, WORDED(sort_parts), &r);
  for (; r.width < r.extent; r.width *= 2) {
    apus_parallel_for(r.tasks, s->extent * 32, WORDED(merge_parts), &r);
    void *swapped = r.from;
    r.from = r.to;
    r.to = swapped;
  }
  WORDED(store)(call, row, r.from);
}

#undef WORD
#undef WORDED
#undef KEY_BITS
