// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every audit kfunc by bpf_audit.h alone, without vmlinux.h: that libbpf binds
 * each, and the verifier accepts it. These programs are loaded and never run.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_audit.h"

char _license[] SEC("license") = "GPL";

struct file___path {
	struct path f_path;
} __attribute__((preserve_access_index));

SEC("lsm.s/file_open")
int BPF_PROG(path, struct file *file)
{
	struct bpf_audit_context *ac = bpf_audit_log_start();

	if (!ac)
		return 0;
	bpf_audit_log_cause(ac, "header");
	bpf_audit_log_cap(ac, 0);
	bpf_audit_log_path(ac, &((struct file___path *)file)->f_path);
	bpf_audit_log_end(ac);
	return 0;
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(file, struct file *file, unsigned int cmd)
{
	struct bpf_audit_context *ac = bpf_audit_log_start();

	if (!ac)
		return 0;
	bpf_audit_log_file(ac, file);
	bpf_audit_log_ioctl_op(ac, file, cmd);
	bpf_audit_log_task(ac, bpf_get_current_task_btf());
	bpf_audit_log_end(ac);
	return 0;
}

SEC("lsm.s/inode_unlink")
int BPF_PROG(dentry, struct inode *dir, struct dentry *dentry)
{
	struct bpf_audit_context *ac = bpf_audit_log_start();

	if (!ac)
		return 0;
	bpf_audit_log_inode(ac, dir);
	bpf_audit_log_dentry(ac, dentry);
	bpf_audit_log_end(ac);
	return 0;
}

SEC("lsm.s/path_mkdir")
int BPF_PROG(entry, const struct path *dir, struct dentry *dentry)
{
	struct bpf_audit_context *ac = bpf_audit_log_start();

	if (!ac)
		return 0;
	bpf_audit_log_path_at(ac, dir, dentry);
	bpf_audit_log_rule(ac, 0);
	bpf_audit_log_end(ac);
	return 0;
}

SEC("lsm.s/socket_connect")
int BPF_PROG(socket, struct socket *sock, struct sockaddr *address, int addrlen)
{
	struct bpf_audit_context *ac = bpf_audit_log_start();

	if (!ac)
		return 0;
	bpf_audit_log_net_sock(ac, 0, sock);
	bpf_audit_log_net_sockaddr(ac, 0, (void *)0, address, addrlen);
	bpf_audit_log_end(ac);
	return 0;
}
