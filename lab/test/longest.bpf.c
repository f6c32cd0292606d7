// SPDX-License-Identifier: GPL-2.0-only
/*
 * The longest record that a program can write: every field that one hook can
 * give, each at its longest. longest.py provokes it.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_audit.h"

/* What BTF doesn't know. */
#define AF_INET6	10
#define CAP_LAST_CAP	40
#define LOOPBACK	1	/* ifindex */
#define IOCTL_LONGEST	0xffff
#define IOCTL_TOO_LONG	0xfffe

char _license[] SEC("license") = "GPL";

/* 255 bytes, which are 510 in hex. */
#define X5 "\n\n\n\n\n"
#define X15 X5 X5 X5
#define X85 X15 X15 X15 X15 X15 X5 X5
#define CAUSE X85 X85 X85

struct sockaddr_in6 address = {
	.sin6_family = AF_INET6,
	.sin6_port = 0xffff,
	.sin6_addr.in6_u.u6_addr8 = {
		0xfd, 0x11, 0x22, 0x22, 0x33, 0x33, 0x44, 0x44,
		0x55, 0x55, 0x66, 0x66, 0x77, 0x77, 0x88, 0x88,
	},
};

SEC("lsm/file_ioctl")
int BPF_PROG(longest, struct file *file, unsigned int cmd)
{
	struct sockaddr *end = (struct sockaddr *)&address;
	struct bpf_audit_context *ac;

	if (cmd != IOCTL_LONGEST && cmd != IOCTL_TOO_LONG)
		return 0;

	ac = bpf_audit_log_start();
	if (!ac)
		return 0;
	bpf_audit_log_task(ac, bpf_get_current_task_btf());
	bpf_audit_log_cap(ac, CAP_LAST_CAP);
	bpf_audit_log_net_sockaddr(ac, LOOPBACK, end, end, sizeof(address));
	if (cmd == IOCTL_TOO_LONG)
		bpf_audit_log_cause(ac, CAUSE);
	bpf_audit_log_ioctl_op(ac, file, cmd);
	bpf_audit_log_cause(ac, CAUSE);
	bpf_audit_log_end(ac);
	return 0;
}
