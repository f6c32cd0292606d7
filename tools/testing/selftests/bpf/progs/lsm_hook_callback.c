// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf_for_each_map_elem() calls the callbacks of hashes under rcu_read_lock(), and
 * bpf_find_vma() its callback under mmap_read_lock(): they must not sleep, not even
 * those of programs that may.
 */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_misc.h"
#include "bpf_experimental.h"

#define ELEM(type_, name)			\
	struct {				\
		__uint(type, type_);		\
		__uint(max_entries, 1);		\
		__type(key, u32);		\
		__type(value, u64);		\
	} name SEC(".maps")

ELEM(BPF_MAP_TYPE_ARRAY, array);
ELEM(BPF_MAP_TYPE_PERCPU_ARRAY, percpu_array);
ELEM(BPF_MAP_TYPE_HASH, hash);
ELEM(BPF_MAP_TYPE_PERCPU_HASH, percpu_hash);
ELEM(BPF_MAP_TYPE_LRU_HASH, lru_hash);

struct task_struct *bpf_task_acquire(struct task_struct *task) __ksym;
void bpf_task_release(struct task_struct *task) __ksym;

u64 read;
const void *from;

static long sleep(void)
{
	return bpf_copy_from_user(&read, sizeof(read), from);
}

__weak int global_sleeps(int value)
{
	return sleep() + value;
}

/* Verified for a callback that must not sleep, and without RCU. */
__weak int global_trusts(int value)
{
	struct task_struct *parent;

	parent = bpf_task_acquire(bpf_get_current_task_btf()->real_parent);
	if (parent)
		bpf_task_release(parent);
	return value;
}

__weak int global_counts(int value)
{
	read += value;
	return value;
}

static long elem_sleeps(struct bpf_map *map, u32 *key, u64 *value, void *ctx)
{
	sleep();
	return 0;
}

static long elem_sleeps_kfunc(struct bpf_map *map, u32 *key, u64 *value, void *ctx)
{
	char text[8];

	bpf_copy_from_user_str(text, sizeof(text), from, 0);
	return 0;
}

static __noinline long function_sleeps(void)
{
	return sleep();
}

static long elem_calls(struct bpf_map *map, u32 *key, u64 *value, void *ctx)
{
	return function_sleeps() ? 1 : 0;
}

static long elem_calls_global(struct bpf_map *map, u32 *key, u64 *value, void *ctx)
{
	return global_sleeps(0) ? 1 : 0;
}

static long elem_counts(struct bpf_map *map, u32 *key, u64 *value, void *ctx)
{
	return global_counts(1) ? 1 : 0;
}

static long elem_trusts(struct bpf_map *map, u32 *key, u64 *value, void *ctx)
{
	return global_trusts(1) ? 1 : 0;
}

static int loop_sleeps(u32 index, void *ctx)
{
	sleep();
	return 0;
}

static long elem_loops(struct bpf_map *map, u32 *key, u64 *value, void *ctx)
{
	bpf_loop(1, loop_sleeps, NULL, 0);
	return 0;
}

static long elem_finds_array(struct bpf_map *map, u32 *key, u64 *value, void *ctx)
{
	bpf_for_each_map_elem(&array, elem_sleeps, NULL, 0);
	return 0;
}

static long elem_in_rcu(struct bpf_map *map, u32 *key, u64 *value, void *ctx)
{
	bpf_rcu_read_lock();
	global_trusts(1);
	bpf_rcu_read_unlock();
	return 0;
}

static long vma_sleeps(struct task_struct *task, struct vm_area_struct *vma, void *ctx)
{
	sleep();
	return 0;
}

static long vma_trusts(struct task_struct *task, struct vm_area_struct *vma, void *ctx)
{
	return global_trusts(1) ? 1 : 0;
}

static long vma_counts(struct task_struct *task, struct vm_area_struct *vma, void *ctx)
{
	return global_counts(1) ? 1 : 0;
}

#define IN_CALLBACK "in callback of a helper that holds a lock"

