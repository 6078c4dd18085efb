#include "apus_parallel.h"

#include <stdatomic.h>
#include <stdlib.h>

// libgomp's entry points; declared here because its header is a compiler's, not a library's.
void GOMP_parallel(void (*function)(void *), void *data, unsigned threads, unsigned flags);
int omp_get_thread_num(void);
int omp_get_num_threads(void);
int omp_get_max_threads(void);
void omp_set_num_threads(int);

// A waiting libgomp worker spins for milliseconds by default. On a busy machine that steals the very core the
// other half of the work needs (a hundredfold slow-down was measured), so the spin is kept short. libgomp reads
// the variable in its own constructor; the pre-initialisation array is the one place that runs earlier.
static void keep_spin_short(int argc, char **argv, char **environment) {
  (void)argc;
  (void)argv;
  (void)environment;
  setenv("GOMP_SPINCOUNT", "2000", 0);
}

__attribute__((section(".preinit_array"), used)) static void (*const keep_spin_short_entry)(int, char **, char **) = keep_spin_short;

enum { WORK_FOR_ONE_THREAD = 64 * 1024 };

static _Atomic int configured_threads = 0;

int apus_thread_count(void) {
  int threads = atomic_load_explicit(&configured_threads, memory_order_relaxed);
  if (threads == 0) {
    threads = omp_get_max_threads();
    atomic_store_explicit(&configured_threads, threads, memory_order_relaxed);
  }
  return threads;
}

void apus_set_thread_count(int count) {
  if (count < 1) count = 1;
  atomic_store_explicit(&configured_threads, count, memory_order_relaxed);
  omp_set_num_threads(count);
}

typedef struct {
  int64_t tasks;
  apus_task_body body;
  void *context;
} region;

static void run_share(void *data) {
  const region *r = data;
  int64_t threads = omp_get_num_threads(), self = omp_get_thread_num();
  int64_t begin = r->tasks * self / threads, end = r->tasks * (self + 1) / threads;
  if (begin < end) r->body(r->context, begin, end);
}

void apus_parallel_for(int64_t tasks, int64_t cost, apus_task_body body, void *context) {
  int threads = apus_thread_count();
  if (tasks < threads) threads = (int)tasks;
  if (threads <= 1 || cost < WORK_FOR_ONE_THREAD) {
    if (tasks > 0) body(context, 0, tasks);
    return;
  }
  region r = {tasks, body, context};
  GOMP_parallel(run_share, &r, (unsigned)threads, 0);
}

void apus_enter_pool(void) {
  int threads = apus_thread_count();
  if (omp_get_max_threads() != threads) omp_set_num_threads(threads);
}
