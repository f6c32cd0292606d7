// SPDX-License-Identifier: GPL-2.0-only
/* A function of a program that may sleep, and of one that does not. */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__weak int extended(int value)
{
	return value + 1;
}

SEC("lsm.s/file_open")
int BPF_PROG(asleep, struct file *file)
{
	return extended(file->f_flags) ? 0 : 0;
}

SEC("lsm/file_open")
int BPF_PROG(awake, struct file *file)
{
	return extended(file->f_flags) ? 0 : 0;
}

char _license[] SEC("license") = "GPL";
