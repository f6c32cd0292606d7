// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit kfuncs with audit in each of its states: rules, losses, a full queue,
 * and whoever reads, or doesn't.
 */
#include <linux/netlink.h>
#include <sched.h>

#include "lsm_audit_helpers.h"
#include "sysctl_helpers.h"

static const struct step cap_and_task[] = { { CALL_CAP }, { CALL_TASK }, {} };
#define CAP_AND_TASK " capability=0  opid={num} ocomm=\"" SUBJECT "\""

static void test_exclude_rule(void)
{
	long lost = audit_lost(audit);

	if (!attach(skel->progs.on_file) ||
	    !ASSERT_OK(audit_exclude(audit, AUDIT_BPF_LSM_ACCESS, true), "add the rule"))
		return;

	audit_drain(audit);
	act_as(SUBJECT, cap_and_task, act_ioctl_file, NULL);
	settled();
	ASSERT_EQ(skel->bss->runs, 1, "runs of the program");
	ASSERT_EQ(skel->bss->refused, 1, "NULL from bpf_audit_log_start()");
	ASSERT_EQ(skel->bss->steps[0].ret, NOT_CALLED, "calls without a context");
	ASSERT_EQ(audit_lost(audit), lost, "what a rule excludes isn't lost");

	ASSERT_OK(audit_exclude(audit, AUDIT_BPF_LSM_ACCESS, false), "remove the rule");
	check_record(cap_and_task, CAP_AND_TASK, act_ioctl_file, NULL);
}

/* A record of what the audit daemon does would make more for it to do. */
static void test_audit_daemon(void)
{
	long lost = audit_lost(audit);

	if (!attach(skel->progs.on_file))
		return;

	audit_drain(audit);
	skel->bss->runs = 0;
	skel->bss->refused = 0;
	skel->bss->tgid = getpid();
	act_ioctl_file(NULL);
	skel->bss->tgid = 0;
	settled();
	ASSERT_EQ(skel->bss->runs, 1, "runs of the program");
	ASSERT_EQ(skel->bss->refused, 1, "NULL from bpf_audit_log_start()");
	ASSERT_EQ(audit_lost(audit), lost, "what the daemon does isn't lost");
}

/* A program on the hook that delivery passes, for all that pass it. */
static void test_feedback(void)
{
	struct endpoint any = ipv4("127.0.0.1", 0);
	int fds[2], i;

	if (!attach(skel->progs.feedback))
		return;

	skel->bss->feedback_runs = 0;
	skel->bss->feedback_records = 0;
	fds[0] = start_server(AF_INET, SOCK_DGRAM, "127.0.0.1", 0, 0);
	fds[1] = connect_to_fd(fds[0], 0);
	act_as(SUBJECT, NULL, act_bind, &any);
	ASSERT_EQ(send(fds[1], "", 1, 0), 1, "send");
	/* Each of these is delivered, and passes the hook. */
	for (i = 0; i < 50; i++)
		ASSERT_OK(audit_drain(audit), "drain audit");
	detach();
	ASSERT_GE(skel->bss->feedback_runs, 50, "runs of the program");
	ASSERT_LT(skel->bss->feedback_records, 50, "records about the delivery of records");
	close(fds[1]);
	close(fds[0]);
}

/* Audit switched off: a record is still written, as other LSMs do. */
static void test_audit_off(void)
{
	if (!attach(skel->progs.on_file) ||
	    !ASSERT_OK(audit_set(audit, AUDIT_STATUS_ENABLED, 0), "switch audit off"))
		return;
	check_record(cap_and_task, CAP_AND_TASK, act_ioctl_file, NULL);
	ASSERT_OK(audit_set(audit, AUDIT_STATUS_ENABLED, 1), "switch audit on");
}

static bool act_flood(const void *count)
{
	int i;

	for (i = 0; i < *(const int *)count; i++)
		act_ioctl_file(NULL);
	return true;
}

/* Keep kauditd from the queue: it has this processor, and we are more urgent. */
static bool act_flood_urgently(const void *count)
{
	struct sched_param urgent = { .sched_priority = 1 };

	return !sched_setscheduler(0, SCHED_FIFO, &urgent) && act_flood(count);
}

/* A record that the queue has no room for is lost, counted, and never half there. */
static void test_backlog_full(void)
{
	const int count = 50;
	long lost = audit_lost(audit), came;
	pid_t pid, kauditd = find_kauditd();
	cpu_set_t before, one, ours;

	if (!ASSERT_GT(kauditd, 0, "find kauditd") || !attach(skel->progs.on_file) ||
	    !ASSERT_OK(sched_getaffinity(kauditd, sizeof(before), &before), "its processors") ||
	    !ASSERT_OK(sched_getaffinity(0, sizeof(ours), &ours), "our processors"))
		return;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (!ASSERT_OK(sched_setaffinity(kauditd, sizeof(one), &one), "kauditd to one of them") ||
	    !ASSERT_OK(sched_setaffinity(0, sizeof(one), &one), "us to the same") ||
	    !ASSERT_OK(audit_set(audit, AUDIT_STATUS_BACKLOG_WAIT_TIME, 0), "no wait") ||
	    !ASSERT_OK(audit_set(audit, AUDIT_STATUS_BACKLOG_LIMIT, 5), "a short queue") ||
	    /* What is queued by then would take all its room. */
	    !ASSERT_OK(audit_drain(audit), "drain audit"))
		goto restore;

	pid = act_as(SUBJECT, cap_and_task, act_flood_urgently, &count);
	ASSERT_OK(audit_set(audit, AUDIT_STATUS_BACKLOG_LIMIT, 8192), "a long queue");
	ASSERT_EQ(skel->bss->runs, count, "runs of the program");
	ASSERT_GT(skel->bss->refused, 0, "NULL from bpf_audit_log_start()");
	ASSERT_LT(skel->bss->refused, count, "not always");
	for (came = skel->bss->refused; came < count; came++)
		expect_of(prog_id, pid, SUBJECT, CAP_AND_TASK);
	settled();
	ASSERT_GE(audit_lost(audit) - lost, skel->bss->refused, "records that are counted lost");
restore:
	audit_set(audit, AUDIT_STATUS_BACKLOG_LIMIT, 8192);
	sched_setaffinity(0, sizeof(ours), &ours);
	sched_setaffinity(kauditd, sizeof(before), &before);
}

