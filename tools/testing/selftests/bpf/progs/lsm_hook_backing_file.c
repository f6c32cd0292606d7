// SPDX-License-Identifier: GPL-2.0-only

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_experimental.h"
#include "bpf_misc.h"

static char buf[64];

SEC("lsm/backing_file_alloc")
__failure __msg("must be referenced or trusted")
int BPF_PROG(has_no_path_yet, struct file *backing_file, const struct file *user_file)
{
	bpf_path_d_path(&backing_file->f_path, buf, sizeof(buf));
	return 0;
}

SEC("lsm/backing_file_free")
__failure __msg("must be referenced or trusted")
int BPF_PROG(has_no_path_any_more, struct file *backing_file)
{
	bpf_path_d_path(&backing_file->f_path, buf, sizeof(buf));
	return 0;
}

SEC("lsm/backing_file_free")
__success
int BPF_PROG(may_be_read, struct file *backing_file)
{
	return backing_file->f_flags == ~0U;
}

char _license[] SEC("license") = "GPL";
