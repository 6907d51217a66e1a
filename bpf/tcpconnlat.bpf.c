// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Kernel half of tcpconnlat: that of tcpconnect, with variables that leave out what is no latency of a
 * connection, and what took less than was asked for.
 */
#define LATENCY
#include "tcpconnect.bpf.c"
