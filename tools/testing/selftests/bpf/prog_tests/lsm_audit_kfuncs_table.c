// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of contexts in Documentation/bpf/audit_kfuncs_design.rst: whether a record is
 * started there, whom it names, and whether names and paths are looked up. A module calls
 * the program's hook in each.
 */
#include "lsm_audit_objects.h"
#include "testing_helpers.h"

#define MODULE "bpf_test_contexts"

static const char call[] = "/sys/module/" MODULE "/parameters/call";

enum subject { TASK, KTHREAD, NOBODY };

/* Accepted, or refused: always, or where a section of RCU may be a lock's. */
enum names { ACCEPTED, ACCEPTED_IF_TOLD, REFUSED };

struct context {
	const char *name;
	enum subject subject;
	enum names names;
	/* What differs with PREEMPT_RT: the record is lost, or a thread is the task. */
	bool lost;
	bool thread;
};

static const struct context contexts[] = {
	{ "task", TASK, ACCEPTED },
	{ "mutex", TASK, ACCEPTED },
	{ "rcu", TASK, ACCEPTED_IF_TOLD },
	{ "spinlock", TASK, REFUSED },
	{ "spinlock_irq", TASK, REFUSED },
	{ "spinlock_bh", NOBODY, REFUSED },
	{ "raw_spinlock", TASK, REFUSED, .lost = true },
	{ "raw_spinlock_irq", TASK, REFUSED, .lost = true },
	{ "bh_disabled", NOBODY, REFUSED },
	{ "preempt_disabled", TASK, REFUSED, .lost = true },
	{ "irq_disabled", TASK, REFUSED, .lost = true },
	{ "work", KTHREAD, ACCEPTED },
	{ "bh_work", NOBODY, REFUSED },
	{ "timer", NOBODY, REFUSED },
	{ "irq_work", NOBODY, REFUSED, .thread = true },
	{ "hrtimer", NOBODY, REFUSED, .lost = true },
	{ "hard_irq_work", NOBODY, REFUSED, .lost = true },
};

static const struct step with_names[] = {
	{ CALL_FILE },
	{ CALL_CAUSE, .arg = CAUSE_SPACE },
	{ CALL_CAP, .arg = 13 },
	{ CALL_NET_SOCKADDR, .dest = ADDR_MAP, .addrlen = 16 },
	{}
};

static const struct step without_names[] = {
	{ CALL_PATH, .ret = -EOPNOTSUPP },
	{ CALL_FILE, .ret = -EOPNOTSUPP },
	{ CALL_IOCTL_OP, .ret = -EOPNOTSUPP },
	{ CALL_INODE, .ret = -EOPNOTSUPP },
	{ CALL_CAUSE, .arg = CAUSE_SPACE },
	{ CALL_CAP, .arg = 13 },
	{ CALL_NET_SOCKADDR, .dest = ADDR_MAP, .addrlen = 16 },
	{}
};

static int call_from(const struct context *context)
{
	char text[64];
	int fd, err = 0;

	fd = open(call, O_WRONLY);
	if (fd < 0)
		return -errno;
	snprintf(text, sizeof(text), "%s %d", context->name, file_fd);
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static bool act_call(const void *context)
{
	return !call_from(context);
}

static enum subject subject_of(const struct context *context)
{
	return context->thread && is_realtime() ? KTHREAD : context->subject;
}

static void expect_from(const struct context *context, bool names, pid_t pid)
{
	char path[sizeof(file_path) + 64] = "", head[64] = "pid=? comm=?";
	enum subject subject = subject_of(context);

	if (subject == TASK)
		snprintf(head, sizeof(head), "pid=%d comm=\"" SUBJECT "\"", pid);
	else if (subject == KTHREAD)
		snprintf(head, sizeof(head), "pid={num} comm={str}");
	if (names)
		snprintf(path, sizeof(path), " path=\"%s\" dev={str} ino=%lu", file_path,
			 file_stat.st_ino);
	audit_expect(audit, AUDIT_BPF_LSM_ACCESS,
		     "prog-id=%u %s%s cause=74776F20776F726473 capability=13  daddr=192.0.2.1 dest=1",
		     prog_id, head, path);
}

/* What can't be said before it has come. */
static void check_subject(const struct context *context)
{
	const struct audit_record *record = audit_record(audit, AUDIT_BPF_LSM_ACCESS, 0);
	const char *thread = context->thread ? " comm=\"irq_work/" : " comm=\"kworker/";

	if (!ASSERT_OK_PTR(record, "a record"))
		return;
	if (subject_of(context) == NOBODY)
		ASSERT_EQ(audit_count(audit, AUDIT_SYSCALL, record->serial), 0,
			  "SYSCALL records of its serial");
	else if (subject_of(context) == KTHREAD)
		ASSERT_HAS_SUBSTR(record->text, thread, "the thread's name");
}

static void test_context(const struct context *context)
{
	bool names = context->names == ACCEPTED ||
		     (context->names == ACCEPTED_IF_TOLD && rcu_is_told());
	bool lost = context->lost && is_realtime();
	long lost_before = audit_lost(audit), before = complaints();
	int err = call_from(context);
	pid_t pid;

	if (err == -EOPNOTSUPP) {
		skip("with PROVE_RAW_LOCK_NESTING lockdep complains in ", context->name);
		return;
	}
	if (!ASSERT_OK(err, "call the hook") || !attach(skel->progs.on_context) ||
	    !ASSERT_OK(audit_drain(audit), "drain audit"))
		return;
	set_addresses(ipv4("192.0.2.1", 1), ipv4("192.0.2.1", 1));
	pid = act_as(SUBJECT, names ? with_names : without_names, act_call, context);
	ASSERT_EQ(skel->bss->runs, 1, "runs of the program");
	ASSERT_EQ(skel->bss->refused, lost, "records that were not started");
	ASSERT_EQ(audit_lost(audit) - lost_before, lost, "records that audit lost");
	if (!lost)
		expect_from(context, names, pid);
	settled();
	if (!lost) {
		check_subject(context);
		check_returns();
	}
	detach();
	ASSERT_EQ(complaints(), before, "/proc/sys/kernel/tainted");
}

/* The audit socket is one for the whole machine. */
void serial_test_lsm_audit_kfuncs_table(void)
{
	int i;

	if (access(MODULE ".ko", R_OK)) {
		skip("there is no ", MODULE ".ko");
		return;
	}
	/* Their hooks take locks and memory, and record. */
	if (is_lsm_listed("selinux", false) || is_lsm_listed("tomoyo", false)) {
		skip("in interrupts, file_ioctl must not reach ", "SELinux or TOMOYO");
		return;
	}
	if (!open_audit())
		return;
	/* It is left if the tests were killed. */
	delete_module(MODULE, 0);
	if (ASSERT_OK(load_module(MODULE ".ko", false), "load the module")) {
		if (load_programs() && make_file()) {
			for (i = 0; i < ARRAY_SIZE(contexts); i++)
				if (test__start_subtest(contexts[i].name))
					test_context(&contexts[i]);
		}
		detach();
		remove_file();
		test_lsm_audit_kfuncs__destroy(skel);
		skel = NULL;
		ASSERT_OK(unload_module(MODULE, false), "unload the module");
	}
	audit_close(audit);
}
