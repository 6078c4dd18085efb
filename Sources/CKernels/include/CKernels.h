#ifndef APUS_CKERNELS_H
#define APUS_CKERNELS_H

#include "apus_depthwise.h"
#include "apus_direct_convolution.h"
#include "apus_dtype.h"
#include "apus_fused.h"
#include "apus_indexed.h"
#include "apus_normalization.h"
#include "apus_ordering.h"
#include "apus_parallel.h"
#include "apus_pooling.h"
#include "apus_resample.h"
#include "apus_softmax.h"
#include "apus_sparse.h"

#endif
