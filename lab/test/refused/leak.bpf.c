// SPDX-License-Identifier: GPL-2.0-only
/* A context has to be ended on every path. */
/* refused: would lead to reference leak */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "audit_kfuncs.h"

char _license[] SEC("license") = "GPL";

SEC("lsm/file_open")
int BPF_PROG(leak, struct file *file)
{
	bpf_audit_log_start();
	return 0;
}
