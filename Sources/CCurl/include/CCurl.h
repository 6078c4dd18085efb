// One download through libcurl.
#ifndef APUS_CCURL_H
#define APUS_CCURL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { APUS_TRANSFER_MESSAGE_BYTES = 256 };

typedef enum {
  APUS_TRANSFER_DONE = 0,
  /// The host could not be found or reached.
  APUS_TRANSFER_NO_CONNECTION = 1,
  /// The server answered with an error; see `status`.
  APUS_TRANSFER_REFUSED = 2,
  /// The connection broke off or stalled after it began.
  APUS_TRANSFER_BROKEN = 3,
  /// The file could not be written.
  APUS_TRANSFER_NOT_WRITTEN = 4,
  /// The progress callback asked to stop.
  APUS_TRANSFER_CANCELLED = 5,
  /// The server has more bytes than allowed.
  APUS_TRANSFER_TOO_LARGE = 6,
  /// The server sends the file from its beginning though its rest was asked for.
  APUS_TRANSFER_NOT_RESUMABLE = 7,
  APUS_TRANSFER_FAILED = 8,
} apus_transfer_outcome;

typedef struct {
  apus_transfer_outcome outcome;
  /// HTTP status; 0 where none came.
  long status;
  char message[APUS_TRANSFER_MESSAGE_BYTES];
} apus_transfer_result;

/// Called a few times a second with the bytes of the whole file so far and its size (-1 while unknown). Return false to stop.
typedef bool (*apus_transfer_progress)(void *context, int64_t received, int64_t total);

/// Downloads `url` from byte `offset` on and appends to the open file `descriptor`. Gives up when fewer than 1 byte a second comes for
/// `stall_seconds`, or when the file would exceed `maximum_bytes`.
apus_transfer_result apus_transfer(
  const char *url, int descriptor, int64_t offset, int64_t maximum_bytes, long connect_seconds, long stall_seconds,
  apus_transfer_progress progress, void *context);

#endif
