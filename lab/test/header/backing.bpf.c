// SPDX-License-Identifier: GPL-2.0-only
/*
 * On overlayfs a file is opened twice: the file, and the backing file in its layer. Tell
 * one from the other, by what the documentation says.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_audit.h"

#define __O_SYNC	04000000	/* what the test opens with, and nobody else */
#define FMODE_BACKING	(1 << 24)

char _license[] SEC("license") = "GPL";

SEC("lsm/file_open")
int BPF_PROG(backing, struct file *file)
{
	if (!(file->f_flags & __O_SYNC))
		return 0;
	if (file->f_mode & FMODE_BACKING)
		bpf_audit(ac, "backing-file")
			bpf_audit_log_file(ac, file);
	else
		bpf_audit(ac, "file")
			bpf_audit_log_file(ac, file);
	return 0;
}
