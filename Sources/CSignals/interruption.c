#include "CSignals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t requested = 0;
static volatile sig_atomic_t announcing = 0;
static bool installed = false;
static struct sigaction before_interrupt, before_terminate;

static void handle(int signal_number) {
  int saved = errno;
  if (requested) {
    // The default action, and the signal again, which waits until this returns: the parent sees that a signal ended the process.
    signal(signal_number, SIG_DFL);
    raise(signal_number);
  } else {
    requested = signal_number;
    if (announcing) {
      static const char line[] = "\nstopping after this step, to save; once more stops at once\n";
      ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
      (void)written;
    }
  }
  errno = saved;
}

bool apus_interruption_install(bool announces) {
  announcing = announces;
  if (installed) return true;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGINT, &action, &before_interrupt) != 0) return false;
  if (sigaction(SIGTERM, &action, &before_terminate) != 0) {
    sigaction(SIGINT, &before_interrupt, 0);
    return false;
  }
  // A parent's worker thread may block signals, and its children inherit that: they would never hear of Ctrl-C.
  sigset_t ours;
  sigemptyset(&ours);
  sigaddset(&ours, SIGINT);
  sigaddset(&ours, SIGTERM);
  pthread_sigmask(SIG_UNBLOCK, &ours, 0);
  installed = true;
  return true;
}

void apus_interruption_uninstall(void) {
  if (installed) {
    sigaction(SIGINT, &before_interrupt, 0);
    sigaction(SIGTERM, &before_terminate, 0);
    installed = false;
  }
  requested = 0;
}

int apus_interruption_signal(void) { return requested; }

void apus_interruption_clear(void) { requested = 0; }
