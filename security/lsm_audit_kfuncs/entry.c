// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit kfuncs of BPF LSM programs, as BTF knows them.
 *
 * A kfunc has to be a C function, because BTF doesn't describe Rust ones. So
 * each of these passes its arguments to the Rust function of that name in
 * kfuncs.rs. Filter and registration are in audit_kfuncs.rs.
 */

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/cleanup.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/net.h>
#include <linux/path.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/socket.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "audit_kfuncs.h"

/* The function behind a kfunc (kfunc_set!() in rust/kernel/bpf/kfunc.rs). */
#define rust(kfunc) ({ extern typeof(kfunc) rust_##kfunc; &rust_##kfunc; })

/*
 * On PREEMPT_RT, audit's queue and the allocator have locks that sleep. A program
 * that has disabled preemption or interrupts since it started its record leaves
 * it here, for a kworker. That takes one at a time: if it is preempted meanwhile,
 * others can still be ended.
 */
static DEFINE_RAW_SPINLOCK(left_lock);
static void *first_left, **last_left = &first_left;
static unsigned int left;
static struct workqueue_struct *left_wq;

/*
 * If as many are left, the kworker has no time, and tasks have to help: whoever starts a
 * record that could be left, also one that then isn't wanted. So no more wait than these
 * and those that were open when the last of them was left.
 */
#define MANY_LEFT 64

static void leave_record(struct bpf_audit_context *ac)
{
	guard(raw_spinlock_irqsave)(&left_lock);
	ac->next = NULL;
	*last_left = ac;
	last_left = &ac->next;
	WRITE_ONCE(left, left + 1);
}

static bool end_left_record(void)
{
	struct bpf_audit_context *ac;

	scoped_guard(raw_spinlock_irqsave, &left_lock) {
		ac = first_left;
		if (!ac)
			return false;
		first_left = ac->next;
		if (!first_left)
			last_left = &first_left;
		WRITE_ONCE(left, left - 1);
	}
	rust(bpf_audit_log_end)(ac);
	return true;
}

static void end_left_records(struct work_struct *work)
{
	/* It may not end while others are left. Tasks RCU must not wait for it. */
	while (end_left_record())
		cond_resched_tasks_rcu_qs();
}

static DECLARE_WORK(left_work, end_left_records);

/* A task of low priority should not hold what others reported, nor reclaim keep it. */
static int __init make_left_wq(void)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		left_wq = alloc_workqueue("audit_kfuncs",
					  WQ_UNBOUND | WQ_HIGHPRI | WQ_MEM_RECLAIM, 1);
	if (!left_wq)
		left_wq = system_dfl_wq;
	return 0;
}
subsys_initcall(make_left_wq);

__bpf_kfunc_start_defs();

/**
 * bpf_audit_log_start() - Start an audit record of an access
 * @aux: the calling program; an implicit argument, passed by the verifier
 *
 * The record is of type AUDIT_BPF_LSM_ACCESS and starts with the id of the
 * program, and the process and name of the current task::
 *
 *	prog-id=13 pid=54 comm="sh"
 *
 * In interrupts, with bottom halves disabled, and on hooks that a task may run for
 * another one (packets, SIGIO, the receipt of a message), the current task is not
 * the subject: the record reads ``pid=? comm=?`` and is not tied to a system call.
 *
 * It does not sleep or wait, except for spinlocks. The program must pass the context to
 * bpf_audit_log_end().
 *
 * On PREEMPT_RT, where audit's locks sleep, the record is lost in hard
 * interrupts and with preemption or interrupts disabled. A program that disables
 * these after the start cannot add any field (%-EOPNOTSUPP), but it can end the
 * record.
 *
 * Return: the context of the record, or %NULL if a rule excludes the record or
 * the kernel was booted with audit=0; if the record is lost, for want of memory
 * or because the backlog is full, which audit counts; if the current task is
 * kauditd, or the audit daemon after 100 records in a period of 5 seconds; or in
 * an NMI.
 */
__bpf_kfunc struct bpf_audit_context *
bpf_audit_log_start(struct bpf_prog_aux *aux)
{
	/* End two for each that can be left. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && READ_ONCE(left) >= MANY_LEFT && preemptible()) {
		end_left_record();
		end_left_record();
	}
	return rust(bpf_audit_log_start)(aux);
}

/**
 * bpf_audit_log_end() - End an audit record and queue it for user space
 * @ac: the context of the record; invalid afterwards
 *
 * On PREEMPT_RT, with preemption or interrupts disabled, a kworker queues the
 * record, which may then come after the end of its event and after later records.
 */
__bpf_kfunc void bpf_audit_log_end(struct bpf_audit_context *ac)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible() || !ac) {
		rust(bpf_audit_log_end)(ac);
		return;
	}

	leave_record(ac);
	/*
	 * Where the record was started preemption was enabled, so the hook's caller holds no
	 * raw lock.
	 */
	queue_work(left_wq, &left_work);
}

