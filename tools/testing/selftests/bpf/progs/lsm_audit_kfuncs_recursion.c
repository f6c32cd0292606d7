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

/* The same, on a hook that trusts its argument. */
SEC("?lsm/file_release")
int BPF_PROG(release_target, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	if (!ac)
		return 0;
	bpf_audit_log_file(ac, file);
	bpf_audit_log_end(ac);
	return 0;
}

/* These call no kfunc: but for the tail call they are harmless. */

#define TAIL_CALL(hook)							\
	SEC("?lsm/" #hook)						\
	int from_##hook(void *ctx)					\
	{								\
		bpf_tail_call(ctx, &calls, 0);				\
		return 0;						\
	}

TAIL_CALL(file_open)
TAIL_CALL(file_release)

/* A record passes these. */
TAIL_CALL(current_getlsmprop_subj)
TAIL_CALL(lsmprop_to_secctx)
TAIL_CALL(release_secctx)

/* Their arguments aren't trusted. */
TAIL_CALL(file_free_security)
TAIL_CALL(backing_file_alloc)
TAIL_CALL(backing_file_free)
TAIL_CALL(task_free)
TAIL_CALL(bpf_map_free)
TAIL_CALL(bpf_prog_free)
TAIL_CALL(sk_free_security)

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
