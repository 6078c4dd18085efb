// FFTW's plans, made once for each shape.
#ifndef APUS_FFT_PLANS_H
#define APUS_FFT_PLANS_H

#include <fftw3.h>

#include "CFFT.h"

/// Of the member for the element type.
typedef union {
  fftwf_plan single;
  fftw_plan twice;
} apus_fft_plan;

/// A plan for `count` transforms, one after the other, at any address; both members null if FFTW has none. Safe to call from any thread.
apus_fft_plan apus_fft_plan_for(const apus_fft_spec *spec, int64_t count);

/// Elements (complex numbers or reals) of one transform's input and output.
int64_t apus_fft_input_elements(const apus_fft_spec *spec);
int64_t apus_fft_output_elements(const apus_fft_spec *spec);

#endif
