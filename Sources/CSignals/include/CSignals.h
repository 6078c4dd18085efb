// A flag that Ctrl-C and a polite request to end (SIGINT, SIGTERM) raise. Handlers of signals may do next to nothing, hence C.
#ifndef APUS_CSIGNALS_H
#define APUS_CSIGNALS_H

#include <stdbool.h>

/// From now on the first SIGINT or SIGTERM raises the flag, and another one ends the process at once, the way it would without a handler.
/// With `announces`, the first one writes a line to standard error. Returns false, with errno set, where the system refuses.
bool apus_interruption_install(bool announces);
/// Restores the handlers that were there before, and lowers the flag.
void apus_interruption_uninstall(void);
/// The signal that raised the flag; 0 while it is down.
int apus_interruption_signal(void);
void apus_interruption_clear(void);

#endif
