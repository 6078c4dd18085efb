// The lowest position at which parallel tasks found something wrong.
#ifndef APUS_FIRST_INVALID_H
#define APUS_FIRST_INVALID_H

#include <stdatomic.h>
#include <stdint.h>

enum : int64_t { NOTHING_INVALID = INT64_MAX };

static inline void apus_note_first(_Atomic int64_t *first, int64_t position) {
  int64_t held = atomic_load_explicit(first, memory_order_relaxed);
  while (position < held && !atomic_compare_exchange_weak_explicit(first, &held, position, memory_order_relaxed, memory_order_relaxed)) {
  }
}

/// The position noted, or -1.
static inline int64_t apus_noted(_Atomic int64_t *first) {
  int64_t held = atomic_load_explicit(first, memory_order_relaxed);
  return held == NOTHING_INVALID ? -1 : held;
}

#endif
