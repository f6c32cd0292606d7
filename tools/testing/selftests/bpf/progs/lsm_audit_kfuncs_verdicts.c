// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything that an LSM program can hold, for every parameter of the audit
 * kfuncs: one program for each pair, which is named KIND__PARAMETER.
 *
 * A kind is a function that gets hold of something and passes it to a parameter,
 * which is a function that calls a kfunc. All else that the call passes is as it
 * should be, so that a program is refused for its pair or not at all; only a kind
 * that one hook alone has may lack what comes behind it, which the verifier looks
 * at later. What the verdicts must be is in
 * prog_tests/lsm_audit_kfuncs_verdicts.c.
 *
 * LSM programs have no packet pointers, no sockets but by BTF, no buffers of
 * iterators and no slices of a dynptr to write to.
 */

#define BPF_NO_KFUNC_PROTOTYPES
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "bpf_audit_kfuncs.h"
#include "bpf_misc.h"
#include <bpf_arena_common.h>

char _license[] SEC("license") = "GPL";

/* The kfuncs that give a program something to hold. */

void *bpf_obj_new(u64 local_type_id) __weak __ksym;
void bpf_obj_drop(void *object) __weak __ksym;
void *bpf_percpu_obj_new(u64 local_type_id) __weak __ksym;
void bpf_percpu_obj_drop(void *object) __weak __ksym;
struct task_struct *bpf_task_from_pid(s32 pid) __weak __ksym;
void bpf_task_release(struct task_struct *task) __weak __ksym;
struct file *bpf_get_task_exe_file(struct task_struct *task) __weak __ksym;
void bpf_put_file(struct file *file) __weak __ksym;
struct cgroup *bpf_cgroup_from_id(u64 id) __weak __ksym;
void bpf_cgroup_release(struct cgroup *cgrp) __weak __ksym;
struct bpf_cpumask *bpf_cpumask_create(void) __weak __ksym;
void bpf_cpumask_release(struct bpf_cpumask *cpumask) __weak __ksym;
void *bpf_rdonly_cast(const void *obj, u32 btf_id) __weak __ksym;
int bpf_dynptr_from_skb(struct __sk_buff *skb, u64 flags,
			struct bpf_dynptr *ptr) __weak __ksym;
void *bpf_dynptr_slice(const struct bpf_dynptr *ptr, u64 offset, void *buffer,
		       u64 buffer__szk) __weak __ksym;
struct inode *bpf_real_data_inode(struct file *file) __weak __ksym;
int bpf_iter_task_vma_new(struct bpf_iter_task_vma *it, struct task_struct *task,
			  u64 addr) __weak __ksym;
struct vm_area_struct *bpf_iter_task_vma_next(struct bpf_iter_task_vma *it) __weak __ksym;
void bpf_iter_task_vma_destroy(struct bpf_iter_task_vma *it) __weak __ksym;
int bpf_iter_css_task_new(struct bpf_iter_css_task *it, struct cgroup_subsys_state *css,
			  unsigned int flags) __weak __ksym;
struct task_struct *bpf_iter_css_task_next(struct bpf_iter_css_task *it) __weak __ksym;
void bpf_iter_css_task_destroy(struct bpf_iter_css_task *it) __weak __ksym;
int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task,
		      unsigned int flags) __weak __ksym;
struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __weak __ksym;
void bpf_iter_task_destroy(struct bpf_iter_task *it) __weak __ksym;
int bpf_list_push_front(struct bpf_list_head *head, struct bpf_list_node *node) __weak __ksym;

/* Variables of the kernel. BTF describes those that are per CPU, and no others. */
__weak __ksym extern const void init_task;
__weak __ksym extern const struct rq runqueues;
__weak __ksym extern const int bpf_prog_active;

/* As much as the longest address has. */
#define ROOM 128

struct kept {
	__kptr struct task_struct *task;

	/* without a reference */
	__kptr_untrusted struct task_struct *untrusted;
	char room[ROOM];
};

struct own {
	char room[ROOM];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, int);
	__type(value, struct own);
	__uint(max_entries, 1);
} array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, int);
	__type(value, u64);
	__uint(max_entries, 1);
} array_of_8 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, int);
	__type(value, struct own);
	__uint(max_entries, 1);
} percpu_array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, int);
	__type(value, struct kept);
	__uint(max_entries, 1);
} kept SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct own);
	__type(value, struct own);
	__uint(max_entries, 1);
} hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} ringbuf SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 65536);
} user_ringbuf SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
} arena SEC(".maps");

struct listed {
	struct bpf_list_node link;
	char room[ROOM];
};

#define __contains(name, node) __attribute__((btf_decl_tag("contains:" #name ":" #node)))

SEC(".data.list") __hidden struct bpf_spin_lock lock;
SEC(".data.list") __hidden struct bpf_list_head list __contains(listed, link);

