// Matrix products and convolutions through oneDNN 2.6. Everything that knows oneDNN's interface is inside this target.
#ifndef APUS_COneDNN_H
#define APUS_COneDNN_H

#include "apus_convolution.h"
#include "apus_epilogue.h"
#include "apus_matmul.h"

#endif
