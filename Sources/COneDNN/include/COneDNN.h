// Matrix products and convolutions through oneDNN 2.6. Everything that knows oneDNN's interface is inside this target.
#ifndef APUS_COneDNN_H
#define APUS_COneDNN_H

#include "apus_convolution.h"
#include "apus_epilogue.h"
#include "apus_matmul.h"

#include <stdbool.h>

/// Whether oneDNN has products and convolutions of bf16 for this CPU: it needs AVX-512.
bool apus_onednn_supports_bf16(void);

#endif
