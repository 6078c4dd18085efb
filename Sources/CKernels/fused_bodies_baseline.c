// Instruction bodies for every other processor.
#include <math.h>
#include <string.h>

#include "fused_bodies.h"

#define TABLE apus_fused_bodies_baseline
#include "fused_bodies.inc"
