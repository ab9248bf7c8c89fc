// Only the names and the number of the kernel's last capability are taken from libcap: its constructor has asked the
// kernel for the latter already, and its names include those of kernels newer than this program's headers.
#include <sys/capability.h>
