/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What a socket of a family other than IP is bound to, and what it is connected to: the bytes of struct sockaddr,
 * as lib/tool/families.ts reads them.
 */
#ifndef DENOBPF_SOCK_ADDRESS_H
#define DENOBPF_SOCK_ADDRESS_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* include/linux/socket.h */
#define AF_OF_UNIX 1
#define AF_OF_NETLINK 16
#define AF_OF_PACKET 17
#define AF_OF_VSOCK 40

#define ADDRESS_SIZE 112 /* what the largest one has, that of a Unix socket, and a few bytes more */
#define SOCKADDR_VM_SIZE 16 /* include/uapi/linux/vm_sockets.h */

/* include/uapi/linux/netlink.h */
struct netlink_address {
	__u16 family;
	__u16 zero;
	__u32 port_id;
	__u32 groups;
};

/* The beginning of struct sockaddr_ll of include/uapi/linux/if_packet.h. */
struct packet_address {
	__u16 family;
	__be16 protocol;
	__s32 ifindex;
};

/* Kernels may be built without these families. */
struct netlink_sock___local {
	__u32 portid;
	unsigned long *groups;
} __attribute__((preserve_access_index));

struct packet_sock___local {
	int ifindex;
	__be16 num;
} __attribute__((preserve_access_index));

/* An address of Unix, which several sockets share: all that one that listens has accepted have its address. */
static __always_inline struct unix_address *unix_address_of(struct sock *sk)
{
	return BPF_CORE_READ((struct unix_sock *)sk, addr);
}

static __always_inline __u32 read_unix_address(struct sock *sk, __u8 to[ADDRESS_SIZE])
{
	struct unix_address *address = unix_address_of(sk);
	__u32 size;

	if (!address)
		return 0;
	size = BPF_CORE_READ(address, len);
	if (size > ADDRESS_SIZE)
		size = ADDRESS_SIZE;
	barrier_var(size);
	bpf_probe_read_kernel(to, size, address->name);
	return size;
}

static __always_inline __u32 read_netlink_address(struct sock *sk, __u8 to[ADDRESS_SIZE])
{
	struct netlink_sock___local *netlink = (void *)sk;
	struct netlink_address address = { .family = AF_OF_NETLINK };
	unsigned long *groups, first = 0;

	if (!bpf_core_field_exists(netlink->portid))
		return 0;
	groups = BPF_CORE_READ(netlink, groups);
	bpf_probe_read_kernel(&first, sizeof(first), groups);
	address.port_id = BPF_CORE_READ(netlink, portid);
	address.groups = first;
	/* as the kernel's own */
	if (!address.port_id && !address.groups)
		return 0;
	__builtin_memcpy(to, &address, sizeof(address));
	return sizeof(address);
}

static __always_inline __u32 read_packet_address(struct sock *sk, __u8 to[ADDRESS_SIZE])
{
	struct packet_sock___local *packet = (void *)sk;
	struct packet_address address = { .family = AF_OF_PACKET };

	if (!bpf_core_field_exists(packet->num))
		return 0;
	address.protocol = BPF_CORE_READ(packet, num);
	address.ifindex = BPF_CORE_READ(packet, ifindex);
	__builtin_memcpy(to, &address, sizeof(address));
	return sizeof(address);
}

/* A local and a remote struct sockaddr_vm. */
struct vsock_addresses {
	__u8 local[SOCKADDR_VM_SIZE];
	__u8 remote[SOCKADDR_VM_SIZE];
};

/*
 * Those of a struct vsock_sock stand behind its struct sock and a pointer, in all kernels since 5.5. The type is that
 * of a module: libbpf looks for such types in all modules, which takes CAP_SYS_ADMIN.
 */
static __always_inline struct vsock_addresses *vsock_addresses(struct sock *sk)
{
	return (void *)sk + bpf_core_type_size(struct sock) + sizeof(void *);
}

/* What a socket is bound to. @returns how many bytes that is: 0 if it is not, or its family is not known here */
static __always_inline __u32 read_sock_address(struct sock *sk, __u16 family, __u8 to[ADDRESS_SIZE])
{
	if (family == AF_OF_UNIX)
		return read_unix_address(sk, to);
	if (family == AF_OF_NETLINK)
		return read_netlink_address(sk, to);
	if (family == AF_OF_PACKET)
		return read_packet_address(sk, to);
	if (family != AF_OF_VSOCK)
		return 0;
	bpf_probe_read_kernel(to, SOCKADDR_VM_SIZE, vsock_addresses(sk)->local);
	return SOCKADDR_VM_SIZE;
}

#endif /* DENOBPF_SOCK_ADDRESS_H */
