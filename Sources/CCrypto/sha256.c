#include "CCrypto.h"

#include <openssl/evp.h>

struct apus_sha256;

static EVP_MD_CTX *context(apus_sha256 *digest) { return (EVP_MD_CTX *)digest; }

apus_sha256 *apus_sha256_create(void) {
  EVP_MD_CTX *created = EVP_MD_CTX_new();
  if (created && EVP_DigestInit_ex(created, EVP_sha256(), NULL) != 1) {
    EVP_MD_CTX_free(created);
    return NULL;
  }
  return (apus_sha256 *)created;
}

bool apus_sha256_update(apus_sha256 *digest, const void *bytes, size_t count) {
  return EVP_DigestUpdate(context(digest), bytes, count) == 1;
}

bool apus_sha256_finish(apus_sha256 *digest, uint8_t *result) { return EVP_DigestFinal_ex(context(digest), result, NULL) == 1; }

void apus_sha256_destroy(apus_sha256 *digest) { EVP_MD_CTX_free(context(digest)); }
