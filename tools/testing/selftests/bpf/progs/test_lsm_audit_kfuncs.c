// SPDX-License-Identifier: GPL-2.0-only
/* Programs that take the steps that a test lists, on all kinds of hooks. */

#include "lsm_audit_kfuncs_steps.h"
#include <bpf/bpf_endian.h>

#include "../test_kmods/bpf_test_contexts.h"

char _license[] SEC("license") = "GPL";

#define EPERM 1
#define CLOCK_MONOTONIC 1
#define AF_NETLINK 16
#define CAP_SYS_ADMIN 21

/* Files. One body, in each of the contexts that a program can run in. */

static __always_inline struct objects objects_of(struct file *file)
{
	return (struct objects){
		.path = &file->f_path,
		.file = file,
		.inode = file->f_inode,
		.task = bpf_get_current_task_btf(),
	};
}

static __always_inline void record_file(struct file *file)
{
	struct objects of = objects_of(file);

	record(&of);
}

SEC("lsm/file_ioctl")
int BPF_PROG(on_file, struct file *file)
{
	if (is_subject())
		record_file(file);
	return 0;
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(on_file_sleepable, struct file *file)
{
	if (is_subject())
		record_file(file);
	return 0;
}

static __noinline int log_from_callee(struct bpf_audit_context *ac, struct sockaddr *address)
{
	return bpf_audit_log_net_sockaddr(ac, 0, address, NULL, 28);
}

SEC("lsm/file_ioctl")
int BPF_PROG(on_callers_stack, struct file *file)
{
	struct bpf_audit_context *ac;
	struct sockaddr address;

	if (!is_subject())
		return 0;

	runs++;
	ac = bpf_audit_log_start();
	if (!ac)
		return 0;
	__builtin_memcpy(&address, source_addr, sizeof(address));
	steps[0].ret = log_from_callee(ac, &address);
	bpf_audit_log_end(ac);
	return 0;
}

char file_name[16];

SEC("lsm.s/file_ioctl")
int BPF_PROG(on_file_rcu, struct file *file)
{
	/* A program that has slept before isn't one that may sleep here. */
	if (!is_subject() || bpf_path_d_path(&file->f_path, file_name, sizeof(file_name)) == 0)
		return 0;

	bpf_rcu_read_lock();
	record_file(file);
	bpf_rcu_read_unlock();
	return 0;
}

/* Started where it may sleep, and not added to there. */
SEC("lsm.s/file_ioctl")
int BPF_PROG(on_file_rcu_later, struct file *file)
{
	struct objects of = objects_of(file);
	struct bpf_audit_context *ac;

	if (!is_subject())
		return 0;

	ac = start();
	if (!ac)
		return 0;
	bpf_rcu_read_lock();
	take_steps(ac, &of);
	bpf_rcu_read_unlock();
	bpf_audit_log_end(ac);
	return 0;
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(on_file_preempt, struct file *file)
{
	if (!is_subject())
		return 0;

	bpf_preempt_disable();
	record_file(file);
	bpf_preempt_enable();
	return 0;
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(on_file_preempt_later, struct file *file)
{
	struct objects of = objects_of(file);
	struct bpf_audit_context *ac;

	if (!is_subject())
		return 0;

	ac = start();
	if (!ac)
		return 0;
	bpf_preempt_disable();
	take_steps(ac, &of);
	bpf_audit_log_end(ac);
	bpf_preempt_enable();
	return 0;
}

void bpf_local_irq_save(unsigned long *flags) __weak __ksym;
void bpf_local_irq_restore(unsigned long *flags) __weak __ksym;

SEC("lsm.s/file_ioctl")
int BPF_PROG(on_file_irq, struct file *file)
{
	unsigned long flags;

	if (!is_subject())
		return 0;

	bpf_local_irq_save(&flags);
	record_file(file);
	bpf_local_irq_restore(&flags);
	return 0;
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(on_file_irq_later, struct file *file)
{
	struct objects of = objects_of(file);
	struct bpf_audit_context *ac;
	unsigned long flags;

	if (!is_subject())
		return 0;

	ac = start();
	if (!ac)
		return 0;
	bpf_local_irq_save(&flags);
	take_steps(ac, &of);
	bpf_audit_log_end(ac);
	bpf_local_irq_restore(&flags);
	return 0;
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(on_file_irq_twice, struct file *file)
{
	struct bpf_audit_context *first, *second;
	unsigned long flags;

	if (!is_subject())
		return 0;

	first = bpf_audit_log_start();
	if (!first)
		return 0;
	bpf_audit_log_cause(first, "first");
	second = bpf_audit_log_start();
	if (second)
		bpf_audit_log_cause(second, "second");
	bpf_local_irq_save(&flags);
	bpf_audit_log_end(first);
	if (second)
		bpf_audit_log_end(second);
	bpf_local_irq_restore(&flags);
	return 0;
}

/* What the module calls, in whichever task. */
SEC("lsm/file_ioctl")
int BPF_PROG(on_context, struct file *file, unsigned int cmd)
{
	if (cmd == CMD_FROM_CONTEXT)
		record_file(file);
	return 0;
}

SEC("lsm/file_set_fowner")
int BPF_PROG(on_file_owner, struct file *file)
{
	if (is_subject())
		record_file(file);
	return 0;
}

/* The last file of a task that ends is released when its root is gone. */
SEC("lsm/file_release")
int BPF_PROG(on_file_release, struct file *file)
{
	if (is_subject())
		record_file(file);
	return 0;
}

SEC("lsm/file_ioctl")
int BPF_PROG(two_records, struct file *file)
{
	struct bpf_audit_context *outer, *inner;

	if (!is_subject())
		return 0;

	outer = bpf_audit_log_start();
	if (!outer)
		return 0;
	steps[0].ret = bpf_audit_log_cap(outer, 1);

	inner = bpf_audit_log_start();
	if (inner) {
		/* The keys of one are not the keys of the other. */
		steps[1].ret = bpf_audit_log_cap(inner, 2);
		steps[2].ret = bpf_audit_log_cause(outer, "outer");
		steps[3].ret = bpf_audit_log_cause(inner, "inner");
		bpf_audit_log_end(inner);
	}

	steps[4].ret = bpf_audit_log_file(outer, file);
	bpf_audit_log_end(outer);
	return 0;
}

/* Paths, directory entries, inodes, tasks. */

SEC("lsm/path_mkdir")
int BPF_PROG(on_mkdir, const struct path *dir, struct dentry *dentry)
{
	if (is_subject())
		record(&(struct objects){ .path = dir, .dentry = dentry });
	return 0;
}

/* The directory's inode and the new entry. */
SEC("lsm/inode_create")
int BPF_PROG(on_create, struct inode *directory, struct dentry *dentry)
{
	if (is_subject())
		record(&(struct objects){ .dentry = dentry, .inode = directory });
	return 0;
}

/* While RCU keeps the entry, and nothing else: look away until it is gone. */
SEC("lsm/inode_follow_link")
int BPF_PROG(on_walk, struct dentry *dentry)
{
	bool gone = false;
	int i;

	if (!is_subject())
		return 0;

	bpf_for(i, 0, 20000) {
		barrier();
		gone = dentry->d_lockref.count < 0;
		if (gone)
			break;
	}
	if (!gone)
		return 0;
	/* Its name goes a little later. */
	bpf_for(i, 0, 1000)
		barrier_var(i);
	record(&(struct objects){ .dentry = dentry });
	return 0;
}

/* All objects but a socket. */
SEC("lsm.s/inode_setattr")
int BPF_PROG(on_dentry, struct mnt_idmap *idmap, struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;

	if (is_subject() && inode)
		record_with_exe(&(struct objects){ .dentry = dentry, .inode = inode });
	return 0;
}

SEC("lsm.s/inode_setattr")
int BPF_PROG(on_dentry_preempt, struct mnt_idmap *idmap, struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;

	if (!is_subject() || !inode)
		return 0;

	bpf_preempt_disable();
	record(&(struct objects){ .dentry = dentry, .inode = inode });
	bpf_preempt_enable();
	return 0;
}

/* A function that an extension can replace. */
__weak int replaceable(void)
{
	return 0;
}

SEC("lsm/task_setnice")
int BPF_PROG(on_task, struct task_struct *task)
{
	if (is_subject() && !replaceable())
		record(&(struct objects){ .task = task });
	return 0;
}

/* Sockets. */

SEC("lsm/socket_getsockname")
int BPF_PROG(on_sock, struct socket *sock)
{
	if (is_subject())
		record(&(struct objects){ .sock = sock });
	return 0;
}

/* The socket that will be the accepted one. */
SEC("lsm/socket_accept")
int BPF_PROG(on_accept, struct socket *sock, struct socket *newsock)
{
	if (is_subject())
		record(&(struct objects){ .sock = newsock });
	return 0;
}

/* All objects but a directory entry. */
SEC("lsm/socket_bind")
int BPF_PROG(on_bind, struct socket *sock, struct sockaddr *address, int addrlen)
{
	if (is_subject())
		record_with_exe(&(struct objects){
			.sock = sock,
			.address = address,
			.addrlen = addrlen,
		});
	return 0;
}

SEC("lsm/socket_connect")
int BPF_PROG(on_connect, struct socket *sock, struct sockaddr *address, int addrlen)
{
	if (is_subject())
		record(&(struct objects){
			.sock = sock,
			.address = address,
			.addrlen = addrlen,
		});
	return 0;
}

SEC("lsm/socket_connect")
int BPF_PROG(deny_connect, struct socket *sock, struct sockaddr *address, int addrlen)
{
	if (!is_subject())
		return 0;

	record(&(struct objects){});
	return -EPERM;
}

SEC("lsm_cgroup/socket_bind")
int BPF_PROG(on_bind_cgroup, struct socket *sock, struct sockaddr *address, int addrlen)
{
	if (is_subject())
		record(&(struct objects){
			.task = bpf_get_current_task_btf(),
			.sock = sock,
			.address = address,
			.addrlen = addrlen,
		});
	return 1;
}

SEC("lsm_cgroup/file_ioctl")
int BPF_PROG(on_file_cgroup, struct file *file)
{
	if (is_subject())
		record_file(file);
	return 1;
}

SEC("lsm_cgroup/unix_may_send")
int BPF_PROG(on_may_send_cgroup, struct socket *sock, struct socket *other)
{
	if (is_subject())
		record_with_exe(&(struct objects){ .sock = sock });
	return 1;
}

/*
 * Memory of the program's that is as long as the verifier asks for, and shorter
 * than an IPv6 address: a record for each.
 */

struct short_address {
	struct sockaddr address;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, int);
	__type(value, struct short_address);
	__uint(max_entries, 1);
} short_array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, int);
	__type(value, struct short_address);
	__uint(max_entries, 1);
} short_hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct short_address);
	__uint(max_entries, 1);
} short_element SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, int);
	__type(value, struct short_address);
	__uint(max_entries, 1);
} short_percpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} short_ring SEC(".maps");