/**
 * bpf_audit_log_cause() - Add why the program reports the access
 * @ac: the context of the record
 * @cause__str: a constant string of 1 to 255 bytes
 *
 * Adds ``cause=`` and the string, quoted, or in hex if it holds a quote, a
 * space, a control or a non-ASCII byte.
 *
 * Return: %0; %-EINVAL if the record has a cause, or if the string is empty or
 * too long; %-E2BIG if the record would get too long for user space.
 */
__bpf_kfunc int bpf_audit_log_cause(struct bpf_audit_context *ac,
				    const char *cause__str)
{
	return rust(bpf_audit_log_cause)(ac, cause__str);
}

/**
 * bpf_audit_log_rule() - Add which of its rules the program applied
 * @ac: the context of the record
 * @rule: number chosen by the program; the kernel does not interpret it
 *
 * Adds ``rule-id=`` and the number, in decimal.
 *
 * Return: %0; %-EINVAL if the record has a rule; %-E2BIG if the record would get
 * too long for user space.
 */
__bpf_kfunc int bpf_audit_log_rule(struct bpf_audit_context *ac, u64 rule)
{
	return rust(bpf_audit_log_rule)(ac, rule);
}

/**
 * bpf_audit_log_cap() - Add a capability
 * @ac: the context of the record
 * @cap: the number of the capability, from 0 to CAP_LAST_CAP
 *
 * Adds ``capability=`` and the number.
 *
 * Return: %0; %-EINVAL if the record has a capability, or if there is no such
 * capability; %-E2BIG if the record would get too long for user space.
 */
__bpf_kfunc int bpf_audit_log_cap(struct bpf_audit_context *ac, int cap)
{
	return rust(bpf_audit_log_cap)(ac, cap);
}

/**
 * bpf_audit_log_path() - Add a path
 * @ac: the context of the record
 * @path: the path
 *
 * Adds ``path=``, ``dev=`` and ``ino=``.
 *
 * Return: %0; %-EINVAL if the record has one of these keys, or if @path is
 * %NULL; %-EOPNOTSUPP wherever a spinlock may be held, that is, in interrupts,
 * with bottom halves, preemption or interrupts disabled and, on a kernel that
 * cannot tell (PREEMPT_RT, or no PREEMPT_RCU), in sections of RCU; %-E2BIG if the
 * record would get too long for user space, or if it could and there is no
 * memory to find out.
 */
__bpf_kfunc int bpf_audit_log_path(struct bpf_audit_context *ac,
				   const struct path *path)
{
	return rust(bpf_audit_log_path)(ac, path);
}

/**
 * bpf_audit_log_path_at() - Add the path of an entry in a directory
 * @ac: the context of the record
 * @dir: the directory's path
 * @dentry: the entry
 *
 * Adds ``path=``, and ``dev=`` and ``ino=`` unless the entry is negative. A
 * rename has two sides, each with its directory: they take two records.
 *
 * Return: as bpf_audit_log_path(); %-EINVAL also if @dentry is not an entry in
 * @dir, or is %NULL.
 */
__bpf_kfunc int bpf_audit_log_path_at(struct bpf_audit_context *ac,
				      const struct path *dir,
				      struct dentry *dentry)
{
	return rust(bpf_audit_log_path_at)(ac, dir, dentry);
}

/**
 * bpf_audit_log_file() - Add a file, by its path
 * @ac: the context of the record
 * @file: the file
 *
 * Adds ``path=``, ``dev=`` and ``ino=``.
 *
 * Return: as bpf_audit_log_path().
 */
__bpf_kfunc int bpf_audit_log_file(struct bpf_audit_context *ac,
				   struct file *file)
{
	return rust(bpf_audit_log_file)(ac, file);
}

/**
 * bpf_audit_log_ioctl_op() - Add a file and an ioctl command
 * @ac: the context of the record
 * @file: the file
 * @cmd: the lower 16 bits of the command
 *
 * Adds ``path=``, ``dev=``, ``ino=`` and ``ioctlcmd=``.
 *
 * Return: as bpf_audit_log_path().
 */
