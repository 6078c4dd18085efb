#include <string.h>

#include "apus_ordering.h"
#include "apus_parallel.h"
#include "clones.h"

enum {
  SHORT_ROW = 64,
  /// Elements whose keys are made at a time when only the first few in order are wanted.
  SELECT_BLOCK = 256,
  /// From here on one row is worth the work of all threads.
  LONG_ROW = 1 << 15,
  /// Rows sorted at once.
  SLOTS = 64,
};

typedef struct {
  const apus_sort_spec *spec;
  const void *x;
  void *values;
  int64_t *places;
  void *scratch;
  int64_t slot_bytes;
} sort_call;

typedef struct {
  const apus_sort_spec *spec;
  const char *x;
  void *from, *to;
  /// Words of the row, of a sorted part of it, and the number of merging tasks.
  int64_t extent, width, tasks;
} long_row;

/// Whether the words of a row hold 32 bits of key and 32 of place; otherwise it is 64 and 64.
static bool is_narrow(const apus_sort_spec *s) { return apus_dtype_size(s->dtype) <= 4 && s->extent <= UINT32_MAX; }

/// Whether the first elements are picked out rather than all sorted.
static bool selects(const apus_sort_spec *s) { return s->kept <= s->extent / 16; }

// ---- Keys: unsigned numbers in the order of the elements. -------------------------------------------------------------

INLINE uint32_t key_f32(uint32_t bits) {
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return UINT32_MAX;
  if (magnitude == 0) return 0x80000000;
  return bits ^ (bits >> 31 ? 0xffffffff : 0x80000000);
}

INLINE uint64_t key_f64(uint64_t bits) {
  const uint64_t magnitude = bits & 0x7fffffffffffffff;
  if (magnitude > 0x7ff0000000000000) return UINT64_MAX;
  if (magnitude == 0) return 0x8000000000000000;
  return bits ^ (bits >> 63 ? 0xffffffffffffffff : 0x8000000000000000);
}

/// The keys of elements begin ..< begin + count; those of at most 32 bits in the lower half.
#define FOR_KEYS(s, row, begin, count, i, key, body)                                                   \
  do {                                                                                                 \
    switch ((s)->dtype) {                                                                              \
      case APUS_F32:                                                                                   \
        for (int64_t i = 0; i < (count); i++) {                                                        \
          const uint32_t key = key_f32(((const uint32_t *)(row))[(begin) + i]);                        \
          body;                                                                                        \
        }                                                                                              \
        break;                                                                                         \
      case APUS_F64:                                                                                   \
        for (int64_t i = 0; i < (count); i++) {                                                        \
          const uint64_t key = key_f64(((const uint64_t *)(row))[(begin) + i]);                        \
          body;                                                                                        \
        }                                                                                              \
        break;                                                                                         \
      case APUS_I32:                                                                                   \
        for (int64_t i = 0; i < (count); i++) {                                                        \
          const uint32_t key = ((const uint32_t *)(row))[(begin) + i] ^ 0x80000000;                    \
          body;                                                                                        \
        }                                                                                              \
        break;                                                                                         \
      case APUS_I64:                                                                                   \
        for (int64_t i = 0; i < (count); i++) {                                                        \
          const uint64_t key = ((const uint64_t *)(row))[(begin) + i] ^ 0x8000000000000000;            \
          body;                                                                                        \
        }                                                                                              \
        break;                                                                                         \
      default:                                                                                         \
        for (int64_t i = 0; i < (count); i++) {                                                        \
          const uint32_t key = ((const uint8_t *)(row))[(begin) + i];                                  \
          body;                                                                                        \
        }                                                                                              \
    }                                                                                                  \
  } while (0)

static void load_narrow(const apus_sort_spec *s, const char *row, int64_t begin, int64_t count, uint64_t *words) {
  const uint64_t flip = s->descending ? (uint64_t)UINT32_MAX << 32 : 0;
  FOR_KEYS(s, row, begin, count, i, key, words[i] = ((uint64_t)key << 32 ^ flip) | (uint64_t)(begin + i));
}

static void load_wide(const apus_sort_spec *s, const char *row, int64_t begin, int64_t count, unsigned __int128 *words) {
  const uint64_t flip = s->descending ? UINT64_MAX : 0;
  FOR_KEYS(s, row, begin, count, i, key, words[i] = (unsigned __int128)((uint64_t)key ^ flip) << 64 | (uint64_t)(begin + i));
}

#define WORD uint64_t
#define WORDED(name) name##_narrow
#define KEY_BITS 32
#include "sort_words.h"

#define WORD unsigned __int128
#define WORDED(name) name##_wide
#define KEY_BITS 64
#include "sort_words.h"

static size_t slot_bytes(const apus_sort_spec *s) {
  const int64_t words = selects(s) ? s->kept : 2 * s->extent;
  return ((size_t)words * (is_narrow(s) ? 8 : 16) + 63) / 64 * 64;
}

size_t apus_sort_plan(apus_sort_spec *spec) {
  const int64_t threads = apus_thread_count();
  spec->slots = spec->rows < SLOTS ? spec->rows : SLOTS;
  if (spec->slots > 4 * threads) spec->slots = 4 * threads;
  if (spec->slots < 1) spec->slots = 1;
  return slot_bytes(spec) * (size_t)spec->slots;
}

void apus_sort(const apus_sort_spec *spec, const void *x, void *values, int64_t *places, void *scratch) {
  if (spec->rows == 0 || spec->kept == 0) return;
  sort_call call = {spec, x, values, places, scratch, (int64_t)slot_bytes(spec)};
  const bool narrow = is_narrow(spec);
  if (!selects(spec) && spec->extent >= LONG_ROW && spec->rows < apus_thread_count()) {
    for (int64_t row = 0; row < spec->rows; row++) (narrow ? sort_long_row_narrow : sort_long_row_wide)(&call, row);
    return;
  }
  const int64_t cost = spec->rows * spec->extent * (selects(spec) ? 8 : narrow ? 64 : 128);
  apus_parallel_for(spec->slots, cost, narrow ? sort_rows_narrow : sort_rows_wide, &call);
}
