// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * execsnoop without what its plain table does not show. While it loads an object libbpf goes through all
 * of the kernel's types once for each type that the object names, whether or not a program that is loaded
 * uses it: that takes longer than everything else, and this object names half as many.
 */
#define BRIEF
#include "../execsnoop.bpf.c"
