// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit kfuncs in interrupts, soft and hard, and where bottom halves are off: the
 * current task is not the subject there, and a spinlock may be held.
 */
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/syscall.h>

#include "lsm_audit_objects.h"

/* Send until a packet met a process, not the kernel's own thread for interrupts. */
static bool act_send(const void *arg)
{
	const int *fds = arg;
	char byte;
	int i;

	for (i = 0; i < 1000 && !__atomic_load_n(&skel->bss->runs, __ATOMIC_ACQUIRE); i++) {
		if (send(fds[1], "", 1, 0) != 1 || recv(fds[0], &byte, 1, 0) != 1)
			return false;
	}
	return i < 1000;
}

static void test_softirq(void)
{
	const struct step steps[] = {
		{ CALL_PATH, .ret = -EOPNOTSUPP },
		{ CALL_FILE, .ret = -EOPNOTSUPP },
		{ CALL_IOCTL_OP, .ret = -EOPNOTSUPP },
		{ CALL_INODE, .ret = -EOPNOTSUPP },
		{ CALL_CAUSE, .arg = CAUSE_SPACE },
		{ CALL_CAP, .arg = 13 },
		{ CALL_TASK },
		{ CALL_NET_SOCKADDR, .source = ADDR_STACK, .addrlen = 28,
		  .ret = has_ipv6() ? -EINVAL : -EAFNOSUPPORT },
		{ CALL_NET_SOCKADDR, .arg = LO, .dest = ADDR_MAP, .addrlen = 16 },
		{}
	};
	int fds[2];

	if (!attach(skel->progs.on_packet))
		return;

	set_addresses(ipv6("2001:db8::1", 1), ipv4("192.0.2.1", 1));
	fds[0] = start_server(AF_INET, SOCK_DGRAM, "127.0.0.1", 0, 0);
	fds[1] = connect_to_fd(fds[0], 0);
	skel->bss->port = port_of(fds[0]);
	check_record_of_nobody(steps,
			       " cause=74776F20776F726473 capability=13  opid={num} ocomm={str} daddr=192.0.2.1 dest=1 netif=lo",
			       act_send, fds);
	skel->bss->port = 0;
	close(fds[1]);
	close(fds[0]);
}

/* Run until the clock of this process has been told of. */
static bool act_event(const void *unused)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = 100 * 1000,
		.disabled = 1,
	};
	__u64 end = get_time_ns() + 10 * NSEC_PER_SEC;
	int fd;

	signal(SIGIO, SIG_IGN);
	fd = syscall(__NR_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0 || fcntl(fd, F_SETOWN, getpid()) || fcntl(fd, F_SETFL, O_ASYNC) ||
	    ioctl(fd, PERF_EVENT_IOC_REFRESH, 1))
		return false;
	while (!__atomic_load_n(&skel->bss->ended, __ATOMIC_ACQUIRE) && get_time_ns() < end)
		continue;
	return skel->bss->ended;
}

/* With PREEMPT_RT the handler runs in a thread. */
static void test_hard_interrupt(void)
{
	const struct step steps[] = {
		{ CALL_PATH, .ret = -EOPNOTSUPP },
		{ CALL_FILE, .ret = -EOPNOTSUPP },
		{ CALL_INODE, .ret = -EOPNOTSUPP },
		{ CALL_CAUSE, .arg = CAUSE_SPACE },
		{ CALL_TASK },
		{ CALL_NET_SOCKADDR, .arg = LO, .dest = ADDR_MAP, .addrlen = 16 },
		{}
	};

	if (access("/proc/sys/kernel/perf_event_paranoid", F_OK)) {
		skip("the kernel has no ", "PERF_EVENTS");
		return;
	}
	if (!attach(skel->progs.on_event))
		return;
	set_addresses(ipv4("192.0.2.1", 1), ipv4("192.0.2.1", 1));
	check_record_of_nobody(steps,
			       " cause=74776F20776F726473 opid={num} ocomm={str} daddr=192.0.2.1 dest=1 netif=lo",
			       act_event, NULL);
	ASSERT_EQ(skel->bss->in_hardirq, !is_realtime(), "in a hard interrupt");
}

