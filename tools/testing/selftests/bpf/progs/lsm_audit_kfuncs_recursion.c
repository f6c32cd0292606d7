// SPDX-License-Identifier: GPL-2.0-only
/* Programs on hooks that a record passes, and one that they must not reach. */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf_audit_kfuncs.h"

char _license[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} calls SEC(".maps");

/* Writes a record, which is right where it is. */
SEC("?lsm/file_open")
int BPF_PROG(target, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	if (ac)
		bpf_audit_log_end(ac);
	return 0;
}

/* These call no kfunc, and so load: but for the tail call they are harmless. */

SEC("?lsm/file_open")
int from_file_open(void *ctx)
{
	bpf_tail_call(ctx, &calls, 0);
	return 0;
}

SEC("?lsm/current_getlsmprop_subj")
int from_subj(void *ctx)
{
	bpf_tail_call(ctx, &calls, 0);
	return 0;
}

SEC("?lsm/lsmprop_to_secctx")
int from_secctx(void *ctx)
{
	bpf_tail_call(ctx, &calls, 0);
	return 0;
}

SEC("?lsm/release_secctx")
int from_release(void *ctx)
{
	bpf_tail_call(ctx, &calls, 0);
	return 0;
}

/* Reports each packet to a port: in a softirq, on top of whichever task. */

__u16 port;

SEC("?lsm/socket_sock_rcv_skb")
int BPF_PROG(on_packet, struct sock *sk, struct sk_buff *skb)
{
	struct bpf_audit_context *ac;

	if (!port || sk->__sk_common.skc_num != port)
		return 0;
	ac = bpf_audit_log_start();
	if (ac)
		bpf_audit_log_end(ac);
	return 0;
}
