// SPDX-License-Identifier: GPL-2.0-only
/*
 * An egress allow-list for a cgroup: the sockets that its tasks make reach the
 * networks of the map "allowed" and no others. So that none finds the list empty,
 * fill it first, here with 127.0.0.0/8 and 2001:db8::/32, and attach the programs
 * then. An IPv4 network is one of IPv6, behind ::ffff:0:0/96: add 96 to its bits.
 *
 *	bpftool prog loadall egress.bpf.o /sys/fs/bpf/egress \
 *		pinmaps /sys/fs/bpf/egress/maps
 *	bpftool map update pinned /sys/fs/bpf/egress/maps/allowed key \
 *		104 0 0 0 0 0 0 0 0 0 0 0 0 0 255 255 127 0 0 0 value 1
 *	bpftool map update pinned /sys/fs/bpf/egress/maps/allowed key hex \
 *		20 0 0 0 20 01 0d b8 0 0 0 0 0 0 0 0 0 0 0 0 value hex 1
 *	for program in connect sendmsg; do
 *		bpftool cgroup attach /sys/fs/cgroup/confined lsm_cgroup \
 *			pinned /sys/fs/bpf/egress/$program multi
 *	done
 */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_audit.h"

#define AF_INET			2
#define AF_INET6		10
#define SIN6_LEN_RFC2133	24

/* What an lsm_cgroup program returns; 0 fails with EPERM. */
#define DENY	0
#define ALLOW	1

char _license[] SEC("license") = "GPL";

struct network {
	__u32 bits;
	struct in6_addr address;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, struct network);
	__type(value, __u8);
} allowed SEC(".maps");

/* Where sendmsg keeps an address until it is in the record: the task's own. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct sockaddr_in6);
} addresses SEC(".maps");

/* The kernel itself refuses an address that is too short. */
static bool is_allowed(__u16 family, void *address, int addrlen)
{
	struct network to = { .bits = 128 };

	if (family == AF_INET && addrlen >= (int)sizeof(struct sockaddr_in)) {
		to.address.in6_u.u6_addr32[2] = bpf_htonl(0xffff);
		to.address.in6_u.u6_addr32[3] =
			bpf_core_cast(address, struct sockaddr_in)->sin_addr.s_addr;
	} else if (family == AF_INET6 && addrlen >= SIN6_LEN_RFC2133) {
		to.address = bpf_core_cast(address, struct sockaddr_in6)->sin6_addr;
	} else {
		return true;
	}
	return bpf_map_lookup_elem(&allowed, &to);
}

static int deny(struct sockaddr *address, int addrlen)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	if (ac) {
		bpf_audit_log_cause(ac, "egress-not-allowed");
		bpf_audit_log_net_sockaddr(ac, 0, NULL, address, addrlen);
		bpf_audit_log_end(ac);
	}
	return DENY;
}

SEC("lsm_cgroup/socket_connect")
int BPF_PROG(connect, struct socket *sock, struct sockaddr *address, int addrlen)
{
	if (is_allowed(address->sa_family, address, addrlen))
		return ALLOW;

	return deny(address, addrlen);
}

/* A datagram may name its destination itself, and so may the first of TCP's data. */
SEC("lsm_cgroup/socket_sendmsg")
int BPF_PROG(sendmsg, struct socket *sock, struct msghdr *msg)
{
	void *name = msg->msg_name;
	struct sockaddr_in6 *copy;
	__u16 family;

	if (!name)
		return ALLOW;
	/* UDP and raw sockets take AF_UNSPEC for the family of the socket. */
	family = bpf_core_cast(name, struct sockaddr)->sa_family ?:
		 BPF_CORE_READ(sock, sk, __sk_common.skc_family);
	if (is_allowed(family, name, msg->msg_namelen))
		return ALLOW;

	/* The verifier knows no type of `name`, and the stack is too short for IPv6. */
	copy = bpf_task_storage_get(&addresses, bpf_get_current_task_btf(), NULL,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (copy) {
		bpf_probe_read_kernel(copy, sizeof(*copy), name);
		copy->sin6_family = family;
	}
	return deny((struct sockaddr *)copy, sizeof(*copy));
}
