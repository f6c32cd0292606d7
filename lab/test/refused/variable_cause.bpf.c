// SPDX-License-Identifier: GPL-2.0-only
/* A cause is chosen by who writes the program, not by who is denied. */
/* refused: doesn't point to a const string */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "audit_kfuncs.h"

char _license[] SEC("license") = "GPL";

SEC("lsm/file_open")
int BPF_PROG(variable_cause, struct file *file)
{
	struct bpf_audit_context *ac = bpf_audit_log_start();
	char comm[TASK_COMM_LEN];

	if (ac) {
		bpf_get_current_comm(comm, sizeof(comm));
		bpf_audit_log_cause(ac, comm);
		bpf_audit_log_end(ac);
	}
	return 0;
}
