#include "apus_parallel.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

// libgomp's, of which OpenBLAS and some of oneDNN's primitives open regions; declared here because its header is a compiler's.
int omp_get_max_threads(void);
void omp_set_num_threads(int);

// A waiting libgomp worker spins for milliseconds by default. On a busy machine that steals the very core the
// other half of the work needs (a hundredfold slow-down was measured), so the spin is kept short. libgomp reads
// the variable in its own constructor; the pre-initialisation array is the one place that runs earlier.
// The thread sanitizer is not ready for a call that early.
#if !__has_feature(thread_sanitizer)
static void keep_spin_short(int argc, char **argv, char **environment) {
  (void)argc;
  (void)argv;
  (void)environment;
  setenv("GOMP_SPINCOUNT", "2000", 0);
}

__attribute__((section(".preinit_array"), used)) static void (*const keep_spin_short_entry)(int, char **, char **) = keep_spin_short;
#endif

enum {
  WORK_FOR_ONE_THREAD = 64 * 1024,
  /// Shares a thread: a thread that comes late, because others use its core, leaves what is left to the one that is there.
  SHARES = 4,
  /// Looks at the state before a waiting thread goes to sleep, about ten microseconds.
  SPINS = 400,
  MAX_WORKERS = 255,
};

static _Atomic int configured_threads = 0;

int apus_thread_count(void) {
  int threads = atomic_load_explicit(&configured_threads, memory_order_relaxed);
  if (threads == 0) {
    threads = omp_get_max_threads();
    if (threads > MAX_WORKERS + 1) threads = MAX_WORKERS + 1;
    atomic_store_explicit(&configured_threads, threads, memory_order_relaxed);
  }
  return threads;
}

void apus_set_thread_count(int count) {
  if (count < 1) count = 1;
  if (count > MAX_WORKERS + 1) count = MAX_WORKERS + 1;
  atomic_store_explicit(&configured_threads, count, memory_order_relaxed);
  omp_set_num_threads(count);
}

// The region being worked on. Its state is one word, so that a worker joins a region that is still open or not at all:
// the number of the region, whether it is open, and how many workers are in it.
enum { OPEN = 1 << 15, JOINED = OPEN - 1, NUMBER = 1 << 16 };

typedef struct {
  _Atomic uint32_t state;
  _Atomic int sleepers;
  /// Whether the thread that opened the region sleeps until the last worker has left it, and what it sleeps on.
  _Atomic bool is_awaited;
  _Atomic uint32_t left;
  _Atomic int64_t next;
  int64_t tasks, share;
  _Atomic int helpers;
  apus_task_body body;
  void *context;
} region;

static region current;
static int started_workers = 0;
static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
/// Whether this thread is at work in a region: what it opens inside runs on it alone.
static _Thread_local bool is_inside = false;

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#else
  atomic_signal_fence(memory_order_seq_cst);
#endif
}

static void sleep_while(_Atomic uint32_t *word, uint32_t value) { syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0); }

static void wake(_Atomic uint32_t *word, int count) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0); }

static void take_shares(region *r) {
  is_inside = true;
  while (true) {
    int64_t begin = atomic_fetch_add_explicit(&r->next, r->share, memory_order_relaxed);
    if (begin >= r->tasks) break;
    int64_t end = begin + r->share;
    r->body(r->context, begin, end < r->tasks ? end : r->tasks);
  }
  is_inside = false;
}

