// One pool for everything of ours. It is no OpenMP team, because the end of an OpenMP region waits for every thread of the team even when the
// work is done: with other processes on the cores, each region then lasts as long as a late thread needs to be scheduled, and a step
// of 2 ms took 240 ms. Here the thread that opens a region takes what is left, and waits only for shares already begun.
#ifndef APUS_PARALLEL_H
#define APUS_PARALLEL_H

#include <stdint.h>

/// Body of a parallel loop: handles the tasks `begin ..< end`.
typedef void (*apus_task_body)(void *context, int64_t begin, int64_t end);

/// Number of threads kernels may use (>= 1).
int apus_thread_count(void);

/// Sets the number of threads for this process (clamped to >= 1); also tells OpenMP, hence OpenBLAS.
void apus_set_thread_count(int count);

/// Splits `tasks` into contiguous shares, some for each thread, which the threads that are free take one after the other.
/// `cost` is the estimated total work in bytes moved + flops; below a threshold the calling thread does it all,
/// since waking the pool costs microseconds. A region opened inside another, or while another thread has one open, runs on its thread alone.
void apus_parallel_for(int64_t tasks, int64_t cost, apus_task_body body, void *context);

/// Makes parallel regions that libraries open on the calling thread as wide as the process is configured to; OpenMP keeps that number per
/// thread. Costs nanoseconds.
void apus_enter_pool(void);

/// Keeps what libraries do for the calling thread on it.
void apus_enter_alone(void);

#endif
