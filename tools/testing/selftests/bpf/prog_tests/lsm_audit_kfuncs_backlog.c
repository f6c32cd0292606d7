// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit kfuncs where audit's backlog is full: nobody waits for room, and
 * nobody is exempt from the limit. The record is lost, and audit counts it. And
 * where others keep the allocator busy: nothing is lost.
 */
#include <sched.h>
#include <sys/xattr.h>

#include "lsm_audit_objects.h"
#include "lsm_audit_kfuncs_backlog.skel.h"
#include "progs/lsm_audit_kfuncs_backlog.h"

/* The limit of the backlog. */
#define BACKLOG 5

/* How long kauditd is held up, at most, and what doesn't wait for it takes. */
#define BUSY_NS (700 * 1000 * 1000)
#define PROMPT_NS (350 * 1000 * 1000)

static struct lsm_audit_kfuncs_backlog *progs;

static cpu_set_t kauditd_before, us_before;
static pid_t kauditd;

/*
 * Kauditd has one processor, which is ours, too. It doesn't run there while a more
 * urgent process does, so that the backlog stays full.
 */
static bool hold_kauditd(void)
{
	cpu_set_t one;

	kauditd = find_kauditd();
	if (!ASSERT_GT(kauditd, 0, "find kauditd") ||
	    !ASSERT_OK(sched_getaffinity(kauditd, sizeof(one), &kauditd_before), "affinity") ||
	    !ASSERT_OK(sched_getaffinity(0, sizeof(one), &us_before), "affinity"))
		return false;

	return ASSERT_TRUE(first_processor(&one), "a processor") &&
	       ASSERT_OK(sched_setaffinity(kauditd, sizeof(one), &one), "kauditd to a processor") &&
	       ASSERT_OK(sched_setaffinity(0, sizeof(one), &one), "us to the same") &&
	       /* What is queued by then would take all its room. */
	       ASSERT_OK(audit_drain(audit), "drain audit") &&
	       ASSERT_OK(audit_set(audit, AUDIT_STATUS_BACKLOG_LIMIT, BACKLOG), "a short queue");
}

static void release_kauditd(void)
{
	audit_set(audit, AUDIT_STATUS_BACKLOG_LIMIT, 8192);
	sched_setaffinity(0, sizeof(us_before), &us_before);
	if (kauditd > 0)
		sched_setaffinity(kauditd, sizeof(kauditd_before), &kauditd_before);
}

/* A process that is more urgent than kauditd, for when the subject sleeps. */
static pid_t start_busy(void)
{
	pid_t pid = fork();

	if (!pid) {
		__u64 end = get_time_ns() + BUSY_NS;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!be_urgent(1))
			_exit(1);
		while (get_time_ns() < end)
			;
		_exit(0);
	}
	return pid;
}

/* One record, of which there is no more room. */

struct scene {
	struct bpf_program *prog;
	void (*act)(void);
};

static bool act_with_full_backlog(const void *arg)
{
	const struct scene *scene = arg;
	pid_t busy;
	int i;

	if (!be_urgent(2))
		return false;
	progs->bss->took = -get_time_ns();
	busy = start_busy();
	progs->bss->tgid = getpid();
	for (i = 0; i < 1000 && !progs->bss->fill_refused; i++)
		ioctl(file_fd, CMD_FILL, NULL);
	scene->act();
	progs->bss->tgid = 0;
	progs->bss->took += get_time_ns();
	be_urgent(0);
	stop_process(busy);
	return busy > 0;
}

/* False if kauditd may have run, so that this tells nothing: then it can be tried again. */
static bool try_lost(const struct scene *scene, bool by_daemon, bool last)
{
	bool tells = true;
	struct bpf_link *link;
	long lost;

	link = bpf_program__attach(progs->progs.fill);
	if (!ASSERT_OK_PTR(link, "attach") || !attach(scene->prog))
		goto out;
	progs->bss->fill_refused = 0;
	progs->bss->runs = 0;
	progs->bss->refused = 0;
	progs->bss->longest = 0;

	/* No other record may be lost. */
	if (hold_kauditd() &&
	    ASSERT_OK(audit_only(audit, AUDIT_BPF_LSM_ACCESS, true), "no other records")) {
		lost = audit_lost(audit);
		if (by_daemon)
			ASSERT_TRUE(act_with_full_backlog(scene), "what the daemon did");
		else
			act_as(SUBJECT, NULL, act_with_full_backlog, scene);
		tells = (last && progs->bss->took < BUSY_NS) ||
			(progs->bss->fill_refused == 1 && progs->bss->longest < PROMPT_NS &&
			 progs->bss->refused == progs->bss->runs);
		if (!tells)
			goto settle;
		ASSERT_EQ(progs->bss->fill_refused, 1, "NULL when the backlog gets full");
		ASSERT_GT(progs->bss->runs, 0, "runs of the program");
		ASSERT_EQ(progs->bss->refused, progs->bss->runs, "NULL from bpf_audit_log_start()");
		ASSERT_LT(progs->bss->longest, PROMPT_NS, "how long that took, in ns");
		ASSERT_EQ(audit_lost(audit) - lost, 1 + progs->bss->refused,
			  "records that are counted lost");
settle:
		ASSERT_OK(audit_only(audit, AUDIT_BPF_LSM_ACCESS, false), "other records");
	}
	release_kauditd();
	ASSERT_GE(audit_settle(audit, 0), 0, "settle");
out:
	bpf_link__destroy(link);
	return tells;
}

