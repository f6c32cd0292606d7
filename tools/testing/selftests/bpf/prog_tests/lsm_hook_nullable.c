// SPDX-License-Identifier: GPL-2.0-only
/*
 * Some callers of LSM hooks pass NULL. The verifier must know, since a program reads
 * from a trusted pointer without any protection.
 */

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/time.h>
#include <bpf/btf.h>
#include <test_progs.h>
#include "lsm_hook_nullable.skel.h"

#ifndef IP_PASSSEC
#define IP_PASSSEC 18
#endif

static const struct {
	const char *hook;
	int argument;
	bool of_pointer; /* its first member is one, which is read as a whole */
} nullable[] = {
	{ "bpf_map_create", 2 },
	{ "bpf_prog_load", 2 },
	{ "inode_init_security", 2 },
	{ "inode_init_security", 3, true },
	{ "inode_init_security_anon", 2 },
	{ "inode_post_set_acl", 2 },
	{ "inode_set_acl", 3 },
	{ "msg_queue_msgctl", 0 },
	{ "quotactl", 3, true },
	{ "secid_to_secctx", 1, true },
	{ "sem_semctl", 0 },
	{ "settime", 0 },
	{ "settime", 1 },
	{ "shm_shmctl", 0 },
	{ "socket_getpeersec_dgram", 0 },
	{ "socket_getpeersec_dgram", 1, true },
	{ "task_kill", 1 },
	{ "task_kill", 3 },
	{ "xfrm_policy_clone_security", 0 },
	{ "xfrm_policy_delete_security", 0 },
	{ "xfrm_policy_free_security", 0 },
	{ "xfrm_policy_lookup", 0 },
	{ "xfrm_state_alloc_acquire", 1 },
};

static char verifier_log[16384];

/* A program that reads the start of an argument, if it isn't NULL or at once. */
static int load_reader(int hook, int argument, bool of_pointer, bool tested)
{
	const struct bpf_insn insns[] = {
		BPF_LDX_MEM(BPF_DW, BPF_REG_1, BPF_REG_1, 8 * argument),
		tested ? BPF_JMP_IMM(BPF_JEQ, BPF_REG_1, 0, 1) : BPF_JMP_A(0),
		BPF_LDX_MEM(of_pointer ? BPF_DW : BPF_B, BPF_REG_0, BPF_REG_1, 0),
		BPF_MOV64_IMM(BPF_REG_0, 0),
		BPF_EXIT_INSN(),
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options);
	int fd;

	options.expected_attach_type = BPF_LSM_MAC;
	options.attach_btf_id = hook;
	options.log_buf = verifier_log;
	options.log_size = sizeof(verifier_log);
	options.log_level = 1;
	verifier_log[0] = '\0';
	fd = bpf_prog_load(BPF_PROG_TYPE_LSM, "reader", "GPL", insns, ARRAY_SIZE(insns), &options);
	if (fd >= 0)
		close(fd);
	return fd;
}

static void verdicts(void)
{
	static const char refusal[] = "R1 invalid mem access 'trusted_ptr_or_null_'";
	bool of_pointer;
	char name[64];
	int hook, arg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(nullable); i++) {
		hook = libbpf_find_vmlinux_btf_id(nullable[i].hook, BPF_LSM_MAC);
		if (hook <= 0) /* the kernel is configured without it */
			continue;

		arg = nullable[i].argument;
		of_pointer = nullable[i].of_pointer;
		snprintf(name, sizeof(name), "%s, argument %d", nullable[i].hook, arg);
		ASSERT_LT(load_reader(hook, arg, of_pointer, false), 0, name);
		ASSERT_HAS_SUBSTR(verifier_log, refusal, name);
		if (!ASSERT_GE(load_reader(hook, arg, of_pointer, true), 0, name))
			fprintf(stderr, "%s", verifier_log);
	}
}

/* A datagram to ourselves, and the question who sent it. */
static void ask_for_peer(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	char byte, control[256];
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	socklen_t len = sizeof(address);
	int fd, one = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (!ASSERT_OK_FD(fd, "socket"))
		return;
	if (ASSERT_OK(bind(fd, (void *)&address, len), "bind") &&
	    ASSERT_OK(getsockname(fd, (void *)&address, &len), "getsockname") &&
	    ASSERT_OK(setsockopt(fd, IPPROTO_IP, IP_PASSSEC, &one, sizeof(one)), "IP_PASSSEC") &&
	    ASSERT_EQ(sendto(fd, "", 1, 0, (void *)&address, len), 1, "sendto"))
		ASSERT_EQ(recvmsg(fd, &msg, 0), 1, "recvmsg");
	close(fd);
}

