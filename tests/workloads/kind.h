/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What workloads of several kinds share: the kind that was asked for, and an end for what fails. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *kind;

static void check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static int is(const char *name)
{
	return strcmp(kind, name) == 0;
}
