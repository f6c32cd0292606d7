// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program that a sleepable program calls by a tail call can sleep. A global function
 * with such a call must not be called where its caller must not sleep.
 */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_misc.h"
#include "bpf_experimental.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} programs SEC(".maps");

__noinline int call_next(void *ctx __arg_ctx)
{
	bpf_tail_call_static(ctx, &programs, 0);
	return 0;
}

/* The function that it calls has the tail call. */
__noinline int call_deeper(void *ctx __arg_ctx)
{
	return call_next(ctx);
}

SEC("lsm.s/file_open")
__failure __msg("sleepable global function call_next() called in rcu_read_lock region")
int rcu(void *ctx)
{
	bpf_rcu_read_lock();
	call_next(ctx);
	bpf_rcu_read_unlock();
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("sleepable global function call_next() called in non-preemptible region")
int preempt(void *ctx)
{
	bpf_preempt_disable();
	call_next(ctx);
	bpf_preempt_enable();
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("sleepable global function call_deeper() called in rcu_read_lock region")
int rcu_deeper(void *ctx)
{
	bpf_rcu_read_lock();
	call_deeper(ctx);
	bpf_rcu_read_unlock();
	return 0;
}

SEC("lsm.s/file_open")
__success
int without(void *ctx)
{
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	call_next(ctx);
	return 0;
}

/* Whom it calls cannot sleep either. */
SEC("lsm/file_open")
__success
int not_sleepable(void *ctx)
{
	bpf_rcu_read_lock();
	call_next(ctx);
	bpf_rcu_read_unlock();
	return 0;
}

char _license[] SEC("license") = "GPL";
