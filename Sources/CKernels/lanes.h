// Includes the file named by LANE_TEMPLATE three times inside a typed template: for vectors of 64 bytes, of 16 bytes
// and of one element, so that a kernel walks any number of channels as wide, then narrow, then single steps.
// Inside it, LANES is the number of elements a vector holds and LANED(name) the name of the instance.
#define LANES (64 / (int)sizeof(REAL))
#define LANED(name) TYPED(name##_wide)
#include "vector_types.h"
#include LANE_TEMPLATE
#undef LANES
#undef LANED

#define LANES (16 / (int)sizeof(REAL))
#define LANED(name) TYPED(name##_narrow)
#include "vector_types.h"
#include LANE_TEMPLATE
#undef LANES
#undef LANED

#define LANES 1
#define LANED(name) TYPED(name##_single)
#include "vector_types.h"
#include LANE_TEMPLATE
#undef LANES
#undef LANED
#undef LANE_TEMPLATE

#ifndef FOR_CHANNELS
// Runs wide(c), narrow(c) and single(c) so that together they cover the channels begin ..< end.
#define FOR_CHANNELS(c, begin, end, wide, narrow, single)                     \
  do {                                                                        \
    int64_t c = (begin);                                                      \
    for (; c + 64 / (int64_t)sizeof(REAL) <= (end); c += 64 / sizeof(REAL)) { \
      wide;                                                                   \
    }                                                                         \
    for (; c + 16 / (int64_t)sizeof(REAL) <= (end); c += 16 / sizeof(REAL)) { \
      narrow;                                                                 \
    }                                                                         \
    for (; c < (end); c++) {                                                  \
      single;                                                                 \
    }                                                                         \
  } while (0)
#endif
