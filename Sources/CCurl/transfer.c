#include "CCurl.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  CURL *curl;
  int descriptor;
  int64_t offset, received, maximum;
  apus_transfer_progress progress;
  void *context;
  apus_transfer_outcome outcome;
  int error;
} transfer;

static pthread_once_t initialised = PTHREAD_ONCE_INIT;

static void initialise(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

static size_t write_bytes(char *bytes, size_t size, size_t count, void *user) {
  transfer *state = user;
  size_t length = size * count;
  long status = 0;
  curl_easy_getinfo(state->curl, CURLINFO_RESPONSE_CODE, &status);
  // The body of an error page is not the file.
  if (status >= 400) return length;
  if (state->offset > 0 && status != 206) {
    state->outcome = APUS_TRANSFER_NOT_RESUMABLE;
    return 0;
  }
  if (state->offset + state->received + (int64_t)length > state->maximum) {
    state->outcome = APUS_TRANSFER_TOO_LARGE;
    return 0;
  }
  for (size_t done = 0; done < length;) {
    ssize_t written = write(state->descriptor, bytes + done, length - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      state->outcome = APUS_TRANSFER_NOT_WRITTEN;
      state->error = errno;
      return 0;
    }
    done += (size_t)written;
  }
  state->received += (int64_t)length;
  return length;
}

static int on_progress(void *user, curl_off_t total, curl_off_t now, curl_off_t upload_total, curl_off_t upload_now) {
  (void)upload_total;
  (void)upload_now;
  (void)now;
  transfer *state = user;
  if (state->progress(state->context, state->offset + state->received, total > 0 ? state->offset + total : -1)) return 0;
  state->outcome = APUS_TRANSFER_CANCELLED;
  return 1;
}

static apus_transfer_outcome classify(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT: return APUS_TRANSFER_NO_CONNECTION;
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_OPERATION_TIMEDOUT: return APUS_TRANSFER_BROKEN;
    default: return APUS_TRANSFER_FAILED;
  }
}

apus_transfer_result apus_transfer(
  const char *url, int descriptor, int64_t offset, int64_t maximum_bytes, long connect_seconds, long stall_seconds,
  apus_transfer_progress progress, void *context) {
  apus_transfer_result result = {APUS_TRANSFER_FAILED, 0, ""};
  char error[CURL_ERROR_SIZE] = "";
  pthread_once(&initialised, initialise);
  CURL *curl = curl_easy_init();
  if (!curl) {
    snprintf(result.message, sizeof result.message, "libcurl could not start");
    return result;
  }
  transfer state = {
    .curl = curl, .descriptor = descriptor, .offset = offset, .maximum = maximum_bytes, .progress = progress, .context = context};
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 8L);
  // Signals would reach threads that know nothing of this transfer.
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, connect_seconds);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, stall_seconds);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, write_bytes);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &state);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &state);
  char range[32];
  if (offset > 0) {
    // A plain range header: libcurl's own resume treats a server's refusal as a failure that cannot be told from others.
    snprintf(range, sizeof range, "%lld-", (long long)offset);
    curl_easy_setopt(curl, CURLOPT_RANGE, range);
  }
  CURLcode code = curl_easy_perform(curl);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &result.status);
  if (state.outcome != APUS_TRANSFER_DONE) {
    result.outcome = state.outcome;
    if (state.outcome == APUS_TRANSFER_NOT_WRITTEN) snprintf(result.message, sizeof result.message, "%s", strerror(state.error));
  } else if (code != CURLE_OK) {
    result.outcome = classify(code);
    snprintf(result.message, sizeof result.message, "%s", error[0] ? error : curl_easy_strerror(code));
  } else if (result.status >= 400) {
    result.outcome = APUS_TRANSFER_REFUSED;
    snprintf(result.message, sizeof result.message, "HTTP status %ld", result.status);
  } else {
    result.outcome = APUS_TRANSFER_DONE;
  }
  curl_easy_cleanup(curl);
  return result;
}
