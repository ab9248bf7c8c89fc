#ifndef CLINUX_SOCKETS_H
#define CLINUX_SOCKETS_H

#include <stddef.h>
#include <stdint.h>

// A pair of connected SOCK_SEQPACKET sockets, close-on-exec.
int clinux_packet_pair(int *_Nonnull pair);

// sendmsg(2) without SIGPIPE, with one descriptor unless `fd` is -1.
long clinux_send(int socket, const void *_Nonnull bytes, size_t count, int fd);
// recvmsg(2); `fd` becomes the descriptor that came along, close-on-exec, or -1.
long clinux_receive(int socket, void *_Nonnull bytes, size_t count, int *_Nonnull fd);

// A socket of NETLINK_ROUTE, close-on-exec: in the caller's network namespace, or in `namespace` unless that is -1, for
// which the caller enters it and comes back to `own`.
int clinux_route_socket(int own, int namespace);

// An AF_UNIX stream socket, close-on-exec. bind(2) takes names of up to 107 bytes, longer ones are ENAMETOOLONG;
// connecting goes by descriptor and takes any path, or '@' and a name of the abstract namespace.
int clinux_stream_socket(int nonblocking);
// accept4(2): close-on-exec and nonblocking.
int clinux_accept(int socket);
// An AF_UNIX datagram socket, close-on-exec and nonblocking.
int clinux_datagram_socket(void);
int clinux_bind(int socket, const char *_Nonnull path);
int clinux_connect(int socket, const char *_Nonnull path);
int clinux_bind_and_listen(int socket, const char *_Nonnull path);

#endif
