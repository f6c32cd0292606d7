// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sandbox for the tasks of one cgroup, which tells the audit log whatever it
 * denies.
 *
 * The policy holds for the cgroup /sys/fs/cgroup/confined and the ones below
 * it. A cgroup is found by its name: so the policy is in force from the moment
 * it is loaded, without a loader to tell it an id, and outlives a removal of
 * the cgroup. The name is that of the topmost cgroup of a task, because anyone
 * to whom a cgroup is delegated may choose the names below it.
 */
#include <vmlinux.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf_audit.h"

/* What BTF, and so vmlinux.h, doesn't know: the kernel's macros. */
#define EPERM			1
#define AF_INET			2
#define AF_INET6		10
#define SIN6_LEN_RFC2133	24
#define CAP_SYS_MODULE		16
#define CAP_SYS_BOOT		22
#define CAP_SYS_TIME		25
#define CAP_OPT_NOAUDIT		2
#define TIOCSTI			0x5412
#define TMPFS_MAGIC		0x01021994
#define S_IFMT			00170000
#define S_IFREG			0100000
#define S_IFBLK			0060000
#define S_IFCHR			0020000

char _license[] SEC("license") = "GPL";

static bool in_group(struct task_struct *task, const char *group)
{
	struct cgroup *top;
	bool found = false;

	bpf_rcu_read_lock();
	top = bpf_cgroup_ancestor(task->cgroups->dfl_cgrp, 1);
	if (top) {
		found = !bpf_strcmp(top->kn->name, group);
		bpf_cgroup_release(top);
	}
	bpf_rcu_read_unlock();

	return found;
}

static bool is_confined(void)
{
	return in_group(bpf_get_current_task_btf(), "confined");
}

/* A regular file that nobody may write is sealed: it stays, and stays so. */
static bool is_sealed(struct inode *inode)
{
	return (inode->i_mode & S_IFMT) == S_IFREG && !(inode->i_mode & 0222);
}

/*
 * Nothing is executed from memory: /tmp, /dev/shm and memfds are all tmpfs.
 * A path could be bind-mounted elsewhere; the filesystem stays what it is.
 */
SEC("lsm.s/bprm_check_security")
int BPF_PROG(exec_from_tmp, struct linux_binprm *bprm)
{
	struct bpf_audit_context *ac;

	if (bprm->file->f_inode->i_sb->s_magic != TMPFS_MAGIC || !is_confined())
		return 0;

	ac = bpf_audit_log_start();
	if (ac) {
		bpf_audit_log_cause(ac, "no-exec-from-tmp");
		bpf_audit_log_file(ac, bprm->file);
		bpf_audit_log_end(ac);
	}
	return -EPERM;
}

#define METADATA_IPV4 bpf_htonl(0xa9fea9fe)	/* 169.254.169.254 */

/* The metadata service of a cloud gives credentials to whoever asks. */
static bool is_metadata_service(struct sockaddr *address, int addrlen)
{
	if (address->sa_family == AF_INET && addrlen >= (int)sizeof(struct sockaddr_in)) {
		struct sockaddr_in *in = bpf_core_cast(address, struct sockaddr_in);

		return in->sin_addr.s_addr == METADATA_IPV4;
	}

	if (address->sa_family == AF_INET6 && addrlen >= SIN6_LEN_RFC2133) {
		struct sockaddr_in6 *in6 = bpf_core_cast(address, struct sockaddr_in6);
		__be32 *word = in6->sin6_addr.in6_u.u6_addr32;

		/* fd00:ec2::254 */
		if (word[0] == bpf_htonl(0xfd000ec2) && !word[1] && !word[2] &&
		    word[3] == bpf_htonl(0x254))
			return true;

		/* ::ffff:169.254.169.254 is IPv4 from an IPv6 socket. */
		return !word[0] && !word[1] && word[2] == bpf_htonl(0xffff) &&
		       word[3] == METADATA_IPV4;
	}

	return false;
}

SEC("lsm/socket_connect")
int BPF_PROG(connect_metadata, struct socket *sock, struct sockaddr *address, int addrlen)
{
	struct bpf_audit_context *ac;

	if (!is_metadata_service(address, addrlen) || !is_confined())
		return 0;

	ac = bpf_audit_log_start();
	if (ac) {
		bpf_audit_log_cause(ac, "no-cloud-metadata");
		bpf_audit_log_net_sockaddr(ac, 0, NULL, address, addrlen);
		bpf_audit_log_end(ac);
	}
	return -EPERM;
}

