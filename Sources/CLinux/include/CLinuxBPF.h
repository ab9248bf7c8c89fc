#ifndef CLINUX_BPF_H
#define CLINUX_BPF_H

#endif