static bool act_send_to_self(const void *unused)
{
	int fds[2];
	bool sent;

	fds[0] = start_server(AF_INET, SOCK_DGRAM, "127.0.0.1", 0, 0);
	fds[1] = connect_to_fd(fds[0], 0);
	skel->bss->port = port_of(fds[0]);
	sent = act_send(fds);
	skel->bss->port = 0;
	return sent;
}

/* The same in a network namespace of its own. */
static bool act_send_elsewhere(const void *unused)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET))
		return false;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	return !ioctl(fd, SIOCSIFFLAGS, &lo) && act_send_to_self(NULL);
}

/*
 * In an interrupt the namespace of the current task says nothing of the interface: it
 * is written, unless the program finds that the packet is another namespace's.
 */
static void test_softirq_namespace(void)
{
	const struct step steps[] = {
		{ CALL_NET_SOCKADDR, .arg = LO, .dest = ADDR_MAP, .addrlen = 16 },
		{}
	};

	if (access("/proc/self/ns/net", F_OK)) {
		skip("the kernel has no ", "NET_NS");
		return;
	}
	set_addresses(ipv4("192.0.2.1", 1), ipv4("192.0.2.1", 1));
	if (attach(skel->progs.on_packet))
		check_record_of_nobody(steps, " daddr=192.0.2.1 dest=1 netif=lo",
				       act_send_elsewhere, NULL);
	if (!knows_address("init_net") || !attach(skel->progs.on_packet_of_init_net))
		return;
	check_record_of_nobody(steps, " daddr=192.0.2.1 dest=1 netif=lo", act_send_to_self, NULL);
	check_record_of_nobody(steps, " daddr=192.0.2.1 dest=1", act_send_elsewhere, NULL);
}

/* A process with its bottom halves off is no interrupt, but may work for others. */
static void test_bottom_halves_off(void)
{
	const struct step sock[] = { { CALL_NET_SOCK }, { CALL_CAP }, {} };
	const struct step unix_sock[] = {
		{ CALL_NET_SOCK, .ret = -EOPNOTSUPP },
		/* Refused, so that the keys are free. */
		{ CALL_NET_SOCKADDR, .source = ADDR_MAP, .addrlen = 16 },
		{}
	};
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, peer;
	char text[128];

	if (!attach(skel->progs.on_graft))
		return;

	fd = connected(AF_INET, "127.0.0.2", "127.0.0.3", &peer);
	if (fd >= 0) {
		snprintf(text, sizeof(text),
			 " laddr=127.0.0.3 lport=%d faddr=127.0.0.2 fport=%d capability=0 ",
			 port_of(peer), port_of(fd));
		check_record_of_nobody(sock, text, act_accept, &peer);
		close(fd);
		close(peer);
	}

	set_addresses(ipv4("192.0.2.1", 1), ipv4("192.0.2.1", 1));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/accept", dir);
	peer = unix_socket(address.sun_path, strlen(address.sun_path));
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (ASSERT_OK(listen(peer, 1), "listen") &&
	    ASSERT_OK(connect(fd, (struct sockaddr *)&address, sizeof(address)), "connect"))
		check_record_of_nobody(unix_sock, " saddr=192.0.2.1 src=1", act_accept, &peer);
	close(fd);
	close(peer);
	unlink(address.sun_path);
}

static const struct subtest subtests[] = {
	{ "hard_interrupt", test_hard_interrupt },
	{ "softirq", test_softirq },
	{ "softirq_namespace", test_softirq_namespace },
	{ "bottom_halves_off", test_bottom_halves_off },
};

/* The audit socket is one for the whole machine. */
void serial_test_lsm_audit_kfuncs_interrupts(void)
{
	run_subtests(subtests, ARRAY_SIZE(subtests));
}
