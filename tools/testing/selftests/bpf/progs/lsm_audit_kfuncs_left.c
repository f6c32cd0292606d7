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
__u32 most_waiting;
__u32 refused;

/*
 * Records that were queued: by a kworker, and by the subject, in bpf_audit_log_start() or
 * elsewhere, with others of the same event.
 */
__u32 queued_by_kworker;
__u32 queued_in_start;
__u32 queued_elsewhere;
bool starting;

static bool is_subject(void)
{
	return tgid && bpf_get_current_pid_tgid() >> 32 == tgid;
}

SEC("fentry/audit_log_end")
int BPF_PROG(on_queued)
{
	if (bpf_get_current_task_btf()->flags & PF_WQ_WORKER)
		queued_by_kworker++;
	else if (is_subject() && starting)
		queued_in_start++;
	else if (is_subject())
		queued_elsewhere++;
	return 0;
}

static struct bpf_audit_context *start(void)
{
	struct bpf_audit_context *ac;

	starting = true;
	ac = bpf_audit_log_start();
	starting = false;
	if (!ac)
		refused++;
	return ac;
}

static void leave(struct bpf_audit_context *ac)
{
	__u32 waiting;

	bpf_preempt_disable();
	bpf_audit_log_end(ac);
	bpf_preempt_enable();

	left++;
	waiting = left - queued_by_kworker - queued_in_start;
	if (waiting > most_waiting)
		most_waiting = waiting;
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(leaves_one, struct file *file)
{
	struct bpf_audit_context *ac;

	if (!is_subject())
		return 0;
	ac = start();
	if (ac)
		leave(ac);
	return 0;
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(leaves_first_of_two, struct file *file)
{
	struct bpf_audit_context *ac;

	if (!is_subject())
		return 0;
	ac = start();
	if (ac)
		leave(ac);
	ac = start();
	if (ac)
		bpf_audit_log_end(ac);
	return 0;
}
