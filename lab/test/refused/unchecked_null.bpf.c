// SPDX-License-Identifier: GPL-2.0-only
/* There may be no context. */
/* refused: Possibly NULL pointer passed to trusted */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "audit_kfuncs.h"

char _license[] SEC("license") = "GPL";

SEC("lsm/file_open")
int BPF_PROG(unchecked_null, struct file *file)
{
	bpf_audit_log_end(bpf_audit_log_start());
	return 0;
}
