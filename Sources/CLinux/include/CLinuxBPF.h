#ifndef CLINUX_BPF_H
#define CLINUX_BPF_H

#include <stdint.h>

// bpf(2) for programs of type CGROUP_DEVICE. Every call passes a zeroed attribute block that is larger than any
// kernel's: kernels 6.17 to 7.1 write behind a short one (BPF_PROG_QUERY fills `revision` whatever size it was given).

// BPF_PROG_LOAD: the descriptor of a program of `count` instructions.
int clinux_bpf_load_device(const uint64_t *instructions, uint32_t count);

// BPF_PROG_ATTACH with BPF_F_ALLOW_MULTI; with `replaced` >= 0 it takes the place of that program (BPF_F_REPLACE).
int clinux_bpf_attach_device(int cgroup, int program, int replaced);

// BPF_PROG_DETACH of one program.
int clinux_bpf_detach_device(int cgroup, int program);

// BPF_PROG_QUERY: the ids of the cgroup's own programs. `count` is the room in `ids`, and becomes their number.
int clinux_bpf_query_device(int cgroup, uint32_t *ids, uint32_t *count);

// BPF_PROG_GET_FD_BY_ID.
int clinux_bpf_program(uint32_t id);

#endif