static __always_inline void record_short(struct step *step, struct short_address *at)
{
	struct bpf_audit_context *ac;

	__builtin_memcpy(&at->address, source_addr, sizeof(at->address));
	ac = bpf_audit_log_start();
	if (!ac)
		return;
	step->ret = bpf_audit_log_net_sockaddr(ac, 0, &at->address, NULL, 28);
	bpf_audit_log_end(ac);
}

static __always_inline void record_short_value(struct step *step, void *map)
{
	struct short_address *at;
	int key = 0;

	at = bpf_map_lookup_elem(map, &key);
	if (at)
		record_short(step, at);
}

SEC("lsm/file_ioctl")
int BPF_PROG(on_short_addresses, struct file *file)
{
	struct short_address *at;

	if (!is_subject())
		return 0;

	record_short_value(&steps[0], &short_array);
	record_short_value(&steps[1], &short_hash);
	record_short_value(&steps[2], &short_element);
	record_short_value(&steps[3], &short_percpu);
	at = bpf_ringbuf_reserve(&short_ring, sizeof(*at), 0);
	if (at) {
		record_short(&steps[4], at);
		bpf_ringbuf_discard(at, 0);
	}
	return 0;
}

/* Interrupts, and where bottom halves are off. */

SEC("lsm/socket_sock_rcv_skb")
int BPF_PROG(on_packet, struct sock *sk, struct sk_buff *skb)
{
	if (!port || sk->__sk_common.skc_num != port)
		return 0;

	record_with_exe(&(struct objects){});
	return 0;
}

