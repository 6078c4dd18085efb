// SHA-256 from OpenSSL's libcrypto, for the checksums of data files.
#ifndef APUS_CCRYPTO_H
#define APUS_CCRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { APUS_SHA256_BYTES = 32 };

typedef struct apus_sha256 apus_sha256;

/// Returns null where memory is short.
apus_sha256 *apus_sha256_create(void);
bool apus_sha256_update(apus_sha256 *digest, const void *bytes, size_t count);
/// Writes 32 bytes to `result`; afterwards the digest can only be destroyed.
bool apus_sha256_finish(apus_sha256 *digest, uint8_t *result);
void apus_sha256_destroy(apus_sha256 *digest);

#endif
