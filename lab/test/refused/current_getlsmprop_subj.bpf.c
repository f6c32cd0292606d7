// SPDX-License-Identifier: GPL-2.0-only
/* audit calls this hook to filter a record by its subject. */
/* refused: calling kernel function bpf_audit_log_start is not allowed */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "audit_kfuncs.h"

char _license[] SEC("license") = "GPL";

SEC("lsm/current_getlsmprop_subj")
void BPF_PROG(current_getlsmprop_subj, struct lsm_prop *prop)
{
	struct bpf_audit_context *ac = bpf_audit_log_start();

	if (ac)
		bpf_audit_log_end(ac);
}
