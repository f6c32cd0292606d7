// SPDX-License-Identifier: GPL-2.0
/*
 * A record from within a record: audit asks for the subject when it starts one,
 * if a rule excludes records by it, and that is a hook.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "bpf_audit.h"

char LICENSE[] SEC("license") = "GPL";

static int report(void)
{
	struct bpf_audit_context *ac;
	char comm[16];

	if (bpf_get_current_comm(comm, sizeof(comm)) ||
	    bpf_strncmp(comm, sizeof("victim"), "victim"))
		return 0;
	ac = bpf_audit_log_start();
	if (ac)
		bpf_audit_log_end(ac);
	return 0;
}

SEC("lsm/file_open")
int first(void *ctx)
{
	return report();
}

SEC("lsm/current_getlsmprop_subj")
int within(void *ctx)
{
	return report();
}
