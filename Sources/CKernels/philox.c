#include "apus_fused.h"

uint32_t apus_philox(int64_t seed, int64_t stream, int64_t index) {
  uint64_t group = (uint64_t)index / 4;
  uint32_t c[4] = {(uint32_t)group, (uint32_t)(group >> 32), (uint32_t)stream, (uint32_t)((uint64_t)stream >> 32)};
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)((uint64_t)seed >> 32);
  for (int round = 0; round < 10; round++) {
    uint64_t p0 = (uint64_t)0xD2511F53u * c[0], p1 = (uint64_t)0xCD9E8D57u * c[2];
    uint32_t n0 = (uint32_t)(p1 >> 32) ^ c[1] ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c[3] ^ k1;
    c[0] = n0;
    c[1] = (uint32_t)p1;
    c[2] = n2;
    c[3] = (uint32_t)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c[index % 4];
}