static void send_to_peer(void)
{
	int fds[2];

	if (!ASSERT_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), "socketpair"))
		return;
	ASSERT_EQ(send(fds[0], "", 1, 0), 1, "send");
	close(fds[0]);
	close(fds[1]);
}

static void make_bpf_objects(void)
{
	const struct bpf_insn insns[] = { BPF_MOV64_IMM(BPF_REG_0, 0), BPF_EXIT_INSN() };
	int fd;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "map", 4, 4, 1, NULL);
	if (ASSERT_OK_FD(fd, "map"))
		close(fd);
	fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "filter", "GPL", insns, 2, NULL);
	if (ASSERT_OK_FD(fd, "program"))
		close(fd);
}

/* That they do pass NULL: if one no longer does, the verifier need not be so strict. */
static void callers(void)
{
	struct timezone utc = {};
	struct lsm_hook_nullable *skel;
	struct timeval now;
	struct seminfo seminfo;
	struct shminfo shminfo;
	struct msginfo msginfo;
	bool sockets, asked = false;
	int fd;

	skel = lsm_hook_nullable__open();
	if (!ASSERT_OK_PTR(skel, "open"))
		return;
	/* This hook takes SECURITY_NETWORK. */
	sockets = libbpf_find_vmlinux_btf_id("socket_getpeersec_dgram", BPF_LSM_MAC) > 0;
	bpf_program__set_autoload(skel->progs.socket_getpeersec_dgram, sockets);
	if (!ASSERT_OK(lsm_hook_nullable__load(skel), "load") ||
	    !ASSERT_OK(lsm_hook_nullable__attach(skel), "attach"))
		goto destroy;

	skel->bss->tgid = getpid();
	ASSERT_OK(kill(getpid(), 0), "kill");
	msgctl(0, IPC_INFO, (void *)&msginfo);
	semctl(0, 0, IPC_INFO, &seminfo);
	shmctl(0, IPC_INFO, (void *)&shminfo);
	fd = memfd_create("anonymous", 0);
	if (ASSERT_OK_FD(fd, "memfd_create"))
		close(fd);
	if (sockets) {
		/* Where SELinux or Smack knows the peer, nobody else is asked. */
		send_to_peer();
		asked = skel->bss->getpeersec_runs;
		ask_for_peer();
	}
	make_bpf_objects();
	/* The program denies it: neither is changed. */
	ASSERT_ERR(settimeofday(NULL, &utc), "set the time zone");
	if (ASSERT_OK(gettimeofday(&now, NULL), "gettimeofday"))
		ASSERT_ERR(settimeofday(&now, NULL), "set the time");
	skel->bss->tgid = 0;

	ASSERT_GT(skel->bss->task_kill_info, 0, "task_kill: info");
	ASSERT_GT(skel->bss->task_kill_cred, 0, "task_kill: cred");
	ASSERT_GT(skel->bss->msg_queue_msgctl_perm, 0, "msg_queue_msgctl: perm");
	ASSERT_GT(skel->bss->sem_semctl_perm, 0, "sem_semctl: perm");
	ASSERT_GT(skel->bss->shm_shmctl_perm, 0, "shm_shmctl: perm");
	ASSERT_GT(skel->bss->inode_init_security_anon_context, 0,
		  "inode_init_security_anon: context_inode");
	if (asked)
		ASSERT_GT(skel->bss->getpeersec_skb, 0, "socket_getpeersec_dgram: skb");
	if (skel->bss->getpeersec_runs > asked)
		ASSERT_GT(skel->bss->getpeersec_sock, 0, "socket_getpeersec_dgram: sock");
	ASSERT_GT(skel->bss->map_create_token, 0, "bpf_map_create: token");
	ASSERT_GT(skel->bss->prog_load_token, 0, "bpf_prog_load: token");
	ASSERT_GT(skel->bss->settime_ts, 0, "settime: ts");
	ASSERT_GT(skel->bss->settime_tz, 0, "settime: tz");
destroy:
	lsm_hook_nullable__destroy(skel);
}

void test_lsm_hook_nullable(void)
{
	if (test__start_subtest("verdicts"))
		verdicts();
	if (test__start_subtest("callers"))
		callers();
}