/* Documentation/bpf/audit_kfuncs_design.rst: whose interface is it? */
SEC("lsm/socket_sock_rcv_skb")
int BPF_PROG(on_packet_of_init_net, struct sock *sk, struct sk_buff *skb)
{
	int netif = 0;

	if (!port || sk->__sk_common.skc_num != port)
		return 0;

	if (sk->__sk_common.skc_net.net == &init_net)
		netif = skb->skb_iif;
	steps[0].arg = netif;
	record_with_exe(&(struct objects){});
	return 0;
}

/* Packets that arrive while their socket is in use are handled by the task that uses it. */
SEC("lsm/inet_conn_established")
int BPF_PROG(on_established, struct sock *sk, struct sk_buff *skb)
{
	if (port && bpf_ntohs(sk->__sk_common.skc_dport) == port)
		record(&(struct objects){});
	return 0;
}

SEC("lsm/sctp_assoc_request")
int BPF_PROG(on_association, struct sctp_association *asoc, struct sk_buff *skb)
{
	if (port)
		record(&(struct objects){});
	return 0;
}

SEC("lsm/sctp_assoc_established")
int BPF_PROG(on_associated, struct sctp_association *asoc, struct sk_buff *skb)
{
	if (port)
		record(&(struct objects){});
	return 0;
}

