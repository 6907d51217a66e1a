/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* A name that is looked up: see name_lookups.h. */
#ifndef DENOBPF_NAME_LOOKUP_H
#define DENOBPF_NAME_LOOKUP_H

enum lookup_outcome {
	FOUND,
	FOUND_LATER, /* another task had brought it by the time that it was looked for again */
	ASKED, /* the file system was asked */
};

/* report only names that the file system is asked for */
const volatile bool misses_only;

/* Pointers are numbers here: global functions are passed no pointers. */
struct lookup {
	__u64 name; /* struct qstr * */
	__u64 dentry; /* that it is the name of, or 0: then there is */
	__u64 parent; /* the folder's */
	__u64 latency_ns; /* ASKED: until the answer */
	__u32 outcome; /* enum lookup_outcome */
	__u32 negative; /* there is no such file */
};

#endif /* DENOBPF_NAME_LOOKUP_H */
