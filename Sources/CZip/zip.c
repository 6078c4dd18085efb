#include "CZip.h"

#include <stdio.h>
#include <stdlib.h>
#include <zip.h>

static zip_t *handle(apus_zip *archive) { return (zip_t *)archive; }

static void describe(char *message, const char *text) { snprintf(message, APUS_ZIP_MESSAGE_BYTES, "%s", text); }

static void describe_code(char *message, int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  describe(message, zip_error_strerror(&error));
  zip_error_fini(&error);
}

apus_zip *apus_zip_open(const char *path, char *message) {
  int code = 0;
  zip_t *archive = zip_open(path, ZIP_RDONLY, &code);
  if (!archive) describe_code(message, code);
  return (apus_zip *)archive;
}

void apus_zip_close(apus_zip *archive) { zip_discard(handle(archive)); }

int64_t apus_zip_count(apus_zip *archive) { return zip_get_num_entries(handle(archive), 0); }

const char *apus_zip_entry(apus_zip *archive, int64_t index, uint64_t *byte_count, uint64_t *compressed_count) {
  zip_stat_t status;
  const zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;
  if (zip_stat_index(handle(archive), (zip_uint64_t)index, 0, &status) != 0 || (status.valid & needed) != needed) return NULL;
  *byte_count = status.size;
  *compressed_count = status.comp_size;
  return status.name;
}

bool apus_zip_read(apus_zip *archive, int64_t index, uint8_t *bytes, size_t count, char *message) {
  zip_file_t *file = zip_fopen_index(handle(archive), (zip_uint64_t)index, 0);
  if (!file) {
    describe(message, zip_strerror(handle(archive)));
    return false;
  }
  size_t done = 0;
  zip_int64_t got;
  while (done < count && (got = zip_fread(file, bytes + done, count - done)) > 0) done += (size_t)got;
  // The check of the CRC happens when reading meets the end.
  uint8_t beyond;
  bool is_whole = done == count && zip_fread(file, &beyond, 1) == 0;
  if (!is_whole) {
    const char *text = zip_file_strerror(file);
    describe(message, zip_error_code_zip(zip_file_get_error(file)) != ZIP_ER_OK ? text : "the entry does not have the announced size");
  }
  zip_fclose(file);
  return is_whole;
}

bool apus_zip_write(
  const char *path, size_t count, const char *const *names, const uint8_t *const *contents, const size_t *sizes, bool is_compressed,
  char *message) {
  int code = 0;
  zip_t *archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
  if (!archive) {
    describe_code(message, code);
    return false;
  }
  for (size_t index = 0; index < count; index++) {
    zip_source_t *source = zip_source_buffer(archive, contents[index], sizes[index], 0);
    zip_int64_t place = source ? zip_file_add(archive, names[index], source, ZIP_FL_ENC_UTF_8) : -1;
    if (place < 0) {
      describe(message, zip_strerror(archive));
      if (source) zip_source_free(source);
      zip_discard(archive);
      return false;
    }
    zip_set_file_compression(archive, (zip_uint64_t)place, is_compressed ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
    // The time of writing has no place in a result.
    zip_file_set_dostime(archive, (zip_uint64_t)place, 0, 0x21, 0);
  }
  if (zip_close(archive) != 0) {
    describe(message, zip_strerror(archive));
    zip_discard(archive);
    return false;
  }
  return true;
}
