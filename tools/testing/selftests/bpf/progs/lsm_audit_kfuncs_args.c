// SPDX-License-Identifier: GPL-2.0-only
/*
 * First tries that the verifier refuses, each with what to write instead, as told by
 * "Arguments that the verifier rejects" in Documentation/bpf/audit_kfuncs_design.rst.
 */

#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf_audit_kfuncs.h"
#include "bpf_experimental.h"
#include "bpf_misc.h"

char _license[] SEC("license") = "GPL";

static __always_inline int end(struct bpf_audit_context *ac, int ret)
{
	bpf_audit_log_end(ac);
	return 0;
}

SEC("lsm/bprm_check_security")
__failure __msg("R2 is scalar expected STRUCT file")
int BPF_PROG(core_read, struct linux_binprm *bprm)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_file(ac, BPF_CORE_READ(bprm, file))) : 0;
}

SEC("lsm/bprm_check_security")
__failure __msg("R2 must be referenced or trusted")
int BPF_PROG(core_cast, struct linux_binprm *bprm)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_file(ac, bpf_core_cast(bprm->file, struct file))) : 0;
}

SEC("lsm/bprm_check_security")
__success
int BPF_PROG(field, struct linux_binprm *bprm)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_file(ac, bprm->file)) : 0;
}

SEC("lsm/file_mprotect")
__failure __msg("Possibly NULL pointer passed to trusted R2")
int BPF_PROG(nullable_vm_file, struct vm_area_struct *vma)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_file(ac, vma->vm_file)) : 0;
}

SEC("lsm/file_mprotect")
__success
int BPF_PROG(checked_vm_file, struct vm_area_struct *vma)
{
	struct bpf_audit_context *ac;
	struct file *file = vma->vm_file;

	if (!file)
		return 0;
	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_file(ac, file)) : 0;
}

SEC("lsm/file_open")
__failure __msg("R2 is fp expected STRUCT path")
int BPF_PROG(path_on_stack, struct file *file)
{
	struct path path = BPF_CORE_READ(file, f_path);
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_path(ac, &path)) : 0;
}

SEC("lsm/file_open")
__success
int BPF_PROG(path_in_file, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_path(ac, &file->f_path)) : 0;
}

SEC("lsm/path_mkdir")
__failure __msg("R2 must be referenced or trusted")
int BPF_PROG(inode_of_path, const struct path *dir)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_inode(ac, dir->dentry->d_inode)) : 0;
}

SEC("lsm/path_mkdir")
__success
int BPF_PROG(path_itself, const struct path *dir)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_path(ac, dir)) : 0;
}

SEC("lsm/file_open")
__failure __msg("R2 must be referenced or trusted")
int BPF_PROG(parent, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_task(ac, bpf_get_current_task_btf()->real_parent)) : 0;
}

SEC("lsm.s/file_open")
__success
int BPF_PROG(acquired_parent, struct file *file)
{
	struct bpf_audit_context *ac;
	struct task_struct *parent;

	bpf_rcu_read_lock();
	parent = bpf_task_acquire(bpf_get_current_task_btf()->real_parent);
	bpf_rcu_read_unlock();
	if (!parent)
		return 0;
	ac = bpf_audit_log_start();
	if (ac)
		end(ac, bpf_audit_log_task(ac, parent));
	bpf_task_release(parent);
	return 0;
}

SEC("lsm/file_open")
__failure __msg("R2 must be referenced or trusted")
int BPF_PROG(exe_file, struct file *file)
{
	struct mm_struct *mm = bpf_get_current_task_btf()->mm;
	struct bpf_audit_context *ac;
	struct file *exe;

	if (!mm)
		return 0;
	exe = mm->exe_file;
	if (!exe)
		return 0;
	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_file(ac, exe)) : 0;
}

SEC("lsm/file_open")
__success
int BPF_PROG(acquired_exe_file, struct file *file)
{
	struct bpf_audit_context *ac;
	struct file *exe;

	exe = bpf_get_task_exe_file(bpf_get_current_task_btf());
	if (!exe)
		return 0;
	ac = bpf_audit_log_start();
	if (ac)
		end(ac, bpf_audit_log_file(ac, exe));
	bpf_put_file(exe);
	return 0;
}

SEC("lsm/socket_listen")
__failure __msg("expected pointer to STRUCT socket but R3 has a pointer to STRUCT sock")
int BPF_PROG(sock_for_socket, struct socket *sock)
{
	struct bpf_audit_context *ac;
	struct sock *sk = sock->sk;

	if (!sk)
		return 0;
	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_net_sock(ac, 0, (void *)sk)) : 0;
}

SEC("lsm/socket_listen")
__success
int BPF_PROG(socket_itself, struct socket *sock)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_net_sock(ac, 0, sock)) : 0;
}

__noinline int report(struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_file(ac, file)) : 0;
}

SEC("lsm/file_open")
__failure __msg("Caller passes invalid args into func#1 ('report')")
int BPF_PROG(global_function, struct file *file)
{
	return report(file);
}

__noinline int report_trusted(struct file *file __arg_trusted)
{
	struct bpf_audit_context *ac;

	if (!file)
		return 0;
	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_file(ac, file)) : 0;
}

SEC("lsm/file_open")
__success
int BPF_PROG(global_function_trusted, struct file *file)
{
	return report_trusted(file);
}

/* What the loader sets tells which argument the hook that it has chosen has. */
const int has_task __weak;

SEC("lsm/file_open")
__success
int BPF_PROG(hook_from_loader, void *object)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	if (!ac)
		return 0;
	return end(ac, has_task ? bpf_audit_log_task(ac, object) : bpf_audit_log_file(ac, object));
}

/* A cause that the loader fills in. */
const char policy[16] = { "a policy" };

SEC("lsm/file_open")
__success
int BPF_PROG(cause_from_loader, struct file *file)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	return ac ? end(ac, bpf_audit_log_cause(ac, policy)) : 0;
}
