// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verifier looks at a global function by itself, and trusts what the function
 * declares as __arg_trusted. Callers must pass no other pointer.
 */

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_misc.h"
#include "bpf_experimental.h"

char buf[256];

static __always_inline int path_of(struct file *file)
{
	return bpf_path_d_path(&file->f_path, buf, sizeof(buf)) > 0;
}

__weak int use_file(struct file *file __arg_trusted)
{
	return path_of(file);
}

__weak int use_file_if_any(struct file *file __arg_trusted __arg_nullable)
{
	return file ? path_of(file) : 0;
}

__weak int use_task(struct task_struct *task __arg_trusted)
{
	struct file *exe = bpf_get_task_exe_file(task);

	if (exe)
		bpf_put_file(exe);
	return 0;
}

SEC("lsm/file_open")
__success
int BPF_PROG(trusted, struct file *file)
{
	use_file(file);
	use_task(bpf_get_current_task_btf());
	return 0;
}

SEC("lsm/file_open")
__success
int BPF_PROG(acquired, struct file *file)
{
	struct file *exe = bpf_get_task_exe_file(bpf_get_current_task_btf());

	if (!exe)
		return 0;
	use_file(exe);
	bpf_put_file(exe);
	return 0;
}

/* The hook's file can be NULL. */
SEC("lsm/mmap_file")
__success
int BPF_PROG(nullable, struct file *file)
{
	use_file_if_any(file);
	use_file_if_any(NULL);
	return 0;
}

SEC("lsm/mmap_file")
__success
int BPF_PROG(nullable_checked, struct file *file)
{
	if (file)
		use_file(file);
	return 0;
}

/* The hook's file has no path any more. */
SEC("lsm/file_free_security")
__failure __msg("R1 type=ptr_ expected=trusted_ptr_")
__msg("Caller passes invalid args into func#1 ('use_file')")
int BPF_PROG(of_untrusted_hook, struct file *file)
{
	return use_file(file);
}

SEC("lsm/file_free_security")
__failure __msg("R1 type=ptr_ expected=trusted_ptr_")
__msg("Caller passes invalid args into func#1 ('use_file_if_any')")
int BPF_PROG(of_untrusted_hook_nullable, struct file *file)
{
	return use_file_if_any(file);
}

SEC("lsm/task_free")
__failure __msg("R1 type=ptr_ expected=trusted_ptr_")
__msg("Caller passes invalid args into func#1 ('use_task')")
int BPF_PROG(task_of_untrusted_hook, struct task_struct *task)
{
	return use_task(task);
}

/* A field that nothing keeps. */
SEC("lsm/file_open")
__failure __msg("R1 type=ptr_ expected=trusted_ptr_")
__msg("Caller passes invalid args into func#1 ('use_task')")
int BPF_PROG(plain_field, struct file *file)
{
	use_task(bpf_get_current_task_btf()->last_wakee);
	return 0;
}

SEC("lsm/file_open")
__failure __msg("R1 type=ptr_ expected=trusted_ptr_")
__msg("Caller passes invalid args into func#1 ('use_file')")
int BPF_PROG(plain_file, struct file *file)
{
	struct mm_struct *mm = bpf_get_current_task_btf()->mm;
	struct file *exe;

	if (!mm)
		return 0;
	exe = mm->exe_file;
	if (exe)
		use_file(exe);
	return 0;
}

/* A field that only RCU keeps. */
SEC("lsm/file_open")
__failure __msg("R1 type=rcu_ptr_ expected=trusted_ptr_")
__msg("Caller passes invalid args into func#1 ('use_task')")
int BPF_PROG(rcu_field, struct file *file)
{
	use_task(bpf_get_current_task_btf()->real_parent);
	return 0;
}

char _license[] SEC("license") = "GPL";
