#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "CLinux.h"

#define SAVED_SIZE 64
_Static_assert(sizeof(struct termios) <= SAVED_SIZE, "callers reserve 64 bytes");
_Static_assert(sizeof(uint64_t) <= sizeof(sigset_t), "64 signals");

int clinux_copy_window_size(int from, int to) {
  struct winsize size;
  if (ioctl(from, TIOCGWINSZ, &size) != 0)
    return -1;
  return ioctl(to, TIOCSWINSZ, &size);
}

int clinux_terminal_raw(int terminal, uint8_t *saved) {
  struct termios state;
  if (tcgetattr(terminal, &state) != 0)
    return -1;
  memcpy(saved, &state, sizeof state);
  cfmakeraw(&state);
  // runc keeps output processing: a newline of swiftcr's own error begins a line.
  state.c_oflag |= OPOST;
  return tcsetattr(terminal, TCSANOW, &state);
}

int clinux_terminal_keep_newlines(int terminal) {
  struct termios state;
  if (tcgetattr(terminal, &state) != 0)
    return -1;
  state.c_oflag &= ~(tcflag_t)ONLCR;
  return tcsetattr(terminal, TCSANOW, &state);
}

int clinux_terminal_restore(int terminal, const uint8_t *saved) {
  struct termios state;
  memcpy(&state, saved, sizeof state);
  return tcsetattr(terminal, TCSANOW, &state);
}

static void forwarded(sigset_t *set) {
  sigfillset(set);
  const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
  for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++)
    sigdelset(set, faults[i]);
}

int clinux_block_signals(uint64_t *saved) {
  sigset_t set, before;
  forwarded(&set);
  if (sigprocmask(SIG_BLOCK, &set, &before) != 0)
    return -1;
  memcpy(saved, &before, sizeof *saved);
  return 0;
}

int clinux_signal_descriptor(void) {
  sigset_t set;
  forwarded(&set);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int clinux_next_signal(int descriptor) {
  struct signalfd_siginfo info;
  ssize_t count = read(descriptor, &info, sizeof info);
  return count == sizeof info ? (int)info.ssi_signo : 0;
}

void clinux_die_by(int signal) {
  sigset_t set;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, NULL);
  sigemptyset(&set);
  sigaddset(&set, signal);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  raise(signal);
  _exit(128 + signal);
}
