// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit kfuncs where audit's backlog is full: nobody waits for room, and
 * nobody is exempt from the limit. The record is lost, and audit counts it. And
 * where others keep the allocator busy: nothing is lost.
 */
#include <sys/xattr.h>

#include "lsm_audit_objects.h"
#include "lsm_audit_kfuncs_backlog.skel.h"
#include "progs/lsm_audit_kfuncs_backlog.h"

/* The limit of the backlog, in records, and of the audit socket, in bytes. */
#define BACKLOG 5
#define BUFFER 16384

/* How long nobody reads, at most, and what doesn't wait for it takes. */
#define UNREAD_NS (300 * 1000 * 1000)
#define PROMPT_NS (150 * 1000 * 1000)

/* How long kauditd tries to send a record before it queues it again, with others. */
#define SEND_NS (100 * 1000 * 1000)

/* How long it takes, at the least, to see that it has stopped. */
#define SILENCE_NS (3 * 1000 * 1000)
#define COLLECT_MS 200

static struct lsm_audit_kfuncs_backlog *progs;

static __u64 shortened;

/* The audit socket is full after some records. Kauditd then sleeps, mostly. */
static bool shorten_queues(void)
{
	shortened = get_time_ns();
	/* What is queued by then would take all the room. */
	return ASSERT_OK(audit_drain(audit), "drain audit") &&
	       ASSERT_OK(audit_set(audit, AUDIT_STATUS_BACKLOG_LIMIT, BACKLOG), "a short queue") &&
	       ASSERT_OK(audit_only(audit, AUDIT_BPF_LSM_ACCESS, true), "no other records") &&
	       ASSERT_OK(audit_collect(audit, 10), "what these settings have written") &&
	       ASSERT_OK(audit_set_buffer(audit, BUFFER), "a small buffer");
}

/*
 * Return: how many records kauditd may have lost. Those that it can't send go to a
 * second queue, of the same limit. It can't have had more at once than the first holds,
 * and one in its hands.
 */
static int restore_queues(void)
{
	__u64 took;

	ASSERT_OK(audit_set_buffer(audit, AUDIT_BUFFER), "a large buffer");
	ASSERT_OK(audit_collect(audit, COLLECT_MS), "what has piled up");
	took = get_time_ns() - shortened - COLLECT_MS * 1000000ULL;
	ASSERT_OK(audit_only(audit, AUDIT_BPF_LSM_ACCESS, false), "other records");
	ASSERT_OK(audit_set(audit, AUDIT_STATUS_BACKLOG_LIMIT, 8192), "a long queue");
	return took < SEND_NS ? 0 : BACKLOG + 2;
}

/* @lost is what audit had lost before @refused records and, perhaps, @more of kauditd's. */
static long check_losses(long lost, long refused, int more)
{
	long by_kauditd = audit_lost(audit) - lost - refused;

	ASSERT_GE(by_kauditd, 0, "records that are counted lost");
	ASSERT_LE(by_kauditd, more, "records that are counted lost");
	return by_kauditd;
}

/* A process that does read, later, for what waits in user space, too. */
static pid_t start_reader(void)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		usleep(UNREAD_NS / 1000);
		for (;;)
			audit_discard(audit, AUDIT_BPF_LSM_ACCESS, 1000);
	}
	return pid;
}

/* One record, of which there is no more room. */

struct scene {
	struct bpf_program *prog;
	void (*act)(void);
	bool by_daemon;
};

static void act(const struct scene *scene)
{
	progs->bss->tgid = getpid();
	scene->act();
	progs->bss->tgid = 0;
}

/* Not the daemon, which may not write that much. */
static bool act_fill(const void *arg)
{
	__u64 now = get_time_ns(), end = now + UNREAD_NS, room = now;
	const struct scene *scene = arg;
	__u32 filled = 0;

	/* As long as kauditd makes room, again and again. */
	progs->bss->tgid = getpid();
	while (now < end && now < room + SILENCE_NS) {
		ioctl(file_fd, CMD_FILL, NULL);
		now = get_time_ns();
		if (READ_ONCE(progs->bss->filled) != filled)
			room = now;
		filled = READ_ONCE(progs->bss->filled);
	}
	progs->bss->tgid = 0;
	if (!scene->by_daemon)
		act(scene);
	return true;
}

