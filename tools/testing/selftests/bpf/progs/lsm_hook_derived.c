// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pointers that a program has from an object to which it holds a reference, or from an
 * iterator, are trusted as long as that one is held.
 */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_misc.h"
#include "bpf_experimental.h"

struct {
	__uint(type, BPF_MAP_TYPE_INODE_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} inodes SEC(".maps");

char buf[256];
__u64 value;

static __always_inline void use_inode(struct inode *inode)
{
	__u64 *stored = bpf_inode_storage_get(&inodes, inode, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (stored)
		value = *stored;
}

static __always_inline void use_file(struct file *file)
{
	bpf_path_d_path(&file->f_path, buf, sizeof(buf));
}

static __always_inline struct file *exe_file(void)
{
	return bpf_get_task_exe_file(bpf_get_current_task_btf());
}

/* A field. */

SEC("lsm.s/file_open")
__success
int BPF_PROG(field_before_release, struct file *file)
{
	struct file *exe = exe_file();

	if (!exe)
		return 0;
	use_inode(exe->f_inode);
	bpf_put_file(exe);
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("R2 type=scalar expected=ptr_")
int BPF_PROG(field_after_release, struct file *file)
{
	struct file *exe = exe_file();
	struct inode *inode;

	if (!exe)
		return 0;
	inode = exe->f_inode;
	bpf_put_file(exe);
	use_inode(inode);
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("{{invalid mem access 'scalar'|misaligned access off}}")
int BPF_PROG(field_read_after_release, struct file *file)
{
	struct file *exe = exe_file();
	struct inode *inode;

	if (!exe)
		return 0;
	inode = exe->f_inode;
	bpf_put_file(exe);
	value = inode->i_ino;
	return 0;
}

SEC("lsm.s/file_open")
__success
int BPF_PROG(field_of_argument, struct file *file)
{
	struct inode *inode = file->f_inode;
	struct file *exe = exe_file();

	if (!exe)
		return 0;
	bpf_put_file(exe);
	use_inode(inode);
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("R2 type=scalar expected=ptr_")
int BPF_PROG(field_of_either, struct file *file)
{
	struct file *exe = exe_file();
	struct inode *inode;

	if (!exe)
		return 0;
	if (bpf_get_prandom_u32() & 1)
		inode = file->f_inode;
	else
		inode = exe->f_inode;
	bpf_put_file(exe);
	use_inode(inode);
	return 0;
}

/* What a kfunc returns without a reference. */

SEC("lsm.s/file_open")
__success
int BPF_PROG(result_before_release, struct file *file)
{
	struct file *exe = exe_file();
	struct inode *inode;

	if (!exe)
		return 0;
	inode = bpf_real_data_inode(exe);
	if (inode)
		use_inode(inode);
	bpf_put_file(exe);
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("R2 type=scalar expected=ptr_")
int BPF_PROG(result_after_release, struct file *file)
{
	struct file *exe = exe_file();
	struct inode *inode;

	if (!exe)
		return 0;
	inode = bpf_real_data_inode(exe);
	bpf_put_file(exe);
	if (inode)
		use_inode(inode);
	return 0;
}

SEC("lsm.s/file_open")
__success
int BPF_PROG(result_of_argument, struct file *file)
{
	struct inode *inode = bpf_real_data_inode(file);
	struct file *exe = exe_file();

	if (!exe)
		return 0;
	bpf_put_file(exe);
	if (inode)
		use_inode(inode);
	return 0;
}

/* The element of an iterator, and what comes from it. */

/* The file of the first element, at which the iterator stays. */
static __always_inline struct file *first_file(struct bpf_iter_task_vma *it)
{
	struct vm_area_struct *vma;

	bpf_iter_task_vma_new(it, bpf_get_current_task_btf(), 0);
	vma = bpf_iter_task_vma_next(it);
	return vma ? vma->vm_file : NULL;
}

SEC("lsm.s/file_open")
__success
int BPF_PROG(element_before_end, struct file *file)
{
	struct vm_area_struct *vma;

	bpf_for_each(task_vma, vma, bpf_get_current_task_btf(), 0) {
		struct file *vm_file = vma->vm_file;
		struct inode *inode;

		value = vma->vm_start;
		if (!vm_file)
			continue;
		use_file(vm_file);
		use_inode(vm_file->f_inode);
		inode = bpf_real_data_inode(vm_file);
		if (inode)
			use_inode(inode);
	}
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("{{invalid mem access 'scalar'|misaligned access off}}")
int BPF_PROG(element_after_end, struct file *file)
{
	struct vm_area_struct *vma;
	struct bpf_iter_task_vma it;

	bpf_iter_task_vma_new(&it, bpf_get_current_task_btf(), 0);
	vma = bpf_iter_task_vma_next(&it);
	bpf_iter_task_vma_destroy(&it);
	if (vma)
		value = vma->vm_start;
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("R1 is scalar expected")
int BPF_PROG(element_field_after_end, struct file *file)
{
	struct bpf_iter_task_vma it;
	struct file *vm_file = first_file(&it);

	bpf_iter_task_vma_destroy(&it);
	if (vm_file)
		use_file(vm_file);
	return 0;
}

/* The next element takes the place of the last one, whose file is put. */
SEC("lsm.s/file_open")
__failure __msg("R1 is scalar expected")
int BPF_PROG(element_field_after_next, struct file *file)
{
	struct bpf_iter_task_vma it;
	struct file *vm_file = first_file(&it);

	bpf_iter_task_vma_next(&it);
	if (vm_file)
		use_file(vm_file);
	bpf_iter_task_vma_destroy(&it);
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("R1 is scalar expected")
int BPF_PROG(element_field_in_loop, struct file *file)
{
	struct file *last = NULL;
	struct vm_area_struct *vma;

	bpf_for_each(task_vma, vma, bpf_get_current_task_btf(), 0) {
		if (last)
			use_file(last);
		last = vma->vm_file;
	}
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("R2 type=scalar expected=ptr_")
int BPF_PROG(element_field_field_after_end, struct file *file)
{
	struct bpf_iter_task_vma it;
	struct file *vm_file = first_file(&it);
	struct inode *inode = NULL;

	if (vm_file)
		inode = vm_file->f_inode;
	bpf_iter_task_vma_destroy(&it);
	if (inode)
		use_inode(inode);
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("R2 type=scalar expected=ptr_")
int BPF_PROG(element_result_after_end, struct file *file)
{
	struct bpf_iter_task_vma it;
	struct file *vm_file = first_file(&it);
	struct inode *inode = NULL;

	if (vm_file)
		inode = bpf_real_data_inode(vm_file);
	bpf_iter_task_vma_destroy(&it);
	if (inode)
		use_inode(inode);
	return 0;
}

SEC("lsm/file_mprotect")
__success
int BPF_PROG(element_and_argument, struct vm_area_struct *vma)
{
	struct file *vm_file = vma->vm_file;
	struct vm_area_struct *other;
	struct bpf_iter_task_vma it;

	bpf_iter_task_vma_new(&it, bpf_get_current_task_btf(), 0);
	other = bpf_iter_task_vma_next(&it);
	if (other)
		value = other->vm_start;
	bpf_iter_task_vma_destroy(&it);
	value = vma->vm_start;
	if (vm_file)
		use_file(vm_file);
	return 0;
}

/* A reference that is taken through an element has to go first. */

SEC("lsm.s/file_open")
__success
int BPF_PROG(dynptr_before_end, struct file *file)
{
	struct bpf_iter_task_vma it;
	struct file *vm_file = first_file(&it);
	struct bpf_dynptr dynptr;

	if (vm_file) {
		bpf_dynptr_from_file(vm_file, 0, &dynptr);
		bpf_dynptr_read(buf, 4, &dynptr, 0, 0);
		bpf_dynptr_file_discard(&dynptr);
	}
	bpf_iter_task_vma_destroy(&it);
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("Leaking reference")
int BPF_PROG(dynptr_after_end, struct file *file)
{
	struct bpf_iter_task_vma it;
	struct file *vm_file = first_file(&it);
	struct bpf_dynptr dynptr;

	if (vm_file) {
		bpf_dynptr_from_file(vm_file, 0, &dynptr);
		bpf_iter_task_vma_destroy(&it);
		bpf_dynptr_read(buf, 4, &dynptr, 0, 0);
		bpf_dynptr_file_discard(&dynptr);
		return 0;
	}
	bpf_iter_task_vma_destroy(&it);
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("Leaking reference")
int BPF_PROG(dynptr_after_next, struct file *file)
{
	struct bpf_iter_task_vma it;
	struct file *vm_file = first_file(&it);
	struct bpf_dynptr dynptr;

	if (vm_file) {
		bpf_dynptr_from_file(vm_file, 0, &dynptr);
		bpf_iter_task_vma_next(&it);
		bpf_dynptr_read(buf, 4, &dynptr, 0, 0);
		bpf_dynptr_file_discard(&dynptr);
	}
	bpf_iter_task_vma_destroy(&it);
	return 0;
}

/* The elements of this iterator are tasks, which RCU keeps in a program that can't sleep. */

static __always_inline struct task_struct *task_after_end(void)
{
	struct task_struct *task = NULL;
	struct bpf_iter_css_task it;
	struct cgroup *cgroup;

	cgroup = bpf_cgroup_from_id(1);
	if (!cgroup)
		return NULL;
	bpf_iter_css_task_new(&it, &cgroup->self, CSS_TASK_ITER_PROCS);
	task = bpf_iter_css_task_next(&it);
	bpf_iter_css_task_destroy(&it);
	bpf_cgroup_release(cgroup);
	return task;
}

SEC("lsm/file_open")
__success
int BPF_PROG(task_after_end_rcu, struct file *file)
{
	struct task_struct *task = task_after_end();

	if (task)
		value = task->pid;
	return 0;
}

SEC("lsm.s/file_open")
__failure __msg("{{invalid mem access 'scalar'|misaligned access off}}")
int BPF_PROG(task_after_end_sleepable, struct file *file)
{
	struct task_struct *task = task_after_end();

	if (task)
		value = task->pid;
	return 0;
}

char _license[] SEC("license") = "GPL";
