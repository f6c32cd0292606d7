// SPDX-License-Identifier: GPL-2.0-only

#include <vmlinux.h>
#include <errno.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf_audit_kfuncs.h"
#include "bpf_experimental.h"
#include "bpf_misc.h"
#include "lsm_audit_bench.h"

/* include/uapi/linux/capability.h */
#define CAP_NET_ADMIN 12

char _license[] SEC("license") = "GPL";

/* Only what this process does is recorded. */
__u32 tgid;

/* What a record holds, and an address for it. */
__u32 fields;
char source_addr[128];

/* What the last record took, in ns. */
__u64 elapsed;

/* How many records were started, and how often that failed. */
long written;
long refused;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} ringbuf SEC(".maps");

/* The facts of a record with a cause, a capability, a file and a task. */
struct facts {
	__u32 pid;
	char comm[16];
	char cause[17];
	int cap;
	__u64 ino;
	__u32 dev;
	__u32 opid;
	char ocomm[16];
	char path[256];
};

/* The objects that a hook has to offer; NULL stands for none. */
struct objects {
	struct file *file;
	const struct path *dir;
	struct dentry *dentry;
	struct socket *sock;
	struct sockaddr *address;
	int addrlen;
};

static bool is_subject(void)
{
	return tgid && bpf_get_current_pid_tgid() >> 32 == tgid;
}

static __always_inline bool record(const struct objects *of)
{
	struct bpf_audit_context *ac;

	ac = bpf_audit_log_start();
	if (!ac)
		return false;

	if (fields & FIELD_CAUSE)
		bpf_audit_log_cause(ac, "no-exec-from-tmp");
	if (bpf_ksym_exists(bpf_audit_log_rule) && fields & FIELD_RULE)
		bpf_audit_log_rule(ac, 12);
	if (fields & FIELD_CAP)
		bpf_audit_log_cap(ac, CAP_NET_ADMIN);
	if (of->file && fields & FIELD_PATH)
		bpf_audit_log_path(ac, &of->file->f_path);
	if (bpf_ksym_exists(bpf_audit_log_path_at) && of->dir && fields & FIELD_PATH_AT)
		bpf_audit_log_path_at(ac, of->dir, of->dentry);
	if (of->file && fields & FIELD_FILE)
		bpf_audit_log_file(ac, of->file);
	if (of->file && fields & FIELD_IOCTL_OP)
		bpf_audit_log_ioctl_op(ac, of->file, 0x5401);
	if (of->dentry && fields & FIELD_DENTRY)
		bpf_audit_log_dentry(ac, of->dentry);
	if (of->file && fields & FIELD_INODE)
		bpf_audit_log_inode(ac, of->file->f_inode);
	if (fields & FIELD_TASK)
		bpf_audit_log_task(ac, bpf_get_current_task_btf());
	if (of->sock && fields & FIELD_NET_SOCK)
		bpf_audit_log_net_sock(ac, 0, of->sock);
	if (of->address && fields & FIELD_NET_SOCKADDR)
		bpf_audit_log_net_sockaddr(ac, 0, (struct sockaddr *)source_addr,
					   of->address, of->addrlen);

	bpf_audit_log_end(ac);
	return true;
}

static __always_inline void send_facts(struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct facts *facts;

	facts = bpf_ringbuf_reserve(&ringbuf, sizeof(*facts), 0);
	if (!facts)
		return;

	facts->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(facts->comm, sizeof(facts->comm));
	__builtin_memcpy(facts->cause, "no-exec-from-tmp", sizeof(facts->cause));
	facts->cap = CAP_NET_ADMIN;
	facts->ino = file->f_inode->i_ino;
	facts->dev = file->f_inode->i_sb->s_dev;
	facts->opid = task->tgid;
	bpf_probe_read_kernel(facts->ocomm, sizeof(facts->ocomm), task->comm);
	bpf_path_d_path(&file->f_path, facts->path, sizeof(facts->path));

	bpf_ringbuf_submit(facts, 0);
}

/* One record, and what it took: the program's own work is a few instructions. */

/* The start of a function of the floor, and what the functions took. */
bool floor_on;
__u64 floor_start;
__u64 floor_elapsed[NR_FLOOR];

