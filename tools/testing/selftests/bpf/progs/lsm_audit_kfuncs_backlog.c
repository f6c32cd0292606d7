// SPDX-License-Identifier: GPL-2.0-only
/* Records that are started while audit's backlog is full. */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf_audit_kfuncs.h"
#include "lsm_audit_kfuncs_backlog.h"

char _license[] SEC("license") = "GPL";

/* Only what this process does, or what arrives at this port, is recorded. */
__u32 tgid;
__u16 port;

/* Who takes records from the backlog. */
__u32 kauditd;

/* Of the program that fills the backlog, and of the one that is tested. */
__u32 fill_refused;
__u32 runs;
__u32 refused;
/* How often kauditd had fallen asleep when there was no room; 0 until then. */
__u64 full_since;
/* It didn't sleep all the time since then, so that there may be room. */
bool may_have_room;
/* How long the longest call of bpf_audit_log_start() took, in ns. */
__u64 longest;

static bool is_subject(void)
{
	return tgid && bpf_get_current_pid_tgid() >> 32 == tgid;
}

/* How often kauditd has fallen asleep, or 0 if it is awake. */
static __u64 kauditd_slept(void)
{
	struct task_struct *task = bpf_task_from_pid(kauditd);
	__u64 times = 0;

	if (!task)
		return 0;
	/* It counts before it leaves its processor. */
	if (task->__state && !task->on_cpu)
		times = task->nvcsw + task->nivcsw;
	bpf_task_release(task);
	return times;
}

static void start_and_end(void)
{
	struct bpf_audit_context *ac;
	__u64 time;

	time = bpf_ktime_get_ns();
	ac = bpf_audit_log_start();
	time = bpf_ktime_get_ns() - time;
	if (ac)
		bpf_audit_log_end(ac);
	else
		__sync_fetch_and_add(&refused, 1);

	if (!full_since || kauditd_slept() != full_since)
		may_have_room = true;
	if (time > longest)
		longest = time;
	__sync_fetch_and_add(&runs, 1);
}

SEC("lsm/file_ioctl")
int BPF_PROG(fill, struct file *file, unsigned int cmd)
{
	struct bpf_audit_context *ac;
	__u64 slept;

	if (!is_subject() || cmd != CMD_FILL)
		return 0;

	slept = kauditd_slept();
	ac = bpf_audit_log_start();
	if (ac) {
		bpf_audit_log_end(ac);
	} else {
		fill_refused++;
		full_since = slept;
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
