// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that report everything, on hooks that a record passes again on its
 * way to the audit log.
 */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf_audit.h"

char _license[] SEC("license") = "GPL";

__u64 records;

static int report(void)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	if (!ac)
		return 0;
	bpf_audit_log_cause(ac, "feedback");
	bpf_audit_log_end(ac);
	__sync_fetch_and_add(&records, 1);
	return 0;
}

SEC("lsm/file_permission")
int BPF_PROG(file_permission, struct file *file, int mask)
{
	return report();
}

SEC("lsm/capable")
int BPF_PROG(capable, const struct cred *cred, struct user_namespace *ns, int cap, unsigned int opts)
{
	return report();
}

SEC("lsm/socket_sock_rcv_skb")
int BPF_PROG(socket_sock_rcv_skb, struct sock *sk, struct sk_buff *skb)
{
	return report();
}

SEC("lsm.s/netlink_send")
int BPF_PROG(netlink_send, struct sock *sk, struct sk_buff *skb)
{
	return report();
}
