// SPDX-License-Identifier: GPL-2.0-only

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_misc.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} programs SEC(".maps");

/* The program that is called might be for file_release, whose file is trusted. */
SEC("lsm/file_free_security")
__failure __msg("cannot use helper bpf_tail_call")
int from_untrusted_hook(void *ctx)
{
	bpf_tail_call_static(ctx, &programs, 0);
	return 0;
}

SEC("lsm/file_release")
__success
int from_trusted_hook(void *ctx)
{
	bpf_tail_call_static(ctx, &programs, 0);
	return 0;
}

char _license[] SEC("license") = "GPL";
