// SPDX-License-Identifier: GPL-2.0-only
/* Records that end where PREEMPT_RT leaves them to a kworker. */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf_audit_kfuncs.h"
#include "bpf_experimental.h"

char _license[] SEC("license") = "GPL";

#define PF_WQ_WORKER 0x20

/* Only what this process does is recorded. */
__u32 tgid;

/*
 * Records that the subject ended with preemption disabled, and how many of these waited,
 * at the most.
 */
__u32 left;
__s32 most_waiting;
__u32 refused;

/* Of these, what was queued: by a kworker, and by the subject, when it started another. */
__u32 queued_by_kworker;
__u32 queued_in_start;
__u32 queued_at_once;

enum { ELSEWHERE, STARTING, LEAVING } where;

static bool is_subject(void)
{
	return tgid && bpf_get_current_pid_tgid() >> 32 == tgid;
}

SEC("fentry/audit_log_end")
int BPF_PROG(on_queued)
{
	/* Others that a kworker may end, of a program that is unloaded say, are not ours. */
	if (bpf_get_current_task_btf()->flags & PF_WQ_WORKER) {
		if (queued_by_kworker < left)
			queued_by_kworker++;
	} else if (is_subject() && where == STARTING) {
		queued_in_start++;
	} else if (is_subject() && where == LEAVING) {
		queued_at_once++;
	}
	return 0;
}

static struct bpf_audit_context *start(void)
{
	struct bpf_audit_context *ac;

	where = STARTING;
	ac = bpf_audit_log_start();
	where = ELSEWHERE;
	if (!ac)
		refused++;
	return ac;
}

static void leave_one(void)
{
	struct bpf_audit_context *ac;
	__s32 waiting;

	ac = start();
	if (!ac)
		return;
	left++;
	where = LEAVING;
	bpf_preempt_disable();
	bpf_audit_log_end(ac);
	bpf_preempt_enable();
	where = ELSEWHERE;

	waiting = left - queued_by_kworker - queued_in_start - queued_at_once;
	if (waiting > most_waiting)
		most_waiting = waiting;
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(leaves_one, struct file *file)
{
	if (is_subject())
		leave_one();
	return 0;
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(leaves_first_of_two, struct file *file)
{
	struct bpf_audit_context *ac;

	if (!is_subject())
		return 0;
	leave_one();
	ac = start();
	if (ac)
		bpf_audit_log_end(ac);
	return 0;
}
