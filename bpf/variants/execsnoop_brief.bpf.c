// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * execsnoop without what its plain table does not show. While it loads an object libbpf goes through all
 * of the kernel's types once for each type that the object names, in functions that no program calls as
 * well. This object names 8 of them, the other one 22.
 */
#define BRIEF
#include "../execsnoop.bpf.c"
