#ifndef CLINUX_TERMINAL_H
#define CLINUX_TERMINAL_H

#include <stdint.h>

// TIOCGWINSZ and TIOCSWINSZ: copies the window's size from one terminal to another.
int clinux_copy_window_size(int from, int to);
// Raw mode, keeping what was set before in `saved` (a struct termios of at most 64 bytes).
int clinux_terminal_raw(int terminal, uint8_t *_Nonnull saved);
int clinux_terminal_restore(int terminal, const uint8_t *_Nonnull saved);
// Makes a terminal pass newlines on as they are, not as two characters.
int clinux_terminal_keep_newlines(int terminal);

// Blocks all signals but those of a fault in the program; the mask before goes to `saved`.
int clinux_block_signals(uint64_t *_Nonnull saved);
// signalfd(2) for all signals that can be blocked, close-on-exec and non-blocking.
int clinux_signal_descriptor(void);
// The next signal of a signalfd, 0 if there is none.
int clinux_next_signal(int descriptor);
// Ends this process by the signal, or exits with 128 + signal where that cannot be.
void clinux_die_by(int signal);

#endif
