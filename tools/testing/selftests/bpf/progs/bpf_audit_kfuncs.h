/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The audit kfuncs, as a program declares them. A vmlinux.h of a kernel that
 * has them declares them too, and then the two must agree; on a kernel that
 * hasn't, the declarations are all there is, and calls are refused at load.
 */
#ifndef __BPF_AUDIT_KFUNCS_H
#define __BPF_AUDIT_KFUNCS_H

struct bpf_audit_context;

struct bpf_audit_context *bpf_audit_log_start(void) __weak __ksym;
void bpf_audit_log_end(struct bpf_audit_context *ac) __weak __ksym;
int bpf_audit_log_cause(struct bpf_audit_context *ac,
			const char *cause__str) __weak __ksym;
int bpf_audit_log_rule(struct bpf_audit_context *ac, u64 rule) __weak __ksym;
int bpf_audit_log_cap(struct bpf_audit_context *ac, int cap) __weak __ksym;
int bpf_audit_log_path(struct bpf_audit_context *ac,
		       const struct path *path) __weak __ksym;
int bpf_audit_log_path_at(struct bpf_audit_context *ac, const struct path *dir,
			  struct dentry *dentry) __weak __ksym;
int bpf_audit_log_file(struct bpf_audit_context *ac,
		       struct file *file) __weak __ksym;
int bpf_audit_log_ioctl_op(struct bpf_audit_context *ac, struct file *file,
			   u16 cmd) __weak __ksym;
int bpf_audit_log_dentry(struct bpf_audit_context *ac,
			 struct dentry *dentry) __weak __ksym;
int bpf_audit_log_inode(struct bpf_audit_context *ac,
			struct inode *inode) __weak __ksym;
int bpf_audit_log_task(struct bpf_audit_context *ac,
		       struct task_struct *tsk) __weak __ksym;
int bpf_audit_log_net_sock(struct bpf_audit_context *ac, int netif,
			   const struct socket *sock) __weak __ksym;
int bpf_audit_log_net_sockaddr(struct bpf_audit_context *ac, int netif,
			       const struct sockaddr *saddr__nullable,
			       const struct sockaddr *daddr__nullable,
			       int addrlen) __weak __ksym;

#endif /* __BPF_AUDIT_KFUNCS_H */