/* Without a daemon, the kernel log has it. */
static bool kernel_log_has(int kmsg, const char *text)
{
	char line[16384];
	ssize_t len;

	while ((len = read(kmsg, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		line[len > 0 ? len : 0] = '\0';
		if (strstr(line, text))
			return true;
	}
	return false;
}

static void test_no_daemon(void)
{
	static const char ratelimit[] = "/proc/sys/kernel/printk_ratelimit";
	char text[128], before[32];
	int kmsg, tries;
	bool found = false;
	pid_t pid;

	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	if (!ASSERT_OK_FD(kmsg, "open /dev/kmsg") || !attach(skel->progs.on_file) ||
	    !ASSERT_OK(sysctl_set(ratelimit, before, "0"), "let the kernel log take all"))
		return;
	lseek(kmsg, 0, SEEK_END);

	if (ASSERT_OK(audit_set(audit, AUDIT_STATUS_PID, 0), "leave the audit socket")) {
		pid = act_as(SUBJECT, cap_and_task, act_ioctl_file, NULL);
		snprintf(text, sizeof(text), "prog-id=%u pid=%d comm=\"" SUBJECT "\" capability=0 ",
			 prog_id, pid);
		for (tries = 0; tries < 200 && !found; tries++) {
			usleep(50 * 1000);
			found = kernel_log_has(kmsg, text);
		}
		ASSERT_TRUE(found, "the record is in the kernel log");
		ASSERT_OK(audit_set(audit, AUDIT_STATUS_PID, getpid()), "take the audit socket");
	}

	ASSERT_OK(sysctl_set(ratelimit, NULL, before), "the kernel log is as before");
	close(kmsg);
}

static void test_rate_limit(void)
{
	const int count = 100;
	long lost = audit_lost(audit), came;

	if (!attach(skel->progs.on_file))
		return;

	/* Whatever audit drops, it counts, and the program isn't told. */
	audit_drain(audit);
	ASSERT_OK(audit_set(audit, AUDIT_STATUS_RATE_LIMIT, 10), "limit the rate");
	act_as(SUBJECT, cap_and_task, act_flood, &count);
	ASSERT_OK(audit_set(audit, AUDIT_STATUS_RATE_LIMIT, 0), "no limit");
	audit_settle(audit, 0);
	for (came = 0; audit_record(audit, AUDIT_BPF_LSM_ACCESS, came); came++)
		;
	ASSERT_EQ(skel->bss->runs, count, "runs of the program");
	ASSERT_EQ(skel->bss->refused, 0, "NULL from bpf_audit_log_start()");
	ASSERT_LT(came, count, "records that came");
	ASSERT_GE(audit_lost(audit) - lost, count - came, "records that are counted lost");
}

/* How many objects of a size the kernel has, or -1: a context has 16 bytes. */
static long objects_of_16(void)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	char line[256];
	long count = -1;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "kmalloc-16 %ld", &count) == 1)
			break;
	}
	if (file)
		fclose(file);
	return count;
}

/* Exact where SLUB tells; where it doesn't, with what else has that size. */
static long contexts(void)
{
	long held = contexts_held();

	return held < 0 ? objects_of_16() : held;
}

static long leaked(int rounds, int count)
{
	long before = contexts();

	while (rounds--) {
		if (act_as(SUBJECT, NULL, act_flood, &count) < 0 || audit_drain(audit))
			return LONG_MAX;
	}
	return contexts() - before;
}

/* A context goes back, be there a record or not. */
static void test_no_leak(void)
{
	const int rounds = 20, count = 100;

	if (contexts() < 0) {
		skip("/proc/slabinfo doesn't tell of kmalloc-16", "");
		return;
	}
	if (!attach(skel->progs.on_file))
		return;

	ASSERT_LT(leaked(rounds, count), rounds * count / 2, "contexts of records");
	if (ASSERT_OK(audit_exclude(audit, AUDIT_BPF_LSM_ACCESS, true), "add a rule")) {
		ASSERT_LT(leaked(rounds, count), rounds * count / 2, "contexts without a record");
		ASSERT_OK(audit_exclude(audit, AUDIT_BPF_LSM_ACCESS, false), "remove it");
	}
}

static const struct subtest subtests[] = {
	{ "exclude_rule", test_exclude_rule },
	{ "audit_daemon", test_audit_daemon },
	{ "feedback", test_feedback },
	{ "audit_off", test_audit_off },
	{ "rate_limit", test_rate_limit, .loses = true },
	{ "backlog_full", test_backlog_full, .loses = true },
	{ "no_daemon", test_no_daemon },
	{ "no_leak", test_no_leak },
};

/* The audit socket is one for the whole machine. */
void serial_test_lsm_audit_kfuncs_states(void)
{
	run_subtests(subtests, ARRAY_SIZE(subtests));
}
