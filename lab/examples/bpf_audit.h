/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The audit kfuncs, as a BPF program declares them, with vmlinux.h or without.
 * Include vmlinux.h, or <linux/bpf.h> where it would be too much, before this.
 *
 * Records are off until the loader switches them on. Loading a program that calls
 * one of the kfuncs takes CAP_SYS_BOOT, and a kernel that has them: a policy must be
 * enforced where either is missing. So bpf_audit_log_start() returns NULL unless the
 * loader has set bpf_audit_enabled, a constant in .rodata; while that is false, the
 * verifier doesn't look at the calls. A loader tries it set, and then not. libbpf,
 * with the skeleton of policy.bpf.c (lab/examples/load.c does it without one):
 *
 *	skel->rodata->bpf_audit_enabled = true;
 *	if (policy_bpf__load(skel)) {
 *		policy_bpf__destroy(skel);
 *		skel = policy_bpf__open_and_load();
 *	}
 *
 * Where nobody can set it, as with bpftool, compile with -DBPF_AUDIT_ENABLED=1.
 */
#ifndef BPF_AUDIT_H
#define BPF_AUDIT_H

#include <bpf/bpf_helpers.h>

#ifndef BPF_AUDIT_ENABLED
#define BPF_AUDIT_ENABLED 0
#endif

const volatile _Bool bpf_audit_enabled __weak = BPF_AUDIT_ENABLED;

/*
 * libbpf binds a kfunc only if the structures in its prototype are defined, not only
 * declared; what is in them doesn't matter. If it doesn't bind one, it says nothing,
 * and the program would load, deny and never report. So the macros below don't
 * compile where one is missing. vmlinux.h defines them, and without it this does.
 *
 * A vmlinux.h of a kernel without the kfuncs lacks the context, and a program with
 * structures of its own lacks it, too. Both define BPF_AUDIT_CONTEXT_ONLY before they
 * include this: then it is the only one that is defined here. A vmlinux.h that is
 * newer has it: then the compiler finds it redefined, and the definition goes. So
 * does a program without vmlinux.h that includes <sys/socket.h> or another header
 * with a struct sockaddr.
 *
 * A program that reads a field calls the structure by a flavour of its name,
 * which CO-RE takes for the same:
 *
 *	struct inode___mode {
 *		umode_t i_mode;
 *	} __attribute__((preserve_access_index));
 *
 *	((struct inode___mode *)inode)->i_mode
 */
#if defined(BPF_AUDIT_CONTEXT_ONLY) || !defined(__VMLINUX_H__)
struct bpf_audit_context {
	void *record;
	__u32 __opaque[2];
};
#endif

#if defined(BPF_AUDIT_CONTEXT_ONLY) || defined(__VMLINUX_H__)
struct bpf_audit_context;
struct dentry;
struct file;
struct inode;
struct path;
struct sockaddr;
struct socket;
struct task_struct;
#else
/* Not empty: clang 19 crashes where an empty one is a member of another. */
struct dentry { char opaque; };
struct file { char opaque; };
struct inode { char opaque; };
struct path { char opaque; };
struct sockaddr { char opaque; };
struct socket { char opaque; };
struct task_struct { char opaque; };
#endif

extern struct bpf_audit_context *bpf_audit_log_start(void) __weak __ksym;
extern void bpf_audit_log_end(struct bpf_audit_context *ac) __weak __ksym;
extern int bpf_audit_log_cause(struct bpf_audit_context *ac,
			       const char *cause__str) __weak __ksym;
extern int bpf_audit_log_rule(struct bpf_audit_context *ac, __u64 rule) __weak __ksym;
extern int bpf_audit_log_cap(struct bpf_audit_context *ac, int cap) __weak __ksym;
extern int bpf_audit_log_path(struct bpf_audit_context *ac,
			      const struct path *path) __weak __ksym;
extern int bpf_audit_log_path_at(struct bpf_audit_context *ac, const struct path *dir,
				 struct dentry *dentry) __weak __ksym;
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

/* libbpf's headers have it from 1.2 on. */
#ifndef bpf_ksym_exists
#define bpf_ksym_exists(symbol) (!!symbol)
#endif

/* The compiler shows this line, and with it the sentence. */
#define BPF_AUDIT_DEFINED(type) _Static_assert(sizeof(struct type), "define the structure before the call: see BPF_AUDIT_CONTEXT_ONLY in bpf_audit.h")

#define bpf_audit_log_start() ({					\
	BPF_AUDIT_DEFINED(bpf_audit_context);				\
	bpf_audit_enabled && bpf_ksym_exists(bpf_audit_log_start) ?	\
		bpf_audit_log_start() : (struct bpf_audit_context *)0;	\
})
#define bpf_audit_log_path(ac, object) ({				\
	BPF_AUDIT_DEFINED(path);					\
	bpf_audit_log_path(ac, object);					\
})
/* These two came later: a kernel can have the others alone. Then -EOPNOTSUPP. */
#define bpf_audit_log_path_at(ac, object, entry) ({			\
	BPF_AUDIT_DEFINED(path);					\
	BPF_AUDIT_DEFINED(dentry);					\
	bpf_ksym_exists(bpf_audit_log_path_at) ?			\
		bpf_audit_log_path_at(ac, object, entry) : -95;		\
})
#define bpf_audit_log_rule(ac, rule) ({					\
	bpf_ksym_exists(bpf_audit_log_rule) ?				\
		bpf_audit_log_rule(ac, rule) : -95;			\
})
#define bpf_audit_log_file(ac, object) ({				\
	BPF_AUDIT_DEFINED(file);					\
	bpf_audit_log_file(ac, object);					\
})
#define bpf_audit_log_ioctl_op(ac, object, cmd) ({			\
	BPF_AUDIT_DEFINED(file);					\
	bpf_audit_log_ioctl_op(ac, object, cmd);			\
})
#define bpf_audit_log_dentry(ac, object) ({				\
	BPF_AUDIT_DEFINED(dentry);					\
	bpf_audit_log_dentry(ac, object);				\
})
#define bpf_audit_log_inode(ac, object) ({				\
	BPF_AUDIT_DEFINED(inode);					\
	bpf_audit_log_inode(ac, object);				\
})
#define bpf_audit_log_task(ac, object) ({				\
	BPF_AUDIT_DEFINED(task_struct);					\
	bpf_audit_log_task(ac, object);					\
})
#define bpf_audit_log_net_sock(ac, netif, object) ({			\
	BPF_AUDIT_DEFINED(socket);					\
	bpf_audit_log_net_sock(ac, netif, object);			\
})
#define bpf_audit_log_net_sockaddr(ac, netif, source, destination, length) ({ \
	BPF_AUDIT_DEFINED(sockaddr);					\
	bpf_audit_log_net_sockaddr(ac, netif, source, destination, length); \
})

/*
 * A record with a cause, and with the fields that the statement after it adds; no
 * statement may leave it (return, break), as the record has to be ended. One that
 * adds none ends in a semicolon, the last of its line:
 *
 *	bpf_audit(ac, "no-exec-from-tmp")
 *		bpf_audit_log_file(ac, bprm->file);
 *	return -EPERM;
 */
#define bpf_audit(ac, cause)						\
	for (struct bpf_audit_context *ac = bpf_audit_log_start();	\
	     ac && (bpf_audit_log_cause(ac, cause), 1);			\
	     bpf_audit_log_end(ac), ac = (struct bpf_audit_context *)0)

#endif /* BPF_AUDIT_H */