static __always_inline void timed_record(const struct objects *of)
{
	__u64 start;
	bool done;

	floor_on = true;
	start = bpf_ktime_get_ns();
	done = record(of);
	elapsed = bpf_ktime_get_ns() - start;
	floor_on = false;

	if (done)
		written++;
	else
		refused++;
}

SEC("lsm/file_ioctl")
int BPF_PROG(on_file, struct file *file)
{
	__u64 start;

	if (!is_subject())
		return 0;

	if (fields & NO_RECORD) {
		start = bpf_ktime_get_ns();
		elapsed = bpf_ktime_get_ns() - start;
	} else if (fields & RING_BUFFER) {
		start = bpf_ktime_get_ns();
		send_facts(file);
		elapsed = bpf_ktime_get_ns() - start;
	} else {
		timed_record(&(struct objects){ .file = file });
	}
	return -EPERM;
}

SEC("lsm/inode_setattr")
int BPF_PROG(on_dentry, struct mnt_idmap *idmap, struct dentry *dentry)
{
	if (!is_subject())
		return 0;

	timed_record(&(struct objects){ .dentry = dentry });
	return -EPERM;
}

SEC("lsm/path_unlink")
int BPF_PROG(on_entry, const struct path *dir, struct dentry *dentry)
{
	if (!is_subject())
		return 0;

	timed_record(&(struct objects){ .dir = dir, .dentry = dentry });
	return -EPERM;
}

SEC("lsm/socket_connect")
int BPF_PROG(on_connect, struct socket *sock, struct sockaddr *address, int addrlen)
{
	if (!is_subject())
		return 0;

	timed_record(&(struct objects){
		.sock = sock,
		.address = address,
		.addrlen = addrlen,
	});
	return -EPERM;
}

/* The floor: the functions that start and end a record, as others call them. */

static __always_inline void floor_ends(enum floor function)
{
	__u64 now = bpf_ktime_get_ns();

	if (floor_on)
		floor_elapsed[function] = now - floor_start;
}

SEC("fentry/audit_log_start")
int BPF_PROG(enter_start)
{
	floor_start = bpf_ktime_get_ns();
	return 0;
}

SEC("fexit/audit_log_start")
int BPF_PROG(exit_start)
{
	floor_ends(FLOOR_START);
	return 0;
}

/* The same, where the kfuncs call another function. */
SEC("?fentry/audit_log_start_wanted")
int BPF_PROG(enter_start_wanted)
{
	floor_start = bpf_ktime_get_ns();
	return 0;
}

SEC("?fexit/audit_log_start_wanted")
int BPF_PROG(exit_start_wanted)
{
	floor_ends(FLOOR_START);
	return 0;
}

SEC("fentry/audit_log_end")
int BPF_PROG(enter_end)
{
	floor_start = bpf_ktime_get_ns();
	return 0;
}

SEC("fexit/audit_log_end")
int BPF_PROG(exit_end)
{
	floor_ends(FLOOR_END);
	return 0;
}

SEC("fentry/bpf_fentry_test1")
int BPF_PROG(enter_nothing)
{
	floor_on = true;
	floor_start = bpf_ktime_get_ns();
	return 0;
}

SEC("fexit/bpf_fentry_test1")
int BPF_PROG(exit_nothing)
{
	floor_ends(FLOOR_NOTHING);
	floor_on = false;
	return 0;
}

/* A record of another security module, as it writes one of a denial. */

SEC("?fentry/landlock_audit_denial")
int BPF_PROG(enter_landlock)
{
	floor_start = bpf_ktime_get_ns();
	return 0;
}

SEC("?fexit/landlock_audit_denial")
int BPF_PROG(exit_landlock)
{
	if (is_subject())
		elapsed = bpf_ktime_get_ns() - floor_start;
	return 0;
}

/* As many records as the machine can do. */

static __always_inline int flood(struct file *file)
{
	bool done;

	if (!is_subject())
		return 0;

	done = record(&(struct objects){ .file = file });
	if (done)
		__sync_add_and_fetch(&written, 1);
	else
		__sync_add_and_fetch(&refused, 1);
	return -EPERM;
}

SEC("lsm/file_ioctl")
int BPF_PROG(flood_atomic, struct file *file)
{
	return flood(file);
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(flood_sleepable, struct file *file)
{
	return flood(file);
}
