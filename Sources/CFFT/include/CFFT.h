// Fourier transforms through FFTW, in f32 and f64.
#ifndef APUS_CFFT_H
#define APUS_CFFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apus_dtype.h"

enum { APUS_FFT_MAX_RANK = 8 };

/// Complex numbers are pairs of reals, real part first. With extents n, X[k] = scale * sum over j of x[j] exp(-+ 2 pi i j k / n), the minus
/// sign in the forward kinds.
typedef enum : int32_t {
  /// complex [batch, n...] -> complex [batch, n...]
  APUS_FFT_FORWARD = 0,
  APUS_FFT_INVERSE = 1,
  /// real [batch, ..., n] -> complex [batch, ..., n/2 + 1], the half that the other follows from by symmetry
  APUS_FFT_REAL_FORWARD = 2,
  /// complex [batch, ..., n/2 + 1] -> real [batch, ..., n]
  APUS_FFT_REAL_INVERSE = 3,
} apus_fft_kind;

/// Transforms over the last `rank` axes of dense arrays.
typedef struct {
  apus_fft_kind kind;
  /// `APUS_F32` or `APUS_F64`, the type of the parts of a complex number.
  apus_dtype dtype;
  int64_t batch;
  /// 1 ... 8
  int32_t rank;
  /// Of the real array for the real kinds; each at least 1.
  int64_t extents[APUS_FFT_MAX_RANK];
  /// Inverse kinds: divide by the product of the extents.
  bool normalises;
} apus_fft_spec;

/// Immutable: several threads may run one handle, each with its own scratch. Handles share plans, which live as long as the process.
typedef struct apus_fft apus_fft;

/// Returns null for a specification outside the limits above and writes the reason, at most `capacity` bytes, to `message`.
apus_fft *apus_fft_create(const apus_fft_spec *spec, char *message, size_t capacity);

size_t apus_fft_scratch_bytes(const apus_fft *fft);

/// `output` must not overlap `input`; `scratch` is aligned to 64.
void apus_fft_run(const apus_fft *fft, const void *input, void *output, void *scratch);

void apus_fft_destroy(apus_fft *fft);

#endif