/* False if there may have been room, so that this tells nothing: then it can be tried again. */
static bool try_lost(const struct scene *scene, bool last)
{
	struct bpf_link *link;
	bool tells = true;
	pid_t reader;
	long lost;
	int more;

	link = bpf_program__attach(progs->progs.fill);
	if (!ASSERT_OK_PTR(link, "attach") || !attach(scene->prog))
		goto out;
	progs->bss->limit = BACKLOG;
	progs->bss->filled = 0;
	progs->bss->fill_refused = 0;
	progs->bss->may_have_room = false;
	progs->bss->runs = 0;
	progs->bss->refused = 0;
	progs->bss->longest = 0;

	lost = audit_lost(audit);
	if (shorten_queues()) {
		reader = start_reader();
		ASSERT_GT(reader, 0, "start a reader");
		act_as(SUBJECT, NULL, act_fill, scene);
		if (scene->by_daemon)
			act(scene);
		stop_process(reader);
	}
	more = restore_queues();

	/* Who waits for room lets it be made. */
	tells = progs->bss->longest < PROMPT_NS ? !progs->bss->may_have_room : last;
	if (tells) {
		ASSERT_GT(progs->bss->fill_refused, 0, "NULL when the backlog gets full");
		ASSERT_GT(progs->bss->runs, 0, "runs of the program");
		ASSERT_EQ(progs->bss->refused, progs->bss->runs, "NULL from bpf_audit_log_start()");
		ASSERT_LT(progs->bss->longest, PROMPT_NS, "how long that took, in ns");
		check_losses(lost, progs->bss->fill_refused + progs->bss->refused, more);
	}
	ASSERT_GE(audit_settle(audit, 0), 0, "settle");
out:
	bpf_link__destroy(link);
	return tells;
}

static void check_lost(const struct scene *scene)
{
	const int tries = 20;
	int i;

	if (!knows_address("audit_queue"))
		return;
	for (i = 0; i < tries; i++) {
		if (try_lost(scene, i == tries - 1))
			return;
	}
	skip("this machine takes too long for so few records", "");
}

static void act_command(void)
{
	ioctl(file_fd, CMD_ACT, NULL);
}

static void test_program(void)
{
	check_lost(&(struct scene){ progs->progs.in_program, act_command });
}

/* The hook's caller holds locks, for which others would wait as long. */
static void test_sleepable(void)
{
	check_lost(&(struct scene){ progs->progs.in_sleepable, act_command });
}

/* What the daemon does itself can't pile up, even if it doesn't read any more. */
static void test_daemon(void)
{
	check_lost(&(struct scene){ progs->progs.in_program, act_command, true });
}

static void act_request(void)
{
	struct audit *other = audit_connect();

	if (ASSERT_OK_PTR(other, "connect to audit")) {
		ASSERT_GE(audit_lost(other), 0, "ask audit");
		audit_disconnect(other);
	}
}

static void test_request(void)
{
	check_lost(&(struct scene){ progs->progs.in_request, act_request });
}

static void act_send(void)
{
	char byte;
	int fds[2];

	fds[0] = start_server(AF_INET, SOCK_DGRAM, "127.0.0.1", 0, 0);
	fds[1] = connect_to_fd(fds[0], 0);
	progs->bss->port = port_of(fds[0]);
	ASSERT_EQ(send(fds[1], "", 1, 0), 1, "send");
	/* It may be a thread that brings it. */
	ASSERT_EQ(recv(fds[0], &byte, 1, 0), 1, "receive");
	progs->bss->port = 0;
	close(fds[1]);
	close(fds[0]);
}

/* On top of the daemon. */
static void test_softirq(void)
{
	check_lost(&(struct scene){ progs->progs.in_softirq, act_send, true });
}

