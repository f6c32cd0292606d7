// SPDX-License-Identifier: GPL-2.0-only

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

pid_t tgid;
int task_kill_info, task_kill_cred;
int msg_queue_msgctl_perm, sem_semctl_perm, shm_shmctl_perm;
int inode_init_security_anon_context;
int getpeersec_runs, getpeersec_sock, getpeersec_skb;
int map_create_token, prog_load_token;
int settime_ts, settime_tz;

static bool ours(void)
{
	return bpf_get_current_pid_tgid() >> 32 == tgid;
}

#define COUNT_NULL(counter, argument)				\
	do {							\
		if (ours() && !(argument))			\
			__sync_fetch_and_add(&(counter), 1);	\
	} while (0)

SEC("lsm/task_kill")
int BPF_PROG(task_kill, struct task_struct *task, struct kernel_siginfo *info, int sig,
	     const struct cred *cred)
{
	COUNT_NULL(task_kill_info, info);
	COUNT_NULL(task_kill_cred, cred);
	return 0;
}

SEC("lsm/msg_queue_msgctl")
int BPF_PROG(msg_queue_msgctl, struct kern_ipc_perm *perm)
{
	COUNT_NULL(msg_queue_msgctl_perm, perm);
	return 0;
}

SEC("lsm/sem_semctl")
int BPF_PROG(sem_semctl, struct kern_ipc_perm *perm)
{
	COUNT_NULL(sem_semctl_perm, perm);
	return 0;
}

SEC("lsm/shm_shmctl")
int BPF_PROG(shm_shmctl, struct kern_ipc_perm *perm)
{
	COUNT_NULL(shm_shmctl_perm, perm);
	return 0;
}

SEC("lsm/inode_init_security_anon")
int BPF_PROG(inode_init_security_anon, struct inode *inode, const struct qstr *name,
	     const struct inode *context)
{
	COUNT_NULL(inode_init_security_anon_context, context);
	return 0;
}

SEC("lsm/socket_getpeersec_dgram")
int BPF_PROG(socket_getpeersec_dgram, struct socket *sock, struct sk_buff *skb)
{
	COUNT_NULL(getpeersec_runs, NULL);
	COUNT_NULL(getpeersec_sock, sock);
	COUNT_NULL(getpeersec_skb, skb);
	return -92; /* ENOPROTOOPT, the default */
}

SEC("lsm/bpf_map_create")
int BPF_PROG(bpf_map_create, struct bpf_map *map, union bpf_attr *attr, struct bpf_token *token)
{
	COUNT_NULL(map_create_token, token);
	return 0;
}

SEC("lsm/bpf_prog_load")
int BPF_PROG(bpf_prog_load, struct bpf_prog *prog, union bpf_attr *attr, struct bpf_token *token)
{
	COUNT_NULL(prog_load_token, token);
	return 0;
}

SEC("lsm/settime")
int BPF_PROG(settime, const struct timespec64 *ts, const struct timezone *tz)
{
	COUNT_NULL(settime_ts, ts);
	COUNT_NULL(settime_tz, tz);
	return ours() ? -1 : 0;	/* EPERM */
}

char _license[] SEC("license") = "GPL";
