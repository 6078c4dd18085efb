// One pool for everything: our kernels enter the OpenMP pool that oneDNN and OpenBLAS already use,
// through libgomp's public entry point, so no second pool competes for the cores.
#ifndef APUS_PARALLEL_H
#define APUS_PARALLEL_H

#include <stdint.h>

/// Body of a parallel loop: handles the tasks `begin ..< end`.
typedef void (*apus_task_body)(void *context, int64_t begin, int64_t end);

/// Number of threads kernels may use (>= 1).
int apus_thread_count(void);

/// Sets the number of threads for this process (clamped to >= 1); also tells OpenMP, hence oneDNN and OpenBLAS.
void apus_set_thread_count(int count);

/// Splits `tasks` into contiguous, equal shares, one a thread, and runs `body` on each.
/// `cost` is the estimated total work in bytes moved + flops; below a threshold the calling thread does it all,
/// since waking the pool costs about 5 microseconds.
void apus_parallel_for(int64_t tasks, int64_t cost, apus_task_body body, void *context);

/// Makes parallel regions that libraries open on the calling thread as wide as the process is configured to; OpenMP keeps that number per
/// thread. Costs nanoseconds.
void apus_enter_pool(void);

#endif