__bpf_kfunc int bpf_audit_log_ioctl_op(struct bpf_audit_context *ac,
				       struct file *file, u16 cmd)
{
	return rust(bpf_audit_log_ioctl_op)(ac, file, cmd);
}

/**
 * bpf_audit_log_dentry() - Add a directory entry, by its name
 * @ac: the context of the record
 * @dentry: the directory entry
 *
 * Adds ``name=``, and ``dev=`` and ``ino=`` unless the entry is negative: then
 * these two are left to another call.
 *
 * Return: as bpf_audit_log_path().
 */
__bpf_kfunc int bpf_audit_log_dentry(struct bpf_audit_context *ac,
				     struct dentry *dentry)
{
	return rust(bpf_audit_log_dentry)(ac, dentry);
}

/**
 * bpf_audit_log_inode() - Add an inode
 * @ac: the context of the record
 * @inode: the inode
 *
 * Adds ``name=`` if the inode has a known name (any one of several), ``dev=``
 * and ``ino=``.
 *
 * Return: as bpf_audit_log_dentry().
 */
__bpf_kfunc int bpf_audit_log_inode(struct bpf_audit_context *ac,
				    struct inode *inode)
{
	return rust(bpf_audit_log_inode)(ac, inode);
}

/**
 * bpf_audit_log_task() - Add the task that the access is to
 * @ac: the context of the record
 * @tsk: the task
 *
 * Adds ``opid=``, the task's process, and ``ocomm=``, its name.
 *
 * Return: %0; %-EINVAL if the record has a task, or if @tsk is %NULL; %-E2BIG
 * if the record would get too long for user space.
 */
__bpf_kfunc int bpf_audit_log_task(struct bpf_audit_context *ac,
				   struct task_struct *tsk)
{
	return rust(bpf_audit_log_task)(ac, tsk);
}

/**
 * bpf_audit_log_net_sock() - Add the addresses of a socket
 * @ac: the context of the record
 * @netif: the index of an interface in the initial network namespace, or 0
 * @sock: the socket
 *
 * Adds ``laddr=``, ``lport=``, ``faddr=`` and ``fport=`` of an IP socket,
 * ``path=`` of a unix socket, each where the socket has it, and ``netif=`` if
 * the socket is in the initial network namespace and has such an interface.
 * ``path=`` and ``netif=`` are left to other calls if they are not added.
 *
 * Return: %0; %-EINVAL if the record has one of these keys, or if @sock is
 * %NULL; %-EOPNOTSUPP for a unix socket where bpf_audit_log_path() returns that;
 * %-E2BIG if the record would get too long for user space.
 */
__bpf_kfunc int bpf_audit_log_net_sock(struct bpf_audit_context *ac, int netif,
				       const struct socket *sock)
{
	return rust(bpf_audit_log_net_sock)(ac, netif, sock);
}

/**
 * bpf_audit_log_net_sockaddr() - Add a source and a destination address
 * @ac: the context of the record
 * @netif: the index of an interface in the initial network namespace, or 0
 * @saddr__nullable: the source's address, or %NULL
 * @daddr__nullable: the destination's address, or %NULL
 * @addrlen: the length of each address, in bytes
 *
 * Adds ``saddr=``, ``src=``, ``daddr=`` and ``dest=``, each where it is not
 * zero, and ``netif=`` if the current task is in the initial network namespace
 * and has such an interface. ``netif=`` is left to another call if it is not
 * added. In interrupts and with bottom halves disabled, the current task says
 * nothing about @netif: there the program must check the namespace.
 *
 * The verifier proves only the first 16 bytes of an address: a program must
 * pass the length that its hook was given.
 *
 * Return: %0; %-EINVAL if the record has one of these keys, if there is no
 * address, if the addresses are of two families, if @addrlen does not fit the
 * family, or for an IPv6 address on the program's own stack; %-EAFNOSUPPORT
 * for a family other than AF_INET and AF_INET6; %-EFAULT if an address cannot be
 * read; %-E2BIG if the record would get too long for user space.
 */
__bpf_kfunc int
bpf_audit_log_net_sockaddr(struct bpf_audit_context *ac, int netif,
			   const struct sockaddr *saddr__nullable,
			   const struct sockaddr *daddr__nullable, int addrlen)
{
	return rust(bpf_audit_log_net_sockaddr)(ac, netif, saddr__nullable,
				      daddr__nullable, addrlen);
}

__bpf_kfunc_end_defs();