SEC("lsm.s/file_open")
__failure __msg("sleepable helper bpf_copy_from_user#148 " IN_CALLBACK)
int BPF_PROG(hash_sleeps)
{
	bpf_for_each_map_elem(&hash, elem_sleeps, NULL, 0);
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("sleepable helper bpf_copy_from_user#148 " IN_CALLBACK)
int BPF_PROG(percpu_hash_sleeps)
{
	bpf_for_each_map_elem(&percpu_hash, elem_sleeps, NULL, 0);
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("sleepable helper bpf_copy_from_user#148 " IN_CALLBACK)
int BPF_PROG(lru_hash_sleeps)
{
	bpf_for_each_map_elem(&lru_hash, elem_sleeps, NULL, 0);
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("kernel func bpf_copy_from_user_str is sleepable within callback of a helper")
int BPF_PROG(hash_sleeps_kfunc)
{
	bpf_for_each_map_elem(&hash, elem_sleeps_kfunc, NULL, 0);
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("sleepable helper bpf_copy_from_user#148 " IN_CALLBACK)
int BPF_PROG(hash_calls)
{
	bpf_for_each_map_elem(&hash, elem_calls, NULL, 0);
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("sleepable global function global_sleeps() called " IN_CALLBACK)
int BPF_PROG(hash_calls_global)
{
	bpf_for_each_map_elem(&hash, elem_calls_global, NULL, 0);
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("sleepable helper bpf_copy_from_user#148 " IN_CALLBACK)
int BPF_PROG(hash_loops)
{
	bpf_for_each_map_elem(&hash, elem_loops, NULL, 0);
	return 0;
}

/* What the inner helper allows, the outer one doesn't. */
SEC("lsm.s/file_open")
__failure __msg("sleepable helper bpf_copy_from_user#148 " IN_CALLBACK)
int BPF_PROG(hash_then_array)
{
	bpf_for_each_map_elem(&hash, elem_finds_array, NULL, 0);
	return 0;
}

/* One call, the array's path first or last: neither stands for the other. */
static __always_inline void one_call(bool of_hash)
{
	void *map = &array;

	if (of_hash)
		map = &hash;
	asm volatile ("" : "+r"(map));
	bpf_for_each_map_elem(map, elem_sleeps, NULL, 0);
}

SEC("lsm.s/file_open")
__failure __msg("sleepable helper bpf_copy_from_user#148 " IN_CALLBACK)
int BPF_PROG(one_call_equal)
{
	one_call(bpf_get_prandom_u32() == 1);
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("sleepable helper bpf_copy_from_user#148 " IN_CALLBACK)
int BPF_PROG(one_call_unequal)
{
	one_call(bpf_get_prandom_u32() != 1);
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("sleepable helper bpf_copy_from_user#148 " IN_CALLBACK)
int BPF_PROG(find_vma_sleeps)
{
	bpf_find_vma(bpf_get_current_task_btf(), 0, vma_sleeps, NULL, 0);
	return 0;
}

/* mmap_lock is no RCU section. */
SEC("lsm.s/file_open")
__failure __msg("Validating global_trusts() func#")
__msg("must be a rcu pointer")
int BPF_PROG(find_vma_trusts)
{
	bpf_find_vma(bpf_get_current_task_btf(), 0, vma_trusts, NULL, 0);
	return 0;
}

SEC("lsm.s/file_open")
__success
int BPF_PROG(counts)
{
	bpf_for_each_map_elem(&hash, elem_counts, NULL, 0);
	bpf_find_vma(bpf_get_current_task_btf(), 0, vma_counts, NULL, 0);
	sleep();
	global_sleeps(0);
	return 0;
}

SEC("lsm.s/file_open")
__success
int BPF_PROG(in_rcu)
{
	bpf_for_each_map_elem(&hash, elem_in_rcu, NULL, 0);
	return 0;
}

SEC("lsm.s/file_open")
__success
int BPF_PROG(arrays_sleep)
{
	bpf_for_each_map_elem(&array, elem_sleeps, NULL, 0);
	bpf_for_each_map_elem(&percpu_array, elem_sleeps, NULL, 0);
	bpf_loop(1, loop_sleeps, NULL, 0);
	return 0;
}

/* The program itself runs under RCU, and so do its callbacks. */
SEC("lsm/file_open")
__success
int BPF_PROG(awake)
{
	bpf_for_each_map_elem(&hash, elem_trusts, NULL, 0);
	bpf_find_vma(bpf_get_current_task_btf(), 0, vma_trusts, NULL, 0);
	return 0;
}

char _license[] SEC("license") = "GPL";
