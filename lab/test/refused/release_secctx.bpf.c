// SPDX-License-Identifier: GPL-2.0-only
/* audit calls this hook when it has written a context. */
/* refused: calling kernel function bpf_audit_log_start is not allowed */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "audit_kfuncs.h"

char _license[] SEC("license") = "GPL";

SEC("lsm/release_secctx")
void BPF_PROG(release_secctx, struct lsm_context *cp)
{
	struct bpf_audit_context *ac = bpf_audit_log_start();

	if (ac)
		bpf_audit_log_end(ac);
}
