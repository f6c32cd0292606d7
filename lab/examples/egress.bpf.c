// SPDX-License-Identifier: GPL-2.0-only
/*
 * An egress allow-list for a cgroup: its tasks reach the networks of the map "allowed"
 * and no others, with whatever socket, and make those of TCP, UDP and ping alone.
 * So that none finds the list empty, fill it first, here with 127.0.0.0/8 and
 * 2001:db8::/32, and attach the programs then; so that none has a socket of another
 * kind, start the tasks last. An IPv4 network is one of IPv6, behind ::ffff:0:0/96:
 * add 96 to its bits.
 *
 *	./load egress.bpf.o /sys/fs/bpf/egress
 *	bpftool map update pinned /sys/fs/bpf/egress/maps/allowed key \
 *		104 0 0 0 0 0 0 0 0 0 0 0 0 0 255 255 127 0 0 0 value 1
 *	bpftool map update pinned /sys/fs/bpf/egress/maps/allowed key hex \
 *		20 0 0 0 20 01 0d b8 0 0 0 0 0 0 0 0 0 0 0 0 value hex 1
 *	for program in create connect sendmsg setsockopt; do
 *		bpftool cgroup attach /sys/fs/cgroup/confined lsm_cgroup \
 *			pinned /sys/fs/bpf/egress/$program multi
 *	done
 *
 * What it doesn't hold against:
 * - tasks outside: one that is passed a socket, a proxy behind a unix socket or an allowed
 *   address;
 * - answers: who connects to a server in the cgroup is answered, wherever from;
 * - tasks with privileges: to change routes, addresses or NAT (CAP_NET_ADMIN), to leave
 *   the cgroup, to make another task do it, to use BPF;
 * - what the kernel sends itself, as for a mounted network file system;
 * - RDMA, which has no hooks for addresses: keep /dev/infiniband away from the cgroup;
 * - a source route in the second message of a sendmmsg() to the same address, which no
 *   hook sees (____sys_sendmsg() in net/socket.c). It takes CAP_NET_RAW, and for IPv6 a
 *   kernel with IPV6_MIP6 alone; other routes, and those of setsockopt(), are denied.
 */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_audit.h"

#define AF_UNIX			1
#define AF_INET			2
#define AF_INET6		10
#define AF_NETLINK		16
#define SIN6_LEN_RFC2133	24
#define IPPROTO_ICMPV6		58
#define SOL_IP			0
#define IP_OPTIONS		4
#define IP_RETOPTS		7
#define SOL_IPV6		41
#define IPV6_2292RTHDR		5
#define IPV6_2292PKTOPTIONS	6
#define IPV6_FLOWLABEL_MGR	32
#define IPV6_RTHDR		57
#define MOST_HEADERS		16	/* of a message; more are taken for an attempt to hide */

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
	bpf_audit(ac, "egress-not-allowed")
		bpf_audit_log_net_sockaddr(ac, 0, NULL, address, addrlen);
	return DENY;
}

/*
 * Packets of AF_PACKET, of AF_XDP and of raw sockets have an address that no hook sees.
 * Multipath TCP and SCTP also connect to those that the other end names.
 */
SEC("lsm_cgroup/socket_create")
int BPF_PROG(create, int family, int type, int protocol, int kern)
{
	if (kern || family == AF_UNIX || family == AF_NETLINK)
		return ALLOW;
	if (family == AF_INET || family == AF_INET6) {
		if (type == SOCK_STREAM && (!protocol || protocol == IPPROTO_TCP))
			return ALLOW;
		if (type == SOCK_DGRAM && (!protocol || protocol == IPPROTO_UDP ||
					   protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6))
			return ALLOW;
	}
	bpf_audit(ac, "egress-socket");
	return DENY;
}

SEC("lsm_cgroup/socket_connect")
int BPF_PROG(connect, struct socket *sock, struct sockaddr *address, int addrlen)
{
	if (is_allowed(address->sa_family, address, addrlen))
		return ALLOW;

	return deny(address, addrlen);
}

/* A route in a packet goes to its first hop, whatever the destination. */
static bool sets_route(int level, int option)
{
	switch (level) {
	case SOL_IP:
		return option == IP_OPTIONS || option == IP_RETOPTS;
	case SOL_IPV6:
		return option == IPV6_RTHDR || option == IPV6_2292RTHDR ||
		       option == IPV6_2292PKTOPTIONS || option == IPV6_FLOWLABEL_MGR;
	}
	return false;
}

static int deny_route(void)
{
	bpf_audit(ac, "egress-source-route");
	return DENY;
}

SEC("lsm_cgroup/socket_setsockopt")
int BPF_PROG(setsockopt, struct socket *sock, int level, int optname)
{
	return sets_route(level, optname) ? deny_route() : ALLOW;
}

/* A datagram may bring a route of its own. */
static bool has_route(struct msghdr *msg)
{
	void *control = msg->msg_control;
	__u64 left = msg->msg_controllen;
	struct cmsghdr header;
	int i;

	bpf_for(i, 0, MOST_HEADERS) {
		if (left < sizeof(header) ||
		    bpf_probe_read_kernel(&header, sizeof(header), control))
			return false;
		if (sets_route(header.cmsg_level, header.cmsg_type))
			return true;
		header.cmsg_len = (header.cmsg_len + 7) & ~7UL;
		if (header.cmsg_len < sizeof(header) || header.cmsg_len > left)
			return false;
		control += header.cmsg_len;
		left -= header.cmsg_len;
	}
	return left;
}

/* A datagram may name its destination itself, and so may the first of TCP's data. */
SEC("lsm_cgroup/socket_sendmsg")
int BPF_PROG(sendmsg, struct socket *sock, struct msghdr *msg)
{
	void *name = msg->msg_name;
	struct sockaddr_in6 *copy;
	__u16 family;

	family = BPF_CORE_READ(sock, sk, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6)
		return ALLOW;
	if (has_route(msg))
		return deny_route();
	if (!name)
		return ALLOW;
	/*
	 * IPv4's UDP takes AF_UNSPEC for AF_INET, IPv6's for no name. The socket's own family
	 * doesn't tell which it will be: IPV6_ADDRFORM may change it after this.
	 */
	family = bpf_core_cast(name, struct sockaddr)->sa_family ?: AF_INET;
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
