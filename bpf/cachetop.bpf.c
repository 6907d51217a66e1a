// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Kernel half of cachetop: it counts what cachestat counts, each process apart. */
#include "cachestat.bpf.c"
