// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs look up paths, but not where d_path() may wait for a lock that their caller holds,
 * or that the task holds which they interrupt.
 */

#include <linux/compiler.h>
#include <netinet/in.h>
#include <sys/utsname.h>
#include <linux/time64.h>
#include <test_progs.h>
#include "lsm_hook_path_context.skel.h"

static int open_temporary(char *name)
{
	int fd;

	strcpy(name, "/tmp/lsm_hook_path_context.XXXXXX");
	fd = mkstemp(name);
	ASSERT_OK_FD(fd, "temporary file");
	return fd;
}

static void open_file(struct lsm_hook_path_context *skel)
{
	char name[64];
	int fd = open_temporary(name);

	if (fd < 0)
		return;
	ASSERT_GT(skel->bss->in_task, 1, "in a task");
	if (skel->bss->counts_spinlocks)
		ASSERT_EQ(skel->bss->preempt_disabled, -EOPNOTSUPP, "with preemption disabled");
	close(fd);
	unlink(name);
}

static void set_owner(struct lsm_hook_path_context *skel)
{
	char name[64];
	int fd = open_temporary(name);

	if (fd < 0)
		return;
	ASSERT_OK(fcntl(fd, F_SETOWN, getpid()), "F_SETOWN");
	ASSERT_EQ(skel->bss->irqs_disabled, -EOPNOTSUPP, "with interrupts disabled");
	close(fd);
	unlink(name);
}

/* A packet is mostly received in a softirq of its sender, or else by ksoftirqd. */
static void receive_packets(struct lsm_hook_path_context *skel)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(address);
	int i, fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (!ASSERT_OK_FD(fd, "socket"))
		return;
	if (ASSERT_OK(bind(fd, (struct sockaddr *)&address, size), "bind") &&
	    ASSERT_OK(getsockname(fd, (struct sockaddr *)&address, &size), "getsockname") &&
	    ASSERT_OK(connect(fd, (struct sockaddr *)&address, size), "connect"))
		for (i = 0; i < 10000 && !skel->bss->softirq; i++)
			send(fd, "", 1, MSG_DONTWAIT);
	ASSERT_EQ(skel->bss->softirq, -EOPNOTSUPP, "in a softirq");
	close(fd);
}

/* The timer starts itself again until it interrupts this task. */
static void start_timer(struct lsm_hook_path_context *skel)
{
	__u64 end = get_time_ns() + 20 * NSEC_PER_SEC;
	cpu_set_t before, one;
	char name[64];
	int fd = open_temporary(name);

	if (fd < 0)
		return;
	/* It stays on the processor on which it was started. */
	sched_getaffinity(0, sizeof(before), &before);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	if (ASSERT_OK(truncate(name, 0), "truncate"))
		while (!READ_ONCE(skel->bss->timer_helper) && !skel->bss->timer_error &&
		       get_time_ns() < end)
			;
	if (skel->bss->timer_error == -ENOMEM) {
		printf("%s:SKIP: the kernel has no memory for timers\n", __func__);
		test__skip();
		goto close;
	}
	ASSERT_EQ(skel->bss->timer_kfunc, -EOPNOTSUPP, "bpf_path_d_path()");
	ASSERT_EQ(skel->bss->timer_helper, -EOPNOTSUPP, "bpf_d_path()");
close:
	sched_setaffinity(0, sizeof(before), &before);
	close(fd);
	unlink(name);
}

/* Spinlocks sleep, so that a program cannot tell that one is held. There is no bpf_timer. */
static bool is_realtime(void)
{
	struct utsname name;

	return !uname(&name) && strstr(name.version, " PREEMPT_RT ");
}

static bool has(bool it, const char *or_why)
{
	if (!it) {
		printf("SKIP: %s\n", or_why);
		test__force_log();
		test__skip();
	}
	return it;
}

void test_lsm_hook_path_context(void)
{
	struct lsm_hook_path_context *skel = lsm_hook_path_context__open();
	bool realtime = is_realtime(), timer, packets;

	/* Hooks that take SECURITY_PATH and SECURITY_NETWORK. */
	timer = !realtime && libbpf_find_vmlinux_btf_id("path_truncate", BPF_LSM_MAC) > 0;
	packets = libbpf_find_vmlinux_btf_id("socket_sock_rcv_skb", BPF_LSM_MAC) > 0;
	if (!ASSERT_OK_PTR(skel, "open"))
		return;
	bpf_program__set_autoload(skel->progs.path_truncate, timer);
	bpf_program__set_autoload(skel->progs.socket_sock_rcv_skb, packets);
	if (ASSERT_OK(lsm_hook_path_context__load(skel), "load") &&
	    ASSERT_OK(lsm_hook_path_context__attach(skel), "attach")) {
		skel->bss->tgid = getpid();
		if (test__start_subtest("task"))
			open_file(skel);
		if (test__start_subtest("spinlock") &&
		    has(!realtime, "spinlocks disable no preemption (PREEMPT_RT)"))
			set_owner(skel);
		if (test__start_subtest("softirq") &&
		    has(packets, "the kernel has no SECURITY_NETWORK"))
			receive_packets(skel);
		if (test__start_subtest("timer") &&
		    has(timer, "the kernel has PREEMPT_RT, or no SECURITY_PATH"))
			start_timer(skel);
		skel->bss->tgid = 0;
	}
	lsm_hook_path_context__destroy(skel);
}
