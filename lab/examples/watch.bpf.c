// SPDX-License-Identifier: GPL-2.0-only
/*
 * An audit-only policy: who takes hold of another process, as a debugger does,
 * is reported and not denied. It needs no vmlinux.h.
 *
 *	bpftool prog loadall watch.bpf.o /sys/fs/bpf/watch autoattach
 *
 * A record says nothing of the outcome, as another module may have denied the
 * same; the SYSCALL record beside it does: success=yes.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_audit.h"

/* Of the mode: to change the other process, not only to look; and to ask quietly. */
#define PTRACE_MODE_ATTACH	0x02
#define PTRACE_MODE_NOAUDIT	0x04

char _license[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} counts SEC(".maps");

/*
 * The 1st, 2nd, 4th, 8th ... of a task: denials are few, but what succeeds may
 * be repeated in a loop, and the log must not be flooded by it.
 */
static int is_of_note(void)
{
	__u64 *count = bpf_task_storage_get(&counts, bpf_get_current_task_btf(), 0,
					    BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!count)
		return 1;
	++*count;
	return !(*count & (*count - 1));
}

SEC("lsm/ptrace_access_check")
int BPF_PROG(ptrace, struct task_struct *child, unsigned int mode)
{
	struct bpf_audit_context *ac;

	if (!(mode & PTRACE_MODE_ATTACH) || mode & PTRACE_MODE_NOAUDIT || !is_of_note())
		return 0;

	ac = bpf_audit_log_start();
	if (ac) {
		bpf_audit_log_cause(ac, "ptrace");
		bpf_audit_log_task(ac, child);
		bpf_audit_log_end(ac);
	}
	return 0;
}