char data[ROOM] = "may change";
static const char text[ROOM] = "a cause";

/*
 * A call as the verifier sees it. The compiler doesn't know the types, so it
 * converts nothing.
 */
#define call(kfunc, a1, a2, a3, a4, a5)						\
({										\
	unsigned long _a1 = (unsigned long)(a1), _a2 = (unsigned long)(a2);	\
	unsigned long _a3 = (unsigned long)(a3), _a4 = (unsigned long)(a4);	\
	unsigned long _a5 = (unsigned long)(a5);				\
	register unsigned long r0 asm("r0");					\
	register unsigned long r1 asm("r1") = _a1;				\
	register unsigned long r2 asm("r2") = _a2;				\
	register unsigned long r3 asm("r3") = _a3;				\
	register unsigned long r4 asm("r4") = _a4;				\
	register unsigned long r5 asm("r5") = _a5;				\
										\
	asm volatile ("call %[" #kfunc "]"					\
		      : "=r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4),	\
			"+r"(r5)						\
		      : __imm(kfunc) : "memory");				\
})

/* The compiler describes in BTF only what it sees called. */
SEC("?lsm/file_open")
int seen_by_the_compiler(u64 *ctx)
{
	bpf_audit_log_end(NULL);
	bpf_audit_log_cause(NULL, NULL);
	bpf_audit_log_rule(NULL, 0);
	bpf_audit_log_cap(NULL, 0);
	bpf_audit_log_path(NULL, NULL);
	bpf_audit_log_path_at(NULL, NULL, NULL);
	bpf_audit_log_file(NULL, NULL);
	bpf_audit_log_ioctl_op(NULL, NULL, 0);
	bpf_audit_log_dentry(NULL, NULL);
	bpf_audit_log_inode(NULL, NULL);
	bpf_audit_log_task(NULL, NULL);
	bpf_audit_log_net_sock(NULL, 0, NULL);
	bpf_audit_log_net_sockaddr(NULL, 0, NULL, NULL, 0);
	return 0;
}

/*
 * The parameters. Each names the hook whose arguments are what its kfunc takes
 * beside: CTX(n) is the nth.
 */

typedef void (*parameter_t)(u64 *ctx, void *held);

#define CTX(n)		((void *)ctx[n])

/* For what a program holds only in a callback. */
struct callbacks {
	long (*element)(void *map, void *key, void *value, u64 **ctx);
	long (*sample)(struct bpf_dynptr *ptr, u64 **ctx);
};

#define IN_ELEMENT(parameter)							\
static long parameter##_in_element(void *map, void *key, void *value, u64 **ctx) \
{										\
	parameter(*ctx, key);							\
	return 0;								\
}

#define IN_SAMPLE(parameter)							\
static long parameter##_in_sample(struct bpf_dynptr *ptr, u64 **ctx)		\
{										\
	parameter(*ctx, ptr);							\
	return 0;								\
}

/* For a function that the verifier looks at by itself. */
typedef int (*function_t)(u64 *ctx, struct bpf_audit_context *ac);

#define IN_FUNCTION(parameter)							\
__weak __noinline								\
int parameter##_in_function(u64 *ctx __arg_ctx,					\
			    struct bpf_audit_context *ac __arg_trusted)		\
{										\
	parameter(ctx, ac);							\
	return 0;								\
}

#define CONTEXT(kfunc, a2, a3, a4, a5)						\
static __always_inline void kfunc##_context(u64 *ctx, void *held)		\
{										\
	call(bpf_audit_log_##kfunc, held, a2, a3, a4, a5);			\
}										\
IN_ELEMENT(kfunc##_context)							\
IN_SAMPLE(kfunc##_context)							\
IN_FUNCTION(kfunc##_context)

#define ARGUMENT(kfunc, name, a2, a3, a4, a5)					\
static __always_inline void kfunc##_##name(u64 *ctx, void *held)		\
{										\
	struct bpf_audit_context *ac = bpf_audit_log_start();			\
										\
	if (!ac)								\
		return;								\
	call(bpf_audit_log_##kfunc, ac, a2, a3, a4, a5);			\
	bpf_audit_log_end(ac);							\
}										\
IN_ELEMENT(kfunc##_##name)							\
IN_SAMPLE(kfunc##_##name)							\
IN_FUNCTION(kfunc##_##name)

CONTEXT(end, 0, 0, 0, 0)
CONTEXT(cause, text, 0, 0, 0)
CONTEXT(rule, 0, 0, 0, 0)
CONTEXT(cap, 0, 0, 0, 0)
CONTEXT(path, &((struct file *)CTX(0))->f_path, 0, 0, 0)
CONTEXT(path_at, CTX(0), CTX(1), 0, 0)
CONTEXT(file, CTX(0), 0, 0, 0)
CONTEXT(ioctl_op, CTX(0), 0, 0, 0)
CONTEXT(dentry, CTX(1), 0, 0, 0)
CONTEXT(inode, CTX(0), 0, 0, 0)
CONTEXT(task, bpf_get_current_task_btf(), 0, 0, 0)
CONTEXT(net_sock, 0, CTX(0), 0, 0)
CONTEXT(net_sockaddr, 0, 0, 0, 16)

ARGUMENT(cause, cause, held, 0, 0, 0)
ARGUMENT(rule, rule, held, 0, 0, 0)
ARGUMENT(cap, cap, held, 0, 0, 0)
ARGUMENT(path, path, held, 0, 0, 0)
ARGUMENT(path_at, dir, held, CTX(1), 0, 0)
ARGUMENT(file, file, held, 0, 0, 0)
ARGUMENT(ioctl_op, file, held, 0, 0, 0)
ARGUMENT(dentry, dentry, held, 0, 0, 0)
ARGUMENT(inode, inode, held, 0, 0, 0)
ARGUMENT(task, tsk, held, 0, 0, 0)
ARGUMENT(net_sock, netif, held, CTX(0), 0, 0)
ARGUMENT(net_sock, sock, 0, held, 0, 0)
ARGUMENT(net_sockaddr, netif, held, 0, 0, 16)
ARGUMENT(net_sockaddr, saddr, 0, held, 0, 16)
ARGUMENT(net_sockaddr, daddr, 0, 0, held, 16)
ARGUMENT(net_sockaddr, addrlen, 0, 0, 0, held)

/* These come after one that not every hook has. */
#define SECOND_ARGUMENT(kfunc, name, first)					\
static __always_inline void kfunc##_##name(u64 *ctx, void *held)		\
{										\
	struct file *file = bpf_get_task_exe_file(bpf_get_current_task_btf());	\
	struct bpf_audit_context *ac;						\
										\
	if (!file)								\
		return;								\
	ac = bpf_audit_log_start();						\
	if (ac) {								\
		call(bpf_audit_log_##kfunc, ac, first, held, 0, 0);		\
		bpf_audit_log_end(ac);						\
	}									\
	bpf_put_file(file);							\
}										\
IN_ELEMENT(kfunc##_##name)							\
IN_SAMPLE(kfunc##_##name)							\
IN_FUNCTION(kfunc##_##name)

SECOND_ARGUMENT(path_at, dentry, &file->f_path)
SECOND_ARGUMENT(ioctl_op, cmd, file)

/* The same for an object that a function declares as trusted. */
#define BY_FUNCTION(kfunc, type, a2, a3)					\
__weak __noinline								\
int kfunc##_trusting(struct type *held __arg_trusted)				\
{										\
	struct bpf_audit_context *ac = bpf_audit_log_start();			\
										\
	if (!ac)								\
		return 0;							\
	call(bpf_audit_log_##kfunc, ac, a2, a3, 0, 0);				\
	bpf_audit_log_end(ac);							\
	return 0;								\
}										\
static __always_inline void kfunc##_by_function(u64 *ctx, void *held)		\
{										\
	kfunc##_trusting(held);							\
}										\
IN_ELEMENT(kfunc##_by_function)							\
IN_SAMPLE(kfunc##_by_function)							\
IN_FUNCTION(kfunc##_by_function)

BY_FUNCTION(path, path, held, 0)
BY_FUNCTION(file, file, held, 0)
BY_FUNCTION(dentry, dentry, held, 0)
BY_FUNCTION(inode, inode, held, 0)
BY_FUNCTION(task, task_struct, held, 0)
BY_FUNCTION(net_sock, socket, 0, held)

/* The programs of a kind, followed by what they do. */

#define PROGRAM(hook, parameter, kind, section)					\
SEC(section(hook))								\
int kind##__##parameter(u64 *ctx)						\
{										\
	struct callbacks in = { parameter##_in_element, parameter##_in_sample };	\
										\
	kind(ctx, parameter, in, parameter##_in_function);			\
	return 0;								\
}

#define FUNCTION(kind, ...)							\
kind(u64 *ctx, parameter_t use, struct callbacks in, function_t in_function)

#define KIND(...)								\
static __always_inline void FUNCTION(__VA_ARGS__);				\
PROGRAM(file_open, end_context, __VA_ARGS__)					\
PROGRAM(file_open, cause_context, __VA_ARGS__)					\
PROGRAM(file_open, rule_context, __VA_ARGS__)					\
PROGRAM(file_open, cap_context, __VA_ARGS__)					\
PROGRAM(file_open, path_context, __VA_ARGS__)					\
PROGRAM(path_mkdir, path_at_context, __VA_ARGS__)				\
PROGRAM(file_open, file_context, __VA_ARGS__)					\
PROGRAM(file_open, ioctl_op_context, __VA_ARGS__)				\
PROGRAM(inode_unlink, dentry_context, __VA_ARGS__)				\
PROGRAM(inode_unlink, inode_context, __VA_ARGS__)				\
PROGRAM(file_open, task_context, __VA_ARGS__)					\
PROGRAM(socket_bind, net_sock_context, __VA_ARGS__)				\
PROGRAM(file_open, net_sockaddr_context, __VA_ARGS__)				\
PROGRAM(file_open, cause_cause, __VA_ARGS__)					\
PROGRAM(file_open, rule_rule, __VA_ARGS__)					\
PROGRAM(file_open, cap_cap, __VA_ARGS__)					\
PROGRAM(file_open, path_path, __VA_ARGS__)					\
PROGRAM(path_mkdir, path_at_dir, __VA_ARGS__)					\
PROGRAM(file_open, path_at_dentry, __VA_ARGS__)					\
PROGRAM(file_open, file_file, __VA_ARGS__)					\
PROGRAM(file_open, ioctl_op_file, __VA_ARGS__)					\
PROGRAM(file_open, ioctl_op_cmd, __VA_ARGS__)					\
PROGRAM(file_open, dentry_dentry, __VA_ARGS__)					\
PROGRAM(file_open, inode_inode, __VA_ARGS__)					\
PROGRAM(file_open, task_tsk, __VA_ARGS__)					\
PROGRAM(socket_bind, net_sock_netif, __VA_ARGS__)				\
PROGRAM(file_open, net_sock_sock, __VA_ARGS__)					\
PROGRAM(file_open, net_sockaddr_netif, __VA_ARGS__)				\
PROGRAM(file_open, net_sockaddr_saddr, __VA_ARGS__)				\
PROGRAM(file_open, net_sockaddr_daddr, __VA_ARGS__)				\
PROGRAM(file_open, net_sockaddr_addrlen, __VA_ARGS__)				\
PROGRAM(file_open, path_by_function, __VA_ARGS__)				\
PROGRAM(file_open, file_by_function, __VA_ARGS__)				\
PROGRAM(file_open, dentry_by_function, __VA_ARGS__)				\
PROGRAM(file_open, inode_by_function, __VA_ARGS__)				\
PROGRAM(file_open, task_by_function, __VA_ARGS__)				\
PROGRAM(file_open, net_sock_by_function, __VA_ARGS__)				\
static __always_inline void FUNCTION(__VA_ARGS__)

/* Where it can be held: on the parameter's hook, also asleep, or only on one. */
#define ANY_HOOK(hook)			"?lsm/" #hook
#define ANY_HOOK_ASLEEP(hook)		"?lsm.s/" #hook
#define INODE_UNLINK(...)		"?lsm/inode_unlink"
#define SOCKET_BIND(...)		"?lsm/socket_bind"
#define SOCKET_SOCK_RCV_SKB(...)	"?lsm/socket_sock_rcv_skb"
#define BACKING_FILE_ALLOC(...)		"?lsm/backing_file_alloc"

/* Memory, with room for an address but where the name says otherwise. */

KIND(stack, ANY_HOOK)
{
	u64 room[ROOM / 8] = {};

	use(ctx, room);
}

/* A program that may read all memory may read what is left on its stack. */
KIND(stack_unwritten, ANY_HOOK)
{
	u64 room[ROOM / 8];

	use(ctx, room);
}

KIND(data_of_program, ANY_HOOK)
{
	use(ctx, data);
}

KIND(rodata, ANY_HOOK)
{
	use(ctx, (void *)text);
}

KIND(map_value, ANY_HOOK)
{
	int key = 0;
	void *value = bpf_map_lookup_elem(&array, &key);

	if (value)
		use(ctx, value);
}

KIND(map_value_of_8, ANY_HOOK)
{
	int key = 0;
	void *value = bpf_map_lookup_elem(&array_of_8, &key);

	if (value)
		use(ctx, value);
}

KIND(map_value_with_kptr, ANY_HOOK)
{
	int key = 0;
	void *value = bpf_map_lookup_elem(&kept, &key);

	if (value)
		use(ctx, value);
}

KIND(map_value_unchecked, ANY_HOOK)
{
	use(ctx, bpf_map_lookup_elem(&hash, text));
}

KIND(map_key, ANY_HOOK)
{
	bpf_for_each_map_elem(&hash, in.element, &ctx, 0);
}

KIND(percpu_map_value, ANY_HOOK)
{
	int key = 0;
	void *value = bpf_map_lookup_elem(&percpu_array, &key);

	if (value)
		use(ctx, value);
}

KIND(ringbuf_memory, ANY_HOOK)
{
	void *memory = bpf_ringbuf_reserve(&ringbuf, ROOM, 0);

	if (!memory)
		return;
	use(ctx, memory);
	/* To end what isn't a context must be refused; if it isn't, this is gone. */
	if (use != end_context)
		bpf_ringbuf_discard(memory, 0);
}

KIND(ringbuf_memory_unchecked, ANY_HOOK)
{
	void *memory = bpf_ringbuf_reserve(&ringbuf, ROOM, 0);

	use(ctx, memory);
	if (memory)
		bpf_ringbuf_discard(memory, 0);
}

KIND(ringbuf_memory_submitted, ANY_HOOK)
{
	void *memory = bpf_ringbuf_reserve(&ringbuf, ROOM, 0);

	if (!memory)
		return;
	bpf_ringbuf_submit(memory, 0);
	use(ctx, memory);
}

KIND(dynptr, ANY_HOOK)
{
	struct bpf_dynptr ptr;

	bpf_dynptr_from_mem(data, ROOM, 0, &ptr);
	use(ctx, &ptr);
}

KIND(dynptr_of_sample, ANY_HOOK)
{
	bpf_user_ringbuf_drain(&user_ringbuf, in.sample, &ctx, 0);
}

KIND(dynptr_data, ANY_HOOK)
{
	struct bpf_dynptr ptr;
	void *memory;

	bpf_dynptr_from_mem(data, ROOM, 0, &ptr);
	memory = bpf_dynptr_data(&ptr, 0, ROOM);
	if (memory)
		use(ctx, memory);
}

KIND(dynptr_slice, ANY_HOOK)
{
	struct bpf_dynptr ptr;
	void *memory;

	bpf_dynptr_from_mem(data, ROOM, 0, &ptr);
	memory = bpf_dynptr_slice(&ptr, 0, NULL, ROOM);
	if (memory)
		use(ctx, memory);
}

KIND(arena_memory, ANY_HOOK)
{
	void __arena *page = bpf_arena_alloc_pages(&arena, NULL, 1, NUMA_NO_NODE, 0);

	if (page)
		use(ctx, (void *)page);
}

KIND(iterator, ANY_HOOK)
{
	struct bpf_iter_task it;

	bpf_iter_task_new(&it, NULL, BPF_TASK_ITER_ALL_PROCS);
	use(ctx, &it);
	bpf_iter_task_destroy(&it);
}

KIND(number_of_iterator, ANY_HOOK)
{
	struct bpf_iter_num it;
	int *number;

	bpf_iter_num_new(&it, 0, 1);
	number = bpf_iter_num_next(&it);
	if (number)
		use(ctx, number);
	bpf_iter_num_destroy(&it);
}

KIND(memory_by_cast, ANY_HOOK)
{
	use(ctx, bpf_rdonly_cast(data, 0));
}

/* Objects of the kernel's that are safe to use as what they are. */

KIND(task, ANY_HOOK)
{
	use(ctx, bpf_get_current_task_btf());
}

KIND(task_acquired, ANY_HOOK)
{
	struct task_struct *task = bpf_task_from_pid(1);

	if (!task)
		return;
	use(ctx, task);
	bpf_task_release(task);
}

KIND(task_unchecked, ANY_HOOK)
{
	struct task_struct *task = bpf_task_from_pid(1);

	use(ctx, task);
	if (task)
		bpf_task_release(task);
}

KIND(task_released, ANY_HOOK)
{
	struct task_struct *task = bpf_task_from_pid(1);

	if (!task)
		return;
	bpf_task_release(task);
	use(ctx, task);
}

KIND(task_of_map, ANY_HOOK)
{
	struct task_struct *task;
	struct kept *value;
	int key = 0;

	value = bpf_map_lookup_elem(&kept, &key);
	if (!value)
		return;
	task = bpf_kptr_xchg(&value->task, NULL);
	if (!task)
		return;
	use(ctx, task);
	bpf_task_release(task);
}

KIND(task_of_cgroup_iterator, ANY_HOOK)
{
	struct cgroup *cgroup = bpf_cgroup_from_id(1);
	struct bpf_iter_css_task it;
	struct task_struct *task;

	if (!cgroup)
		return;
	bpf_iter_css_task_new(&it, &cgroup->self, 0);
	task = bpf_iter_css_task_next(&it);
	if (task)
		use(ctx, task);
	bpf_iter_css_task_destroy(&it);
	bpf_cgroup_release(cgroup);
}

KIND(file, ANY_HOOK)
{
	struct file *file = bpf_get_task_exe_file(bpf_get_current_task_btf());

	if (!file)
		return;
	use(ctx, file);
	bpf_put_file(file);
}

KIND(file_unchecked, ANY_HOOK)
{
	struct file *file = bpf_get_task_exe_file(bpf_get_current_task_btf());

	use(ctx, file);
	if (file)
		bpf_put_file(file);
}

KIND(file_put, ANY_HOOK)
{
	struct file *file = bpf_get_task_exe_file(bpf_get_current_task_btf());

	if (!file)
		return;
	bpf_put_file(file);
	use(ctx, file);
}

KIND(file_of_vma, ANY_HOOK)
{
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;

	bpf_iter_task_vma_new(&it, bpf_get_current_task_btf(), 0);
	vma = bpf_iter_task_vma_next(&it);
	if (vma) {
		struct file *file = vma->vm_file;

		if (file)
			use(ctx, file);
	}
	bpf_iter_task_vma_destroy(&it);
}

KIND(path, ANY_HOOK)
{
	struct file *file = bpf_get_task_exe_file(bpf_get_current_task_btf());

	if (!file)
		return;
	use(ctx, (void *)&file->f_path);
	bpf_put_file(file);
}

KIND(path_of_put_file, ANY_HOOK)
{
	struct file *file = bpf_get_task_exe_file(bpf_get_current_task_btf());
	const struct path *path;

	if (!file)
		return;
	path = &file->f_path;
	barrier_var(path);
	bpf_put_file(file);
	use(ctx, (void *)path);
}

KIND(inode, ANY_HOOK)
{
	struct file *file = bpf_get_task_exe_file(bpf_get_current_task_btf());

	if (!file)
		return;
	use(ctx, file->f_inode);
	bpf_put_file(file);
}

KIND(real_inode, ANY_HOOK_ASLEEP)
{
	struct file *file = bpf_get_task_exe_file(bpf_get_current_task_btf());
	struct inode *inode;

	if (!file)
		return;
	inode = bpf_real_data_inode(file);
	if (inode)
		use(ctx, inode);
	bpf_put_file(file);
}

KIND(cgroup, ANY_HOOK)
{
	struct cgroup *cgroup = bpf_cgroup_from_id(1);

	if (!cgroup)
		return;
	use(ctx, cgroup);
	bpf_cgroup_release(cgroup);
}

KIND(cpumask, ANY_HOOK)
{
	struct bpf_cpumask *cpumask = bpf_cpumask_create();

	if (!cpumask)
		return;
	use(ctx, cpumask);
	bpf_cpumask_release(cpumask);
}

KIND(own_object, ANY_HOOK)
{
	struct own *own = bpf_obj_new(bpf_core_type_id_local(struct own));

	if (!own)
		return;
	use(ctx, own);
	bpf_obj_drop(own);
}

KIND(own_percpu_object, ANY_HOOK)
{
	void *own = bpf_percpu_obj_new(bpf_core_type_id_local(struct own));

	if (!own)
		return;
	use(ctx, own);
	bpf_percpu_obj_drop(own);
}

/* A node that a list has, and the program no longer. */
KIND(node_of_list, ANY_HOOK)
{
	struct listed *node = bpf_obj_new(bpf_core_type_id_local(struct listed));

	if (!node)
		return;
	bpf_spin_lock(&lock);
	bpf_list_push_front(&list, &node->link);
	use(ctx, node);
	bpf_spin_unlock(&lock);
}

/* Variables of the kernel. */

KIND(variable, ANY_HOOK)
{
	use(ctx, (void *)&init_task);
}

KIND(percpu_variable, ANY_HOOK)
{
	use(ctx, (void *)&runqueues);
}

KIND(this_cpu_variable, ANY_HOOK)
{
	use(ctx, bpf_this_cpu_ptr(&runqueues));
}

KIND(other_cpu_variable_unchecked, ANY_HOOK)
{
	use(ctx, bpf_per_cpu_ptr(&runqueues, 0));
}

KIND(this_cpu_number, ANY_HOOK)
{
	use(ctx, bpf_this_cpu_ptr(&bpf_prog_active));
}

/* Objects whose hooks pass them. */

KIND(dentry, INODE_UNLINK)
{
	use(ctx, CTX(1));
}

KIND(inode_of_hook, INODE_UNLINK)
{
	use(ctx, CTX(0));
}

KIND(inode_of_dentry, INODE_UNLINK)
{
	struct inode *inode = ((struct dentry *)CTX(1))->d_inode;

	if (inode)
		use(ctx, inode);
}

KIND(inode_of_dentry_unchecked, INODE_UNLINK)
{
	use(ctx, ((struct dentry *)CTX(1))->d_inode);
}

KIND(socket, SOCKET_BIND)
{
	use(ctx, CTX(0));
}

KIND(address, SOCKET_BIND)
{
	use(ctx, CTX(1));
}

KIND(sk_of_socket, SOCKET_BIND)
{
	struct sock *sk = ((struct socket *)CTX(0))->sk;

	if (sk)
		use(ctx, sk);
}

KIND(sk, SOCKET_SOCK_RCV_SKB)
{
	use(ctx, CTX(0));
}

KIND(skb, SOCKET_SOCK_RCV_SKB)
{
	use(ctx, CTX(1));
}

KIND(sk_of_skb, SOCKET_SOCK_RCV_SKB)
{
	struct sock *sk = ((struct sk_buff *)CTX(1))->sk;

	if (sk)
		use(ctx, sk);
}

KIND(packet, SOCKET_SOCK_RCV_SKB)
{
	char room[16] = {};
	struct bpf_dynptr ptr;
	void *memory;

	bpf_dynptr_from_skb(CTX(1), 0, &ptr);
	memory = bpf_dynptr_slice(&ptr, 0, room, sizeof(room));
	if (memory)
		use(ctx, memory);
}

KIND(packet_data, SOCKET_SOCK_RCV_SKB)
{
	use(ctx, ((struct sk_buff *)CTX(1))->data);
}

/* Objects that RCU protects, for the time of a program that can't sleep. */

KIND(rcu_task, ANY_HOOK)
{
	use(ctx, bpf_get_current_task_btf()->real_parent);
}

KIND(rcu_task_of_map, ANY_HOOK)
{
	struct task_struct *task;
	struct kept *value;
	int key = 0;

	value = bpf_map_lookup_elem(&kept, &key);
	if (!value)
		return;
	task = value->task;
	if (task)
		use(ctx, task);
}

KIND(rcu_task_of_iterator, ANY_HOOK)
{
	struct bpf_iter_task it;
	struct task_struct *task;

	bpf_iter_task_new(&it, NULL, BPF_TASK_ITER_ALL_PROCS);
	task = bpf_iter_task_next(&it);
	if (task)
		use(ctx, task);
	bpf_iter_task_destroy(&it);
}

KIND(rcu_css_set, ANY_HOOK)
{
	use(ctx, bpf_get_current_task_btf()->cgroups);
}

/* That hook's file has no path yet. */
KIND(file_of_untrusted_hook, BACKING_FILE_ALLOC)
{
	use(ctx, CTX(0));
}

KIND(plain_task, ANY_HOOK)
{
	use(ctx, bpf_get_current_task_btf()->last_wakee);
}

KIND(rcu_file, ANY_HOOK)
{
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;

	bpf_iter_task_vma_new(&it, bpf_get_current_task_btf(), 0);
	vma = bpf_iter_task_vma_next(&it);
	if (vma) {
		struct mm_struct *mm = vma->vm_mm;

		if (mm) {
			struct file *file = mm->exe_file;

			if (file)
				use(ctx, file);
		}
	}
	bpf_iter_task_vma_destroy(&it);
}

/* Objects that nothing is known of, but their types. */

/* Where a program may sleep, what isn't a reference isn't even plain. */
KIND(untrusted_task, ANY_HOOK_ASLEEP)
{
	use(ctx, bpf_get_current_task_btf()->last_wakee);
}

KIND(untrusted_task_of_map, ANY_HOOK)
{
	struct task_struct *task;
	struct kept *value;
	int key = 0;

	value = bpf_map_lookup_elem(&kept, &key);
	if (!value)
		return;
	task = value->untrusted;
	if (task)
		use(ctx, task);
}

KIND(untrusted_task_by_cast, ANY_HOOK)
{
	use(ctx, bpf_rdonly_cast(data, bpf_core_type_id_kernel(struct task_struct)));
}

KIND(untrusted_context_by_cast, ANY_HOOK)
{
	use(ctx, bpf_rdonly_cast(data, bpf_core_type_id_kernel(struct bpf_audit_context)));
}

KIND(untrusted_dentry, ANY_HOOK)
{
	struct file *file = bpf_get_task_exe_file(bpf_get_current_task_btf());

	if (!file)
		return;
	use(ctx, file->f_path.dentry);
	bpf_put_file(file);
}

KIND(untrusted_socket, ANY_HOOK)
{
	struct file *file = bpf_get_task_exe_file(bpf_get_current_task_btf());
	void *socket;

	if (!file)
		return;
	socket = bpf_sock_from_file(file);
	if (socket)
		use(ctx, socket);
	bpf_put_file(file);
}

KIND(rcu_task_asleep, ANY_HOOK_ASLEEP)
{
	use(ctx, bpf_get_current_task_btf()->real_parent);
}

/* Objects that may be gone. The verifier sees it, but for inode_of_rcu_file. */

KIND(inode_of_put_file, ANY_HOOK_ASLEEP)
{
	struct file *file = bpf_get_task_exe_file(bpf_get_current_task_btf());
	struct inode *inode;

	if (!file)
		return;
	inode = file->f_inode;
	bpf_put_file(file);
	use(ctx, inode);
}

KIND(real_inode_of_put_file, ANY_HOOK_ASLEEP)
{
	struct file *file = bpf_get_task_exe_file(bpf_get_current_task_btf());
	struct inode *inode;

	if (!file)
		return;
	inode = bpf_real_data_inode(file);
	bpf_put_file(file);
	if (inode)
		use(ctx, inode);
}

/* The file may be another one by now, or none. */
KIND(inode_of_rcu_file, ANY_HOOK)
{
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;

	bpf_iter_task_vma_new(&it, bpf_get_current_task_btf(), 0);
	vma = bpf_iter_task_vma_next(&it);
	if (vma) {
		struct mm_struct *mm = vma->vm_mm;

		if (mm) {
			struct file *file = mm->exe_file;

			if (file)
				use(ctx, file->f_inode);
		}
	}
	bpf_iter_task_vma_destroy(&it);
}

KIND(file_of_vma_after, ANY_HOOK_ASLEEP)
{
	struct file *file = NULL;
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;

	bpf_iter_task_vma_new(&it, bpf_get_current_task_btf(), 0);
	vma = bpf_iter_task_vma_next(&it);
	if (vma)
		file = vma->vm_file;
	bpf_iter_task_vma_destroy(&it);
	if (file)
		use(ctx, file);
}

KIND(file_of_gone_vma, ANY_HOOK_ASLEEP)
{
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;
	struct file *file;

	bpf_iter_task_vma_new(&it, bpf_get_current_task_btf(), 0);
	vma = bpf_iter_task_vma_next(&it);
	bpf_iter_task_vma_destroy(&it);
	if (!vma)
		return;
	file = vma->vm_file;
	if (file)
		use(ctx, file);
}

KIND(path_of_vma_after, ANY_HOOK_ASLEEP)
{
	struct file *file = NULL;
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;

	bpf_iter_task_vma_new(&it, bpf_get_current_task_btf(), 0);
	vma = bpf_iter_task_vma_next(&it);
	if (vma)
		file = vma->vm_file;
	bpf_iter_task_vma_destroy(&it);
	if (file)
		use(ctx, (void *)&file->f_path);
}

KIND(inode_of_vma_after, ANY_HOOK_ASLEEP)
{
	struct file *file = NULL;
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;

	bpf_iter_task_vma_new(&it, bpf_get_current_task_btf(), 0);
	vma = bpf_iter_task_vma_next(&it);
	if (vma)
		file = vma->vm_file;
	bpf_iter_task_vma_destroy(&it);
	if (file)
		use(ctx, file->f_inode);
}

KIND(task_of_cgroup_iterator_after, ANY_HOOK_ASLEEP)
{
	struct cgroup *cgroup = bpf_cgroup_from_id(1);
	struct bpf_iter_css_task it;
	struct task_struct *task;

	if (!cgroup)
		return;
	bpf_iter_css_task_new(&it, &cgroup->self, 0);
	task = bpf_iter_css_task_next(&it);
	bpf_iter_css_task_destroy(&it);
	bpf_cgroup_release(cgroup);
	if (task)
		use(ctx, task);
}

/* Contexts. */

KIND(context, ANY_HOOK)
{
	struct bpf_audit_context *ac = bpf_audit_log_start();

	if (!ac)
		return;
	use(ctx, ac);
	if (use != end_context)
		bpf_audit_log_end(ac);
}

KIND(context_of_caller, ANY_HOOK)
{
	struct bpf_audit_context *ac = bpf_audit_log_start();

	if (!ac)
		return;
	in_function(ctx, ac);
	bpf_audit_log_end(ac);
}

KIND(context_unchecked, ANY_HOOK)
{
	struct bpf_audit_context *ac = bpf_audit_log_start();

	use(ctx, ac);
	if (ac)
		bpf_audit_log_end(ac);
}

KIND(context_ended, ANY_HOOK)
{
	struct bpf_audit_context *ac = bpf_audit_log_start();

	if (!ac)
		return;
	bpf_audit_log_end(ac);
	use(ctx, ac);
}

KIND(context_and_8, ANY_HOOK)
{
	struct bpf_audit_context *ac = bpf_audit_log_start();

	if (!ac)
		return;
	use(ctx, (void *)ac + 8);
	bpf_audit_log_end(ac);
}

/* What is no memory. */

KIND(hook_arguments, ANY_HOOK)
{
	use(ctx, ctx);
}

KIND(map, ANY_HOOK)
{
	use(ctx, &array);
}

static __noinline long nothing(void *map, void *key, void *value, void *data)
{
	return 0;
}

KIND(function, ANY_HOOK)
{
	use(ctx, nothing);
}

KIND(null, ANY_HOOK)
{
	use(ctx, NULL);
}

KIND(number, ANY_HOOK)
{
	use(ctx, (void *)42);
}

KIND(unknown_number, ANY_HOOK)
{
	use(ctx, (void *)(unsigned long)bpf_get_prandom_u32());
}
