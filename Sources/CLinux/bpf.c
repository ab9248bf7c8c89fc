#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// The newest kernels' union bpf_attr has about 200 bytes. A kernel takes a longer block if its tail is zero.
union attributes {
  union bpf_attr attr;
  uint8_t bytes[512];
};

static int bpf(int command, union attributes *attributes) {
  return (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static int load(union attributes *block) {
  // Since 4.20 the verifier gives up with EAGAIN when a signal arrives.
  for (int attempt = 0; attempt < 30; attempt++) {
    int program = bpf(BPF_PROG_LOAD, block);
    if (program >= 0 || errno != EAGAIN) {
      return program;
    }
  }
  return -1;
}

int clinux_bpf_load_device(const uint64_t *instructions, uint32_t count) {
  union attributes block;
  memset(&block, 0, sizeof(block));
  block.attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  block.attr.insns = (uintptr_t)instructions;
  block.attr.insn_cnt = count;
  block.attr.license = (uintptr_t) "Dual MIT/GPL";
  memcpy(block.attr.prog_name, "swiftcr_devices", 16);
  int program = load(&block);
  struct rlimit before, raised = {RLIM_INFINITY, RLIM_INFINITY};
  if (program < 0 && errno == EPERM && getrlimit(RLIMIT_MEMLOCK, &before) == 0 &&
      setrlimit(RLIMIT_MEMLOCK, &raised) == 0) {
    // Before 5.11 programs count as locked memory. The container must not inherit the raised limit.
    program = load(&block);
    int failure = errno;
    setrlimit(RLIMIT_MEMLOCK, &before);
    errno = failure;
  }
  return program;
}

int clinux_bpf_attach_device(int cgroup, int program, int replaced) {
  union attributes block;
  memset(&block, 0, sizeof(block));
  block.attr.target_fd = (uint32_t)cgroup;
  block.attr.attach_bpf_fd = (uint32_t)program;
  block.attr.attach_type = BPF_CGROUP_DEVICE;
  block.attr.attach_flags = BPF_F_ALLOW_MULTI;
  if (replaced >= 0) {
    block.attr.attach_flags |= BPF_F_REPLACE;
    block.attr.replace_bpf_fd = (uint32_t)replaced;
  }
  return bpf(BPF_PROG_ATTACH, &block);
}

int clinux_bpf_detach_device(int cgroup, int program) {
  union attributes block;
  memset(&block, 0, sizeof(block));
  block.attr.target_fd = (uint32_t)cgroup;
  block.attr.attach_bpf_fd = (uint32_t)program;
  block.attr.attach_type = BPF_CGROUP_DEVICE;
  return bpf(BPF_PROG_DETACH, &block);
}

int clinux_bpf_query_device(int cgroup, uint32_t *ids, uint32_t *count) {
  union attributes block;
  memset(&block, 0, sizeof(block));
  block.attr.query.target_fd = (uint32_t)cgroup;
  block.attr.query.attach_type = BPF_CGROUP_DEVICE;
  block.attr.query.prog_ids = (uintptr_t)ids;
  block.attr.query.prog_cnt = *count;
  int result = bpf(BPF_PROG_QUERY, &block);
  *count = block.attr.query.prog_cnt;
  return result;
}

int clinux_bpf_program(uint32_t id) {
  union attributes block;
  memset(&block, 0, sizeof(block));
  block.attr.prog_id = id;
  return bpf(BPF_PROG_GET_FD_BY_ID, &block);
}
