// SHA-256 and MD5 from OpenSSL's libcrypto, for the checksums of data files. MD5 guards against damage only: several standard data
// sets are published with nothing better.
#ifndef APUS_CCRYPTO_H
#define APUS_CCRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { APUS_DIGEST_SHA256 = 0, APUS_DIGEST_MD5 = 1 } apus_digest_algorithm;

/// Bytes of a finished digest.
enum { APUS_SHA256_BYTES = 32, APUS_MD5_BYTES = 16 };

typedef struct apus_digest apus_digest;

/// Returns null where memory is short or the algorithm is switched off on this machine.
apus_digest *apus_digest_create(apus_digest_algorithm algorithm);
bool apus_digest_update(apus_digest *digest, const void *bytes, size_t count);
/// Writes the digest's bytes to `result`; afterwards the digest can only be destroyed.
bool apus_digest_finish(apus_digest *digest, uint8_t *result);
void apus_digest_destroy(apus_digest *digest);

#endif
