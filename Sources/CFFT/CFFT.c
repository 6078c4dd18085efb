#include "CFFT.h"
