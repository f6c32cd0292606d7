/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions behind the audit kfuncs. They are written in Rust
 * (kfuncs.rs); the only caller is entry.c.
 */
#ifndef _SECURITY_LSM_AUDIT_KFUNCS_H
#define _SECURITY_LSM_AUDIT_KFUNCS_H

#include <linux/llist.h>
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
		struct llist_node ended;
	};
};

struct bpf_audit_context *lsm_audit_start(const struct bpf_prog_aux *aux);
void lsm_audit_end(struct bpf_audit_context *ac);
int lsm_audit_cause(struct bpf_audit_context *ac, const char *cause);
int lsm_audit_cap(struct bpf_audit_context *ac, int cap);
int lsm_audit_path(struct bpf_audit_context *ac, const struct path *path);
int lsm_audit_file(struct bpf_audit_context *ac, const struct file *file);
int lsm_audit_ioctl_op(struct bpf_audit_context *ac, const struct file *file,
		       u16 cmd);
int lsm_audit_dentry(struct bpf_audit_context *ac,
		     const struct dentry *dentry);
int lsm_audit_inode(struct bpf_audit_context *ac, const struct inode *inode);
int lsm_audit_task(struct bpf_audit_context *ac,
		   const struct task_struct *tsk);
int lsm_audit_net_sock(struct bpf_audit_context *ac, int netif,
		       const struct socket *sock);
int lsm_audit_net_sockaddr(struct bpf_audit_context *ac, int netif,
			   const struct sockaddr *saddr,
			   const struct sockaddr *daddr, int addrlen);

#endif /* _SECURITY_LSM_AUDIT_KFUNCS_H */