static void *work(void *argument) {
  region *r = argument;
  // What OpenBLAS or oneDNN does for this thread stays on it.
  omp_set_num_threads(1);
  uint32_t last = 0;
  while (true) {
    uint32_t seen = atomic_load_explicit(&r->state, memory_order_acquire);
    for (int spin = 0; (!(seen & OPEN) || seen / NUMBER == last) && spin < SPINS; spin++) {
      pause_briefly();
      seen = atomic_load_explicit(&r->state, memory_order_acquire);
    }
    if (!(seen & OPEN) || seen / NUMBER == last || (int)(seen & JOINED) >= r->helpers) {
      atomic_fetch_add(&r->sleepers, 1);
      if (atomic_load(&r->state) == seen) sleep_while(&r->state, seen);
      atomic_fetch_sub(&r->sleepers, 1);
      continue;
    }
    if (!atomic_compare_exchange_strong(&r->state, &seen, seen + 1)) continue;
    last = seen / NUMBER;
    take_shares(r);
    uint32_t before = atomic_fetch_sub(&r->state, 1);
    if (!(before & OPEN) && (before & JOINED) == 1 && atomic_load(&r->is_awaited)) {
      atomic_fetch_add(&r->left, 1);
      wake(&r->left, 1);
    }
  }
  return NULL;
}

static void start_workers(int count) {
  while (started_workers < count) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int status = pthread_create(&thread, &attributes, work, &current);
    pthread_attr_destroy(&attributes);
    // Without a thread to be had, the work is done with those that are there.
    if (status != 0) return;
    started_workers++;
  }
}

static void forget_workers(void) {
  // A child process has none of its parent's threads.
  started_workers = 0;
  atomic_store(&current.state, 0);
  atomic_store(&current.sleepers, 0);
  pthread_mutex_init(&pool_lock, NULL);
}

static void run_region(int64_t tasks, int threads, apus_task_body body, void *context) {
  static _Atomic bool is_prepared = false;
  if (!atomic_exchange(&is_prepared, true)) pthread_atfork(NULL, NULL, forget_workers);
  start_workers(threads - 1);
  region *r = &current;
  r->tasks = tasks;
  r->share = (tasks + (int64_t)threads * SHARES - 1) / ((int64_t)threads * SHARES);
  r->helpers = threads - 1;
  r->body = body;
  r->context = context;
  atomic_store_explicit(&r->next, 0, memory_order_relaxed);
  uint32_t number = atomic_load(&r->state) / NUMBER + 1;
  // 0 is what a worker starts with.
  if (number >= UINT32_MAX / NUMBER) number = 1;
  atomic_store(&r->state, number * NUMBER | OPEN);
  if (atomic_load(&r->sleepers) > 0) wake(&r->state, threads - 1);

  int outside = omp_get_max_threads();
  omp_set_num_threads(1);
  take_shares(r);
  omp_set_num_threads(outside);

  uint32_t state = atomic_fetch_and(&r->state, ~(uint32_t)OPEN) & ~(uint32_t)OPEN;
  for (int spin = 0; (state & JOINED) && spin < SPINS; spin++) {
    pause_briefly();
    state = atomic_load_explicit(&r->state, memory_order_acquire);
  }
  if (!(state & JOINED)) return;
  atomic_store(&r->is_awaited, true);
  while (true) {
    uint32_t left = atomic_load(&r->left);
    if (!(atomic_load(&r->state) & JOINED)) break;
    sleep_while(&r->left, left);
  }
  atomic_store(&r->is_awaited, false);
}

void apus_parallel_for(int64_t tasks, int64_t cost, apus_task_body body, void *context) {
  if (tasks <= 0) return;
  int threads = apus_thread_count();
  if (tasks < threads) threads = (int)tasks;
  // Another thread's region does not wait for this one's: without the pool, one thread does it all.
  if (threads <= 1 || cost < WORK_FOR_ONE_THREAD || is_inside || pthread_mutex_trylock(&pool_lock) != 0) {
    body(context, 0, tasks);
    return;
  }
  run_region(tasks, threads, body, context);
  pthread_mutex_unlock(&pool_lock);
}

void apus_enter_pool(void) {
  int threads = is_inside ? 1 : apus_thread_count();
  if (omp_get_max_threads() != threads) omp_set_num_threads(threads);
}

void apus_enter_alone(void) {
  if (omp_get_max_threads() != 1) omp_set_num_threads(1);
}
