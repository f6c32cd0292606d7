// SPDX-License-Identifier: GPL-2.0-only
/* Functions of a program that may sleep, and of one that does not. */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__weak int extended(int value)
{
	return value + 1;
}

__weak int extended_in_rcu(int value)
{
	return value + 2;
}

SEC("lsm.s/file_open")
int BPF_PROG(asleep, struct file *file)
{
	int value = extended(file->f_flags);

	bpf_rcu_read_lock();
	value += extended_in_rcu(value);
	bpf_rcu_read_unlock();
	return value ? 0 : 0;
}

SEC("lsm/file_open")
int BPF_PROG(awake, struct file *file)
{
	return extended(file->f_flags) + extended_in_rcu(0) ? 0 : 0;
}

char _license[] SEC("license") = "GPL";
