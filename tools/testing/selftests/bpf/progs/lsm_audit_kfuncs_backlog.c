// SPDX-License-Identifier: GPL-2.0-only
/* Records that are started while audit's backlog is full. */

#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf_audit_kfuncs.h"
#include "lsm_audit_kfuncs_backlog.h"

char _license[] SEC("license") = "GPL";

/* Only what this process does, or what arrives at this port, is recorded. */
__u32 tgid;
__u16 port;

/* Of the program that fills the backlog, and of the one that is tested. */
__u32 filled;
__u32 fill_refused;
__u32 runs;
__u32 refused;
/* The limit of the backlog, and that a record may have been started below it. */
__u32 limit;
bool may_have_room;
/* How long the longest call of bpf_audit_log_start() took, in ns. */
__u64 longest;

static bool is_subject(void)
{
	return tgid && bpf_get_current_pid_tgid() >> 32 == tgid;
}

extern const void audit_queue __ksym __weak;

/* Only kauditd removes records: there is none in between if there is none afterwards. */
static bool is_full(void)
{
	struct sk_buff_head *queue = (struct sk_buff_head *)&audit_queue;

	return BPF_CORE_READ(queue, qlen) > limit;
}

static void start_and_end(void)
{
	struct bpf_audit_context *ac;
	bool full = is_full();
	__u64 time;

	time = bpf_ktime_get_ns();
	ac = bpf_audit_log_start();
	time = bpf_ktime_get_ns() - time;
	if (!full || !is_full())
		may_have_room = true;
	if (ac)
		bpf_audit_log_end(ac);
	else
		__sync_fetch_and_add(&refused, 1);

	if (time > longest)
		longest = time;
	__sync_fetch_and_add(&runs, 1);
}

SEC("lsm/file_ioctl")
int BPF_PROG(fill, struct file *file, unsigned int cmd)
{
	struct bpf_audit_context *ac;

	if (!is_subject() || cmd != CMD_FILL)
		return 0;

	ac = bpf_audit_log_start();
	if (ac) {
		filled++;
		bpf_audit_log_end(ac);
	} else {
		fill_refused++;
	}
	return 0;
}

SEC("lsm/file_ioctl")
int BPF_PROG(in_program, struct file *file, unsigned int cmd)
{
	if (is_subject() && cmd == CMD_ACT)
		start_and_end();
	return 0;
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(in_sleepable, struct file *file, unsigned int cmd)
{
	if (is_subject() && cmd == CMD_ACT)
		start_and_end();
	return 0;
}

/* While a request to audit is handled, under audit_cmd_mutex. */
SEC("lsm/capable")
int BPF_PROG(in_request, const struct cred *cred, struct user_namespace *ns, int cap)
{
	if (is_subject() && cap == CAP_AUDIT_CONTROL)
		start_and_end();
	return 0;
}

SEC("lsm/socket_sock_rcv_skb")
int BPF_PROG(in_softirq, struct sock *sk, struct sk_buff *skb)
{
	if (port && sk->__sk_common.skc_num == port)
		start_and_end();
	return 0;
}
