#ifndef CLINUX_LOOP_H
#define CLINUX_LOOP_H

// LOOP_CTL_GET_FREE: the number of a device that was free a moment ago.
int clinux_loop_free(int control);
// LOOP_CONFIGURE (Linux 5.8) of a device over a file, with LO_FLAGS_AUTOCLEAR: free again after its last user.
int clinux_loop_configure(int device, int file);

#endif
