/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The audit kfuncs, as a BPF program declares them, with vmlinux.h or without.
 * Include vmlinux.h, or <linux/bpf.h> where it would be too much, before this.
 */
#ifndef BPF_AUDIT_H
#define BPF_AUDIT_H

#include <bpf/bpf_helpers.h>

/*
 * libbpf binds a kfunc only if each structure is defined here, as it is in the
 * kernel; what is in it doesn't matter. (libbpf says nothing: the verifier then
 * complains of the call.) They aren't empty, because clang 19 crashes where an
 * empty one is a member of another.
 *
 * A program that reads a field calls the structure by a flavour of its name,
 * which CO-RE takes for the same:
 *
 *	struct inode___mode {
 *		umode_t i_mode;
 *	} __attribute__((preserve_access_index));
 *
 *	((struct inode___mode *)inode)->i_mode
 *
 * A vmlinux.h of a kernel without the kfuncs lacks the context: then define that
 * before you include this.
 */
#ifndef __VMLINUX_H__
struct bpf_audit_context { char opaque; };
struct dentry { char opaque; };
struct file { char opaque; };
struct inode { char opaque; };
struct path { char opaque; };
struct sockaddr { char opaque; };
struct socket { char opaque; };
struct task_struct { char opaque; };
#endif

/*
 * Weak, as in vmlinux.h: a program that is also to load on a kernel without
 * them asks bpf_ksym_exists(bpf_audit_log_start) before it calls any.
 */
extern struct bpf_audit_context *bpf_audit_log_start(void) __weak __ksym;
extern void bpf_audit_log_end(struct bpf_audit_context *ac) __weak __ksym;
extern int bpf_audit_log_cause(struct bpf_audit_context *ac,
			       const char *cause__str) __weak __ksym;
extern int bpf_audit_log_cap(struct bpf_audit_context *ac, int cap) __weak __ksym;
extern int bpf_audit_log_path(struct bpf_audit_context *ac,
			      const struct path *path) __weak __ksym;
extern int bpf_audit_log_file(struct bpf_audit_context *ac,
			      struct file *file) __weak __ksym;
extern int bpf_audit_log_ioctl_op(struct bpf_audit_context *ac,
				  struct file *file, __u16 cmd) __weak __ksym;
extern int bpf_audit_log_dentry(struct bpf_audit_context *ac,
				struct dentry *dentry) __weak __ksym;
extern int bpf_audit_log_inode(struct bpf_audit_context *ac,
			       struct inode *inode) __weak __ksym;
extern int bpf_audit_log_task(struct bpf_audit_context *ac,
			      struct task_struct *tsk) __weak __ksym;
extern int bpf_audit_log_net_sock(struct bpf_audit_context *ac, int netif,
				  const struct socket *sock) __weak __ksym;
extern int
bpf_audit_log_net_sockaddr(struct bpf_audit_context *ac, int netif,
			   const struct sockaddr *saddr__nullable,
			   const struct sockaddr *daddr__nullable,
			   int addrlen) __weak __ksym;

#endif /* BPF_AUDIT_H */
