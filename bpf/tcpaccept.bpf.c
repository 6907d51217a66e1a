// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Kernel half of tcpaccept: that of tcptracer, which reports what is accepted alone. */
#include "tcptracer.bpf.c"