SEC("lsm/file_send_sigiotask")
int BPF_PROG(on_sigio, struct task_struct *task, struct fown_struct *fown, int sig)
{
	if (is_subject())
		record(&(struct objects){});
	return 0;
}

bool in_hardirq;

/* perf sends the signal from an irq_work, under f_owner->lock. */
SEC("lsm/file_send_sigiotask")
int BPF_PROG(on_event, struct task_struct *task, struct fown_struct *fown, int sig)
{
	if (!tgid || task->tgid != tgid)
		return 0;

	in_hardirq = bpf_in_hardirq();
	record_with_exe_of(task, &(struct objects){});
	return 0;
}

SEC("lsm/sock_graft")
int BPF_PROG(on_graft, struct sock *sk, struct socket *parent)
{
	if (is_subject())
		record(&(struct objects){ .sock = parent });
	return 0;
}

/* Where the caller holds a spinlock, with interrupts on. */

/* unix_state_lock() */
SEC("lsm/unix_may_send")
int BPF_PROG(on_may_send, struct socket *sock, struct socket *other)
{
	if (is_subject())
		record_with_exe(&(struct objects){ .sock = sock });
	return 0;
}

/* task_lock() */
SEC("lsm/task_setrlimit")
int BPF_PROG(on_limit, struct task_struct *task)
{
	if (is_subject())
		record_with_exe(&(struct objects){});
	return 0;
}

/* ipc_lock_object() */
SEC("lsm/msg_queue_msgsnd")
int BPF_PROG(on_message, struct kern_ipc_perm *queue)
{
	if (is_subject())
		record_with_exe(&(struct objects){});
	return 0;
}

/* pipelined_send(): the task that sends it receives it for the one that waits. */
SEC("lsm/msg_queue_msgrcv")
int BPF_PROG(on_received, struct kern_ipc_perm *queue, struct msg_msg *message,
	     struct task_struct *receiver)
{
	if (is_subject())
		record(&(struct objects){ .task = receiver });
	return 0;
}

/* It has been called under mount_lock. */
SEC("lsm/capable")
int BPF_PROG(on_capable, const struct cred *cred, struct user_namespace *ns, int cap)
{
	if (is_subject() && cap == CAP_SYS_ADMIN)
		record_with_exe(&(struct objects){});
	return 0;
}

/*
 * A callback runs later, on another stack than the program that set it, and
 * where nothing tells which that is.
 */

struct later {
	struct bpf_timer timer;
	struct bpf_wq work;
	struct bpf_task_work task_work;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, int);
	__type(value, struct later);
	__uint(max_entries, 1);
} laters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, int);
	__type(value, struct later);
	__uint(max_entries, 1);
} probes SEC(".maps");

int callback_error;

SEC("lsm/file_ioctl")
int BPF_PROG(on_probe, struct file *file)
{
	struct later *later;
	int key = 0;

	later = is_subject() ? bpf_map_lookup_elem(&probes, &key) : NULL;
	if (later)
		callback_error = bpf_wq_init(&later->work, &probes, 0);
	return 0;
}

static int record_later(void *map, int *key, struct later *later)
{
	record(&(struct objects){});
	return 0;
}

SEC("lsm/file_ioctl")
int BPF_PROG(on_timer, struct file *file)
{
	struct later *later;
	int key = 0;

	if (!is_subject())
		return 0;

	later = bpf_map_lookup_elem(&laters, &key);
	if (!later)
		return 0;

	bpf_timer_init(&later->timer, &laters, CLOCK_MONOTONIC);
	bpf_timer_set_callback(&later->timer, record_later);
	bpf_timer_start(&later->timer, 0, 0);
	return 0;
}

static int record_in_work(void *map, int *key, void *later)
{
	record(&(struct objects){});
	return 0;
}

