// Zip archives through libzip, which checks every entry's CRC-32.
#ifndef APUS_CZIP_H
#define APUS_CZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { APUS_ZIP_MESSAGE_BYTES = 160 };

typedef struct apus_zip apus_zip;

/// Returns null with `message` (of APUS_ZIP_MESSAGE_BYTES) filled in.
apus_zip *apus_zip_open(const char *path, char *message);
void apus_zip_close(apus_zip *archive);
int64_t apus_zip_count(apus_zip *archive);
/// The name lives as long as the archive; null where the directory is damaged. Sizes are what the directory claims.
const char *apus_zip_entry(apus_zip *archive, int64_t index, uint64_t *byte_count, uint64_t *compressed_count);
/// Reads an entry of exactly `count` bytes and checks its CRC.
bool apus_zip_read(apus_zip *archive, int64_t index, uint8_t *bytes, size_t count, char *message);
/// Writes an archive of `count` entries, compressed or stored.
bool apus_zip_write(
  const char *path, size_t count, const char *const *names, const uint8_t *const *contents, const size_t *sizes, bool is_compressed,
  char *message);

#endif
