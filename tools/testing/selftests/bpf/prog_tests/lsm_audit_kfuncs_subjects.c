// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which task a record of the audit kfuncs names where a program doesn't run on
 * behalf of the current one: in callbacks, and where packets are handled. What
 * runs in interrupts is tested by lsm_audit_kfuncs_contexts.c.
 */
#include <netinet/in.h>
#include <sys/msg.h>
#include <sys/resource.h>

#include "lsm_audit_objects.h"

static bool wait_for_record(void)
{
	int i;

	for (i = 0; i < 5000 && !__atomic_load_n(&skel->bss->ended, __ATOMIC_ACQUIRE); i++)
		usleep(1000);
	return i < 5000;
}

static bool act_ioctl_and_wait(const void *unused)
{
	act_ioctl_file(NULL);
	return wait_for_record();
}

/* They take memory of kmalloc_nolock(), which has none on riscv64 without Zacas. */
static bool has_callbacks(void)
{
	if (!attach(skel->progs.on_probe))
		return false;
	act_as(SUBJECT, NULL, act_ioctl_file, NULL);
	if (skel->bss->callback_error == -ENOMEM)
		skip("the kernel has no memory for ", "callbacks");
	return skel->bss->callback_error != -ENOMEM;
}

/* The stack of a callback is a program's own, as well. */
static void test_timer(void)
{
	const struct step steps[] = {
		{ CALL_NET_SOCKADDR, .source = ADDR_STACK, .addrlen = 28, .ret = -EINVAL },
		{ CALL_NET_SOCKADDR, .dest = ADDR_STACK, .addrlen = 24, .ret = -EINVAL },
		{ CALL_NET_SOCKADDR, .source = ADDR_MAP, .addrlen = 28 },
		{}
	};

	if (is_realtime()) {
		skip("PREEMPT_RT has no ", "bpf_timer");
		return;
	}
	if (!needs_ipv6() || !has_callbacks() || !attach(skel->progs.on_timer))
		return;
	set_addresses(ipv6("2001:db8::1", 1234), ipv6("2001:db8::1", 1234));
	check_record_of_nobody(steps, " saddr=2001:db8::1 src=1234", act_ioctl_and_wait, NULL);
}

static void test_workqueue(void)
{
	const struct step steps[] = {
		{ CALL_NET_SOCKADDR, .source = ADDR_STACK, .addrlen = 28, .ret = -EINVAL },
		{ CALL_NET_SOCKADDR, .source = ADDR_MAP, .addrlen = 28 },
		{}
	};
	const struct audit_record *record;

	if (!needs_ipv6() || !has_callbacks() || !attach(skel->progs.on_work))
		return;
	set_addresses(ipv6("2001:db8::1", 1234), ipv6("2001:db8::1", 1234));
	audit_drain(audit);
	act_as(SUBJECT, steps, act_ioctl_and_wait, NULL);
	audit_expect(audit, AUDIT_BPF_LSM_ACCESS,
		     "prog-id=%u pid={num} comm={str} saddr=2001:db8::1 src=1234", prog_id);
	if (!settled() || !check_returns())
		return;
	/* The subject is the kernel's thread. */
	record = audit_record(audit, AUDIT_BPF_LSM_ACCESS, 0);
	ASSERT_HAS_SUBSTR(record->text, " comm=\"kworker/", "the thread of a workqueue");
}

static bool act_setnice_and_wait(const void *pid)
{
	return !setpriority(PRIO_PROCESS, *(const pid_t *)pid, 1) && wait_for_record();
}

/* A program can choose the task that its callback runs in, which is then the subject. */
static void check_task_work(struct bpf_program *prog)
{
	const struct audit_record *record;
	pid_t object;

	if (!has_callbacks() || !attach(prog))
		return;
	object = start_object("object");
	if (object < 0)
		return;
	audit_drain(audit);
	act_as(SUBJECT, NULL, act_setnice_and_wait, &object);
	expect_of(prog_id, object, "object", "");
	if (settled()) {
		/* The object's system call has been recorded before. */
		record = audit_record(audit, AUDIT_BPF_LSM_ACCESS, 0);
		ASSERT_EQ(audit_count(audit, AUDIT_SYSCALL, record->serial), 0,
			  "SYSCALL records of its serial");
	}
	stop_process(object);
}

static void test_task_work_signal(void)
{
	check_task_work(skel->progs.on_task_signal);
}

static void test_task_work_resume(void)
{
	check_task_work(skel->progs.on_task_resume);
}

/* The task that a loop visits isn't the subject. */
static void test_iterator(void)
{
	const struct step steps[] = { { CALL_TASK }, {} };

	if (attach(skel->progs.on_iterator))
		check_record(steps, " opid=1 ocomm={str}", act_ioctl_file, NULL);
}

/*
 * The answer to a connection arrives while the socket is in use, and is handled by
 * the task that uses it, as any packet could be.
 */

struct connection {
	int protocol;
	struct endpoint server;
};

