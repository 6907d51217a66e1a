/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What libc's netdb.h declares, as it lies in the memory of a 64-bit process. */
#ifndef DENOBPF_NETDB_H
#define DENOBPF_NETDB_H

/* include/linux/socket.h */
#define AF_INET 2
#define AF_INET6 10

struct addrinfo {
	__s32 ai_flags;
	__s32 ai_family;
	__s32 ai_socktype;
	__s32 ai_protocol;
	__u32 ai_addrlen;
	struct sockaddr_in *ai_addr; /* if ai_family is AF_INET */
	char *ai_canonname;
	struct addrinfo *ai_next;
};

struct hostent {
	char *h_name;
	char **h_aliases;
	__s32 h_addrtype;
	__s32 h_length;
	char **h_addr_list;
};

#endif /* DENOBPF_NETDB_H */
