#include <linux/loop.h>
#include <string.h>
#include <sys/ioctl.h>

#include "CLinux.h"

int clinux_loop_free(int control) {
  return ioctl(control, LOOP_CTL_GET_FREE);
}

int clinux_loop_configure(int device, int file) {
  struct loop_config config;
  memset(&config, 0, sizeof config);
  config.fd = (unsigned)file;
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
  return ioctl(device, LOOP_CONFIGURE, &config);
}