static bool act_connect(const void *arg)
{
	const struct connection *to = arg;
	int fd = socket(AF_INET, SOCK_STREAM, to->protocol);

	return !connect(fd, (struct sockaddr *)&to->server.address, to->server.len) && !close(fd);
}

static bool act_connect_and_wait(const void *to)
{
	return act_connect(to) && wait_for_record();
}

/* Some hooks run more than once for a connection. */
static void check_packets(act_fn act, const struct connection *to)
{
	const struct audit_record *record;
	int i;

	audit_drain(audit);
	act_as(SUBJECT, NULL, act, to);
	ASSERT_GT(skel->bss->runs, 0, "runs of the program");
	for (i = 0; i < skel->bss->runs; i++)
		audit_expect(audit, AUDIT_BPF_LSM_ACCESS, "prog-id=%u pid=? comm=?", prog_id);
	settled();
	for (i = 0; (record = audit_record(audit, AUDIT_BPF_LSM_ACCESS, i)); i++)
		ASSERT_EQ(audit_count(audit, AUDIT_SYSCALL, record->serial), 0,
			  "SYSCALL records of its serial");
}

static void check_connection(int protocol, struct bpf_program *prog, act_fn act)
{
	struct connection to = { protocol, ipv4("127.0.0.1", 0) };
	struct sockaddr *address = (struct sockaddr *)&to.server.address;
	int fd = socket(AF_INET, SOCK_STREAM, protocol);

	if (ASSERT_OK_FD(fd, "socket") && ASSERT_OK(bind(fd, address, to.server.len), "bind") &&
	    ASSERT_OK(listen(fd, 1), "listen") &&
	    ASSERT_OK(getsockname(fd, address, &to.server.len), "its port") && attach(prog)) {
		skel->bss->port = port_of(fd);
		check_packets(act, &to);
		skel->bss->port = 0;
	}
	close(fd);
}

static void test_established(void)
{
	check_connection(IPPROTO_TCP, skel->progs.on_established, act_connect);
}

/* A callback has no subject, either, if the hook of its program has none. */
static void test_established_work(void)
{
	if (has_callbacks())
		check_connection(IPPROTO_TCP, skel->progs.on_established_work,
				 act_connect_and_wait);
}

static void test_association(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);

	if (fd < 0) {
		skip("the kernel has no ", "SCTP");
		return;
	}
	close(fd);
	check_connection(IPPROTO_SCTP, skel->progs.on_association, act_connect);
	check_connection(IPPROTO_SCTP, skel->progs.on_associated, act_connect);
}

/* SIGIO is sent by whatever task makes a file ready; what counts is who asked for it. */
static bool act_write_for_sigio(const void *unused)
{
	int fds[2];

	signal(SIGIO, SIG_IGN);
	return !pipe(fds) && !fcntl(fds[0], F_SETOWN, getpid()) &&
	       !fcntl(fds[0], F_SETFL, O_ASYNC) && write(fds[1], "", 1) == 1;
}

static void test_sigio(void)
{
	if (attach(skel->progs.on_sigio))
		check_record_of_nobody(NULL, "", act_write_for_sigio, NULL);
}

/* Returns a process that waits for a message, or -1. */
static pid_t start_receiver(int queue)
{
	char path[32], state = 0;
	int tries;
	pid_t pid;
	FILE *file;

	pid = fork();
	if (!pid) {
		struct msgbuf message;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "receiver");
		_exit(msgrcv(queue, &message, 0, 0, 0) < 0);
	}
	if (!ASSERT_GT(pid, 0, "fork"))
		return -1;

	/* It sleeps nowhere else. */
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (tries = 0; tries < 5000 && state != 'S'; tries++) {
		usleep(1000);
		file = fopen(path, "r");
		if (file && fscanf(file, "%*d (receiver) %c", &state) != 1)
			state = 0;
		if (file)
			fclose(file);
	}
	ASSERT_EQ(state, 'S', "the receiver waits");
	return pid;
}

/* Who sends a message isn't the one that may not receive it. */
static void test_message(void)
{
	const struct step steps[] = { { CALL_TASK }, {} };
	int queue = make_queue();
	char text[64];
	pid_t pid = -1;

	if (queue >= 0 && attach(skel->progs.on_received))
		pid = start_receiver(queue);
	if (pid > 0) {
		snprintf(text, sizeof(text), " opid=%d ocomm=\"receiver\"", pid);
		check_record_of_nobody(steps, text, act_message, &queue);
		stop_process(pid);
	}
	msgctl(queue, IPC_RMID, NULL);
}

static const struct subtest subtests[] = {
	{ "timer", test_timer },
	{ "workqueue", test_workqueue },
	{ "task_work_signal", test_task_work_signal },
	{ "task_work_resume", test_task_work_resume },
	{ "iterator", test_iterator },
	{ "established", test_established },
	{ "established_work", test_established_work },
	{ "association", test_association },
	{ "sigio", test_sigio },
	{ "message", test_message },
};

/* The audit socket is one for the whole machine. */
void serial_test_lsm_audit_kfuncs_subjects(void)
{
	run_subtests(subtests, ARRAY_SIZE(subtests));
}
