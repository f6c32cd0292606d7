/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The audit kfuncs, and so the functions behind them, which are written in Rust
 * (kfuncs.rs) and have the same prototypes.
 */
#ifndef _SECURITY_LSM_AUDIT_KFUNCS_H
#define _SECURITY_LSM_AUDIT_KFUNCS_H

#include <linux/types.h>

struct bpf_prog_aux;
struct dentry;
struct file;
struct inode;
struct path;
struct sockaddr;
struct socket;
struct task_struct;

/*
 * An audit record that a program is writing: BTF has to have a name and a size
 * for it. That a member is a pointer keeps programs from passing memory of their
 * own: the verifier accepts any for a structure of scalars. The rest of what it
 * holds is told by context.rs.
 */
struct bpf_audit_context {
	void *record;
	union {
		u32 __opaque[2];
		/* Of a context that its program has ended, see entry.c. */
		void *next;
	};
};

struct bpf_audit_context *bpf_audit_log_start(struct bpf_prog_aux *aux);
void bpf_audit_log_end(struct bpf_audit_context *ac);
int bpf_audit_log_cause(struct bpf_audit_context *ac, const char *cause__str);
int bpf_audit_log_rule(struct bpf_audit_context *ac, u64 rule);
int bpf_audit_log_cap(struct bpf_audit_context *ac, int cap);
int bpf_audit_log_path(struct bpf_audit_context *ac, const struct path *path);
int bpf_audit_log_path_at(struct bpf_audit_context *ac, const struct path *dir,
			  struct dentry *dentry);
int bpf_audit_log_file(struct bpf_audit_context *ac, struct file *file);
int bpf_audit_log_ioctl_op(struct bpf_audit_context *ac, struct file *file,
			   u16 cmd);
int bpf_audit_log_dentry(struct bpf_audit_context *ac, struct dentry *dentry);
int bpf_audit_log_inode(struct bpf_audit_context *ac, struct inode *inode);
int bpf_audit_log_task(struct bpf_audit_context *ac, struct task_struct *tsk);
int bpf_audit_log_net_sock(struct bpf_audit_context *ac, int netif,
			   const struct socket *sock);
int bpf_audit_log_net_sockaddr(struct bpf_audit_context *ac, int netif,
			       const struct sockaddr *saddr__nullable,
			       const struct sockaddr *daddr__nullable,
			       int addrlen);

#endif /* _SECURITY_LSM_AUDIT_KFUNCS_H */
