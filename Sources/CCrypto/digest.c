#include "CCrypto.h"

#include <openssl/evp.h>

static EVP_MD_CTX *context(apus_digest *digest) { return (EVP_MD_CTX *)digest; }

apus_digest *apus_digest_create(apus_digest_algorithm algorithm) {
  EVP_MD_CTX *created = EVP_MD_CTX_new();
  const EVP_MD *method = algorithm == APUS_DIGEST_MD5 ? EVP_md5() : EVP_sha256();
  if (created && EVP_DigestInit_ex(created, method, NULL) != 1) {
    EVP_MD_CTX_free(created);
    return NULL;
  }
  return (apus_digest *)created;
}

bool apus_digest_update(apus_digest *digest, const void *bytes, size_t count) {
  return EVP_DigestUpdate(context(digest), bytes, count) == 1;
}

bool apus_digest_finish(apus_digest *digest, uint8_t *result) { return EVP_DigestFinal_ex(context(digest), result, NULL) == 1; }

void apus_digest_destroy(apus_digest *digest) { EVP_MD_CTX_free(context(digest)); }