/* Of many records those for which there is room come, each of them whole. */

static bool act_often(const void *count)
{
	int i;

	for (i = 0; i < *(const int *)count; i++)
		act_ioctl_file(NULL);
	return true;
}

static void test_full(void)
{
	const struct step steps[] = { { CALL_CAP }, { CALL_TASK }, {} };
	long lost = audit_lost(audit), came;
	const int count = 200;
	pid_t pid = 0;
	int more;

	if (!attach(skel->progs.on_file))
		return;

	if (shorten_queues())
		pid = act_as(SUBJECT, steps, act_often, &count);
	more = restore_queues();
	ASSERT_EQ(skel->bss->runs, count, "runs of the program");
	ASSERT_GT(skel->bss->refused, 0, "NULL from bpf_audit_log_start()");
	ASSERT_LT(skel->bss->refused, count, "not always");
	came = count - skel->bss->refused - check_losses(lost, skel->bss->refused, more);
	for (; came > 0; came--)
		expect_of(prog_id, pid, SUBJECT,
			  " capability=0  opid={num} ocomm=\"" SUBJECT "\"");
	settled();
}

/*
 * kmalloc_nolock() fails by itself where its cache is contended and has debugging,
 * with slab_debug=FZ. Any user can do that.
 */

static const int flood = 1000;

/* The kernel takes a copy of the value, which is as long as a context or twice that. */
static pid_t start_load(size_t len)
{
	static const char value[32] = "value";
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (!fsetxattr(file_fd, "user.name", value, len, 0))
			;
		_exit(1);
	}
	return pid;
}

static void test_contention(void)
{
	long lost = audit_lost(audit), refused = 0;
	pid_t load[2];
	int i;

	if (fsetxattr(file_fd, "user.name", "", 0, 0)) {
		skip("the tmpfs has no attributes of users", " (TMPFS_XATTR)");
		return;
	}
	/* Each call that is refused counts. No limit but memory. */
	if (!attach(skel->progs.on_file) ||
	    !ASSERT_OK(audit_drain(audit), "drain audit") ||
	    !ASSERT_OK(audit_only(audit, AUDIT_BPF_LSM_ACCESS, true), "no other records"))
		return;
	load[0] = start_load(16);
	load[1] = start_load(32);
	for (i = 0; i < 10; i++) {
		act_as(SUBJECT, NULL, act_often, &flood);
		ASSERT_EQ(skel->bss->runs, flood, "runs of the program");
		refused += skel->bss->refused;
		while (audit_discard(audit, AUDIT_BPF_LSM_ACCESS, 100) > 0)
			;
	}
	for (i = 0; i < 2; i++) {
		if (ASSERT_GT(load[i], 0, "fork"))
			ASSERT_EQ(waitpid(load[i], NULL, WNOHANG), 0, "the load goes on");
		stop_process(load[i]);
	}
	ASSERT_OK(audit_only(audit, AUDIT_BPF_LSM_ACCESS, false), "other records");
	ASSERT_EQ(refused, 0, "NULL from bpf_audit_log_start()");
	ASSERT_EQ(audit_lost(audit), lost, "records lost");
}

static const struct subtest subtests[] = {
	{ "program", test_program, .loses = true },
	{ "sleepable", test_sleepable, .loses = true },
	{ "daemon", test_daemon, .loses = true },
	{ "request", test_request, .loses = true },
	{ "softirq", test_softirq, .loses = true },
	{ "full", test_full, .loses = true },
	{ "contention", test_contention, .loses = true },
};

/* The audit socket is one for the whole machine. */
void serial_test_lsm_audit_kfuncs_backlog(void)
{
	if (!can_run() || !needs_socket_hooks())
		return;

	progs = lsm_audit_kfuncs_backlog__open_and_load();
	if (ASSERT_OK_PTR(progs, "load the programs"))
		run_subtests(subtests, ARRAY_SIZE(subtests));
	lsm_audit_kfuncs_backlog__destroy(progs);
	progs = NULL;
}