/* A sandbox connects to others; it doesn't serve. */
SEC("lsm/socket_listen")
int BPF_PROG(listen, struct socket *sock, int backlog)
{
	struct bpf_audit_context *ac;

	if (!is_confined())
		return 0;

	ac = bpf_audit_log_start();
	if (ac) {
		bpf_audit_log_cause(ac, "no-server");
		bpf_audit_log_net_sock(ac, 0, sock);
		bpf_audit_log_end(ac);
	}
	return -EPERM;
}

/* The tasks of /sys/fs/cgroup/protected can't even be probed with signal 0. */
SEC("lsm/task_kill")
int BPF_PROG(kill_protected, struct task_struct *p, struct kernel_siginfo *info, int sig,
	     const struct cred *cred)
{
	struct bpf_audit_context *ac;

	if (!is_confined() || !in_group(p, "protected"))
		return 0;

	ac = bpf_audit_log_start();
	if (ac) {
		bpf_audit_log_cause(ac, "protected-process");
		bpf_audit_log_task(ac, p);
		bpf_audit_log_end(ac);
	}
	return -EPERM;
}

/* Root in the sandbox isn't root of the machine. */
SEC("lsm/capable")
int BPF_PROG(use_capability, const struct cred *cred, struct user_namespace *ns, int cap,
	     unsigned int opts)
{
	struct bpf_audit_context *ac;

	if (cap != CAP_SYS_TIME && cap != CAP_SYS_BOOT && cap != CAP_SYS_MODULE)
		return 0;
	if (!is_confined())
		return 0;
	/* The kernel asks out of curiosity: nobody was denied anything yet. */
	if (opts & CAP_OPT_NOAUDIT)
		return -EPERM;

	ac = bpf_audit_log_start();
	if (ac) {
		bpf_audit_log_cause(ac, "machine-wide-capability");
		bpf_audit_log_cap(ac, cap);
		bpf_audit_log_end(ac);
	}
	return -EPERM;
}

/* TIOCSTI types into the terminal, as if its user had: a way out of a sandbox. */
SEC("lsm.s/file_ioctl")
int BPF_PROG(type_into_tty, struct file *file, unsigned int cmd, unsigned long arg)
{
	struct bpf_audit_context *ac;

	if (cmd != TIOCSTI || !is_confined())
		return 0;

	ac = bpf_audit_log_start();
	if (ac) {
		bpf_audit_log_cause(ac, "no-tty-injection");
		bpf_audit_log_ioctl_op(ac, file, cmd);
		bpf_audit_log_end(ac);
	}
	return -EPERM;
}

SEC("lsm/inode_unlink")
int BPF_PROG(unlink_sealed, struct inode *dir, struct dentry *dentry)
{
	struct bpf_audit_context *ac;
	struct inode *inode = dentry->d_inode;

	if (!inode || !is_sealed(inode) || !is_confined())
		return 0;

	ac = bpf_audit_log_start();
	if (ac) {
		bpf_audit_log_cause(ac, "sealed-file");
		bpf_audit_log_dentry(ac, dentry);
		bpf_audit_log_end(ac);
	}
	return -EPERM;
}

SEC("lsm/path_chmod")
int BPF_PROG(unseal, const struct path *path, umode_t mode)
{
	struct bpf_audit_context *ac;

	if (!(mode & 0222) || !is_sealed(path->dentry->d_inode) || !is_confined())
		return 0;

	ac = bpf_audit_log_start();
	if (ac) {
		bpf_audit_log_cause(ac, "no-unsealing");
		bpf_audit_log_path(ac, path);
		bpf_audit_log_end(ac);
	}
	return -EPERM;
}

/* A device node is a way to a device that no file on the way there guards. */
SEC("lsm/inode_mknod")
int BPF_PROG(make_device, struct inode *dir, struct dentry *dentry, umode_t mode,
	     unsigned int dev)
{
	struct bpf_audit_context *ac;

	if ((mode & S_IFMT) != S_IFCHR && (mode & S_IFMT) != S_IFBLK)
		return 0;
	if (!is_confined())
		return 0;

	/* The node doesn't exist yet: the record says in which folder. */
	ac = bpf_audit_log_start();
	if (ac) {
		bpf_audit_log_cause(ac, "no-device-nodes");
		bpf_audit_log_inode(ac, dir);
		bpf_audit_log_end(ac);
	}
	return -EPERM;
}
