#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "CLinux.h"

int clinux_packet_pair(int *pair) {
  return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

long clinux_send(int socket, const void *bytes, size_t count, int fd) {
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr header;
  } control;
  struct iovec vector = {.iov_base = (void *)bytes, .iov_len = count};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  if (fd >= 0) {
    memset(&control, 0, sizeof control);
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL);
}

long clinux_receive(int socket, void *bytes, size_t count, int *fd) {
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr header;
  } control;
  struct iovec vector = {.iov_base = bytes, .iov_len = count};
  struct msghdr message = {
      .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  *fd = -1;
  ssize_t received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (received < 0)
    return received;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
      header->cmsg_len == CMSG_LEN(sizeof *fd)) {
    memcpy(fd, CMSG_DATA(header), sizeof *fd);
  }
  return received;
}

int clinux_route_socket(int own, int namespace) {
  if (namespace >= 0 && setns(namespace, CLONE_NEWNET) != 0)
    return -1;
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  int error = errno;
  // It worked a moment ago the other way round; a thread in the wrong namespace must not go on.
  if (namespace >= 0 && setns(own, CLONE_NEWNET) != 0)
    abort();
  errno = error;
  return fd;
}

int clinux_stream_socket(int nonblocking) {
  return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0), 0);
}

static int connect_abstract(int socket, const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(name);
  if (length > sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(address.sun_path, name, length);
  address.sun_path[0] = 0;
  return connect(socket, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
}

int clinux_connect(int socket, const char *path) {
  if (path[0] == '@')
    return connect_abstract(socket, path);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int place = open(path, O_PATH | O_CLOEXEC);
  if (place < 0)
    return -1;
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", place);
  int result = connect(socket, (struct sockaddr *)&address, sizeof address);
  int error = errno;
  close(place);
  errno = error;
  return result;
}

int clinux_accept(int socket) {
  return accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int clinux_datagram_socket(void) {
  return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int clinux_bind(int socket, const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  if (length >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(address.sun_path, path, length);
  return bind(socket, (struct sockaddr *)&address, sizeof address);
}

int clinux_bind_and_listen(int socket, const char *path) {
  return clinux_bind(socket, path) == 0 ? listen(socket, 1) : -1;
}