static __always_inline void start_work(void)
{
	struct later *later;
	int key = 0;

	later = bpf_map_lookup_elem(&laters, &key);
	if (!later)
		return;

	bpf_wq_init(&later->work, &laters, 0);
	bpf_wq_set_callback(&later->work, record_in_work, 0);
	bpf_wq_start(&later->work, 0);
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(on_work, struct file *file)
{
	if (is_subject())
		start_work();
	return 0;
}

SEC("lsm/inet_conn_established")
int BPF_PROG(on_established_work, struct sock *sk, struct sk_buff *skb)
{
	if (port && bpf_ntohs(sk->__sk_common.skc_dport) == port)
		start_work();
	return 0;
}

/* In another task, which has to do with it as little. */

static int record_in_task(struct bpf_map *map, void *key, void *later)
{
	record(&(struct objects){});
	return 0;
}

SEC("lsm/task_setnice")
int BPF_PROG(on_task_signal, struct task_struct *task)
{
	struct later *later;
	int key = 0;

	if (!is_subject())
		return 0;

	later = bpf_map_lookup_elem(&laters, &key);
	if (later)
		bpf_task_work_schedule_signal(task, &later->task_work, &laters, record_in_task);
	return 0;
}

SEC("lsm/task_setnice")
int BPF_PROG(on_task_resume, struct task_struct *task)
{
	struct later *later;
	int key = 0;

	if (!is_subject())
		return 0;

	later = bpf_map_lookup_elem(&laters, &key);
	if (later)
		bpf_task_work_schedule_resume(task, &later->task_work, &laters, record_in_task);
	return 0;
}

/* In a loop over tasks. */
SEC("lsm/file_ioctl")
int BPF_PROG(on_iterator, struct file *file)
{
	struct task_struct *visited, *task;

	if (!is_subject())
		return 0;

	bpf_for_each(task, visited, NULL, BPF_TASK_ITER_ALL_PROCS) {
		if (visited->pid != 1)
			continue;
		task = bpf_task_acquire(visited);
		if (task) {
			record(&(struct objects){ .task = task });
			bpf_task_release(task);
		}
		break;
	}
	return 0;
}

/* Hooks whose object is only half made. */

SEC("lsm/task_alloc")
int BPF_PROG(on_task_alloc, struct task_struct *task)
{
	if (is_subject())
		record(&(struct objects){ .task = task });
	return 0;
}

SEC("lsm/inode_alloc_security")
int BPF_PROG(on_inode_alloc, struct inode *inode)
{
	if (is_subject())
		record(&(struct objects){ .inode = inode });
	return 0;
}

SEC("lsm/inode_free_security")
int BPF_PROG(on_inode_free, struct inode *inode)
{
	if (is_subject())
		record(&(struct objects){ .inode = inode });
	return 0;
}

/* Several programs on one hook. */

static __always_inline void record_cap(int cap)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	if (!ac)
		return;
	bpf_audit_log_cap(ac, cap);
	bpf_audit_log_end(ac);
}

SEC("lsm/socket_getsockname")
int BPF_PROG(first_of_three, struct socket *sock)
{
	if (is_subject())
		record_cap(1);
	return 0;
}

SEC("lsm/socket_getsockname")
int BPF_PROG(second_of_three, struct socket *sock)
{
	if (is_subject())
		record_cap(2);
	return 0;
}

SEC("lsm/socket_getsockname")
int BPF_PROG(third_of_three, struct socket *sock)
{
	if (is_subject())
		record_cap(3);
	return 0;
}

/* An extension of an LSM program isn't one. */
SEC("?freplace/replaceable")
int replacement(void)
{
	record_cap(4);
	return 0;
}

/*
 * Delivery itself passes this hook, in kauditd: what that writes must not feed it.
 * So do answers to the audit daemon, in the daemon.
 */

__u32 kauditd;
__u32 kauditd_runs;
__u32 kauditd_records;
__u32 other_records;

SEC("lsm/socket_sock_rcv_skb")
int BPF_PROG(feedback, struct sock *sk, struct sk_buff *skb)
{
	bool is_kauditd = sk->__sk_common.skc_family == AF_NETLINK &&
			  (__u32)bpf_get_current_pid_tgid() == kauditd;
	struct bpf_audit_context *ac;

	if (is_kauditd)
		__sync_fetch_and_add(&kauditd_runs, 1);
	/* If kauditd does write records, they must come to an end: the test waits for it. */
	if (is_kauditd && kauditd_records >= 100)
		return 0;
	ac = bpf_audit_log_start();
	if (!ac)
		return 0;
	__sync_fetch_and_add(is_kauditd ? &kauditd_records : &other_records, 1);
	bpf_audit_log_end(ac);
	return 0;
}
