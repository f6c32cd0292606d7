// SPDX-License-Identifier: GPL-2.0-only
/* A tracing program reports no denial: the kfuncs are for LSM programs only. */
/* refused: calling kernel function bpf_audit_log_start is not allowed */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "audit_kfuncs.h"

char _license[] SEC("license") = "GPL";

SEC("fentry/bpf_fentry_test1")
int BPF_PROG(fentry, int a)
{
	struct bpf_audit_context *ac = bpf_audit_log_start();

	if (ac)
		bpf_audit_log_end(ac);
	return 0;
}
