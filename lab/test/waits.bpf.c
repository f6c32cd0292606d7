// SPDX-License-Identifier: GPL-2.0-only
/*
 * Let kauditd flush the queue just before a process of waits.py waits for that: a
 * moment which is otherwise short.
 */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define DELAY (30 * 1000 * 1000) /* ns */

char _license[] SEC("license") = "GPL";

__u64 delays;

static int until(__u64 i, void *end)
{
	return bpf_ktime_get_ns() > *(__u64 *)end;
}

static int delay(void)
{
	__u64 end = bpf_ktime_get_ns() + DELAY;
	char name[16];

	if (bpf_get_current_comm(name, sizeof(name)) || bpf_strncmp(name, sizeof("waits"), "waits"))
		return 0;

	__sync_fetch_and_add(&delays, 1);
	bpf_loop(1 << 23, until, &end, 0);
	return 0;
}

SEC("fentry/add_wait_queue_exclusive")
int BPF_PROG(before_the_fix)
{
	return delay();
}

SEC("fentry/prepare_to_wait")
int BPF_PROG(after_the_fix)
{
	return delay();
}