/*
 * A machine that others use, too, may stand still for a while. And of each second the
 * scheduler leaves 50 ms to kauditd, after whatever was urgent before.
 */
static void check_lost(const struct scene *scene, bool by_daemon)
{
	int i;

	if (!can_be_urgent())
		return;
	for (i = 0; i < 3; i++) {
		if (try_lost(scene, by_daemon, i == 2))
			return;
		sleep(1);
	}
	skip("this machine takes too long for so few records", "");
}

static void act_command(void)
{
	ioctl(file_fd, CMD_ACT, NULL);
}

static void test_program(void)
{
	check_lost(&(struct scene){ progs->progs.in_program, act_command }, false);
}

/* The hook's caller holds locks, for which others would wait as long. */
static void test_sleepable(void)
{
	check_lost(&(struct scene){ progs->progs.in_sleepable, act_command }, false);
}

/* What the daemon does itself can't pile up, even if it doesn't read any more. */
static void test_daemon(void)
{
	check_lost(&(struct scene){ progs->progs.in_program, act_command }, true);
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
	check_lost(&(struct scene){ progs->progs.in_request, act_request }, false);
}

static void act_send(void)
{
	int fds[2];

	fds[0] = start_server(AF_INET, SOCK_DGRAM, "127.0.0.1", 0, 0);
	fds[1] = connect_to_fd(fds[0], 0);
	progs->bss->port = port_of(fds[0]);
	ASSERT_EQ(send(fds[1], "", 1, 0), 1, "send");
	progs->bss->port = 0;
	close(fds[1]);
	close(fds[0]);
}

/* On top of the daemon. */
static void test_softirq(void)
{
	check_lost(&(struct scene){ progs->progs.in_softirq, act_send }, true);
}

/* Of many records those for which there is room come, each of them whole. */

static bool act_flood_urgently(const void *count)
{
	int i;

	if (!be_urgent(1))
		return false;
	for (i = 0; i < *(const int *)count; i++)
		act_ioctl_file(NULL);
	return true;
}

static void test_full(void)
{
	const struct step steps[] = { { CALL_CAP }, { CALL_TASK }, {} };
	long lost = audit_lost(audit), came;
	const int count = 50;
	pid_t pid;

	if (!can_be_urgent() || !attach(skel->progs.on_file))
		return;

	/* The subject's system calls have records of their own, which would wait. */
	if (hold_kauditd() &&
	    ASSERT_OK(audit_set(audit, AUDIT_STATUS_BACKLOG_WAIT_TIME, 0), "no wait")) {
		/* What these settings have written takes room. */
		ASSERT_OK(audit_drain(audit), "drain audit");
		/* And the scheduler may still leave time to kauditd, as above. */
		sleep(2);
		pid = act_as(SUBJECT, steps, act_flood_urgently, &count);
		ASSERT_OK(audit_set(audit, AUDIT_STATUS_BACKLOG_LIMIT, 8192), "a long queue");
		ASSERT_EQ(skel->bss->runs, count, "runs of the program");
		ASSERT_GT(skel->bss->refused, 0, "NULL from bpf_audit_log_start()");
		ASSERT_LT(skel->bss->refused, count, "not always");
		for (came = skel->bss->refused; came < count; came++)
			expect_of(prog_id, pid, SUBJECT,
				  " capability=0  opid={num} ocomm=\"" SUBJECT "\"");
		settled();
		ASSERT_GE(audit_lost(audit) - lost, skel->bss->refused,
			  "records that are counted lost");
	}
	release_kauditd();
}

/*
 * kmalloc_nolock() fails by itself where its cache is contended and has debugging,
 * with slab_debug=FZ. Any user can do that.
 */

#define FLOOD 1000

static bool act_flood(const void *unused)
{
	int i;

	for (i = 0; i < FLOOD; i++)
		act_ioctl_file(NULL);
	return true;
}

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
		act_as(SUBJECT, NULL, act_flood, NULL);
		ASSERT_EQ(skel->bss->runs, FLOOD, "runs of the program");
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
