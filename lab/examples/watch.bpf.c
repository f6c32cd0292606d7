// SPDX-License-Identifier: GPL-2.0-only
/*
 * An audit-only policy: who takes hold of another process, as a debugger does,
 * is reported and not denied. It needs no vmlinux.h.
 *
 *	./load watch.bpf.o /sys/fs/bpf/watch
 *
 * A record says nothing of the outcome, as another module may have denied the same;
 * the SYSCALL record beside it does. For an operation of io_uring, and for a call
 * that does several things, it may say success=yes though this one was denied.
 *
 * "ptrace" names the one who is taken hold of, "ptrace-traceme" the one who is asked to.
 *
 * What it doesn't see:
 * - children of a traced process that are traced from their birth (PTRACE_O_TRACEFORK), and
 *   what is done by a file of /proc/PID/mem that was opened before, or passed on;
 * - a process that is made with the memory of another (CLONE_VM), or that a task controls by
 *   its files or its environment;
 * - who works on memory without asking for a process: uprobes, BPF, modules, /dev/mem;
 * - repetition: of the times that one program takes hold of another in a row, the 1st, 2nd,
 *   4th, 8th ... are reported;
 * - more than eight times in a second that one process is taken hold of, for the first time
 *   or not: who may take hold of it can hide so behind another one of his own.
 *
 * Each process that is taken hold of has its own count: who makes many, and takes hold of
 * each, fills the log.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_audit.h"

/* Of the mode: to change the other process, not only to look; and to ask quietly. */
#define PTRACE_MODE_ATTACH	0x02
#define PTRACE_MODE_NOAUDIT	0x04

char _license[] SEC("license") = "GPL";

struct task_struct___tgid {
	int tgid;
	__u64 start_boottime;
	__u64 self_exec_id;
	struct task_struct___tgid *group_leader;
} __attribute__((preserve_access_index));

#define NSEC_PER_SEC	1000000000ULL
#define MOST_RECORDS	8	/* of a task, in a second */

/*
 * Of a task that was taken hold of: by which process last (a number alone is given again),
 * which program either of them ran, how often in a row, and how many records of it this
 * second has.
 */
struct hold {
	__u64 born;
	__u64 tracer_exec;
	__u64 child_exec;
	int tracer;
	__u32 count;
	__u64 second;
	__u32 records;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct hold);
} holds SEC(".maps");

/*
 * The 1st, 2nd, 4th, 8th ... time that one takes hold of the same: denials are few,
 * but what succeeds may be repeated in a loop, and the log must not be flooded by it. Nor
 * by several that do it in turn.
 */
static int is_of_note(struct task_struct *task, struct task_struct *child)
{
	struct task_struct___tgid *tracer = (void *)task, *traced = (void *)child;
	__u64 born = tracer->group_leader->start_boottime, second = bpf_ktime_get_ns() / NSEC_PER_SEC;
	struct hold *hold = bpf_task_storage_get(&holds, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!hold)
		return 1;
	if (hold->tracer != tracer->tgid || hold->born != born ||
	    hold->tracer_exec != tracer->self_exec_id || hold->child_exec != traced->self_exec_id) {
		hold->tracer = tracer->tgid;
		hold->born = born;
		hold->tracer_exec = tracer->self_exec_id;
		hold->child_exec = traced->self_exec_id;
		hold->count = 0;
	}
	++hold->count;
	if (hold->count & (hold->count - 1))
		return 0;
	if (hold->second != second) {
		hold->second = second;
		hold->records = 0;
	}
	return ++hold->records <= MOST_RECORDS;
}

SEC("lsm/ptrace_access_check")
int BPF_PROG(ptrace, struct task_struct *child, unsigned int mode)
{
	if (!(mode & PTRACE_MODE_ATTACH) || mode & PTRACE_MODE_NOAUDIT ||
	    !is_of_note(bpf_get_current_task_btf(), child))
		return 0;

	bpf_audit(ac, "ptrace")
		bpf_audit_log_task(ac, child);
	return 0;
}

SEC("lsm/ptrace_traceme")
int BPF_PROG(traceme, struct task_struct *parent)
{
	if (!is_of_note(parent, bpf_get_current_task_btf()))
		return 0;

	bpf_audit(ac, "ptrace-traceme")
		bpf_audit_log_task(ac, parent);
	return 0;
}
