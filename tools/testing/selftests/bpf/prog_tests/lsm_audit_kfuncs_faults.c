// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit kfuncs where memory runs out.
 *
 * The tests called no_memory need a kernel that can let allocations fail, and
 * leak_detector one that knows who allocated what.
 */
#include "lsm_audit_objects.h"
#include "lsm_audit_kfuncs_locks.skel.h"
#include "progs/lsm_audit_kfuncs_faults.h"
#include "sysctl_helpers.h"
#include "lsm_audit_kfuncs_faults.skel.h"

static struct lsm_audit_kfuncs_faults *faults;

static pid_t act_as_subject(act_fn act, const void *arg)
{
	return run_subject(SUBJECT, &faults->bss->tgid, act, arg);
}

/* If the kernel counts them. What another processor frees may take a moment. */
static void check_no_context_held(void)
{
	int tries;

	if (contexts_held() < 0)
		return;
	for (tries = 0; tries < 1000 && contexts_held() > 0; tries++)
		usleep(10 * 1000);
	ASSERT_EQ(contexts_held(), 0, "contexts that the kernel holds");
}

/* Allocations that fail, one after the other */

struct action {
	act_fn act;
	const void *arg;
	unsigned int nth;
};

/* Act twice: the nth allocation of the first time fails. */
static bool act_with_fault(const void *arg)
{
	const struct action *action = arg;
	char nth[16];
	int fd;

	fd = open("/proc/thread-self/fail-nth", O_RDWR);
	snprintf(nth, sizeof(nth), "%u", action->nth);
	if (fd < 0 || write(fd, nth, strlen(nth)) < 0)
		return false;
	action->act(action->arg);
	if (write(fd, "0", 1) != 1)
		return false;
	return action->act(action->arg);
}

/* What the sweep saw. */
static struct {
	unsigned int faults;
	unsigned int no_record;
	unsigned int whole;
	unsigned int cut[NR_FAULT_CALLS];
	unsigned int no_path[NR_FAULT_CALLS];
	unsigned int too_big;
} seen;

/* Does @text end before @whole does? */
static bool is_cut(const char *text, const char *whole)
{
	return strlen(text) < strlen(whole) && !strncmp(text, whole, strlen(text));
}

/* Does @text have something else instead of a path? */
static bool has_no_path(const char *text, const char *whole)
{
	static const char instead[] = "\"<no_memory>\"";
	const char *at = strstr(text, instead);
	size_t before, after;

	if (!at)
		return false;
	before = at - text;
	after = strlen(at + strlen(instead));
	return !strncmp(text, whole, before) &&
	       !strcmp(at + strlen(instead), whole + strlen(whole) - after);
}

/* The call that met the fault: an index of calls[], or as below. */
#define BY_NONE -1	/* it is still ahead, or was met before */
#define BY_START -2
#define BY_END -3

static int met_by(const struct attempt *attempt)
{
	unsigned int ahead = attempt->after_start;
	int i;

	if (!attempt->before)
		return BY_NONE;
	if (!ahead)
		return BY_START;
	for (i = 0; i < MAX_CALLS && faults->bss->calls[i]; i++) {
		ahead = attempt->after_call[i];
		if (!ahead)
			return i;
	}
	return attempt->after_end ? BY_NONE : BY_END;
}

static void check_attempt(const struct audit_record *record, const char *whole, int by, long lost)
{
	const struct attempt *attempt = &faults->bss->attempts[0];
	int i, call = by >= 0 ? faults->bss->calls[by] : CALL_NONE;

	seen.faults++;
	if (!attempt->started) {
		seen.no_record++;
		ASSERT_EQ(by, BY_START, "what made bpf_audit_log_start() return NULL");
		ASSERT_EQ(lost, 1, "records lost, where none was started");
		ASSERT_NULL(record, "a record that wasn't started");
		return;
	}

	for (i = 0; i < MAX_CALLS && faults->bss->calls[i]; i++) {
		/* Without memory to see how long a path is, it counts as the longest. */
		if (i == by && attempt->ret[i] == -E2BIG) {
			seen.too_big++;
			ASSERT_EQ(lost, 0, "records lost by a call that is refused");
			continue;
		}
		ASSERT_OK(attempt->ret[i], "a call without memory");
	}

	if (!ASSERT_OK_PTR(record, "a record"))
		return;
	if (!strcmp(record->text, whole)) {
		seen.whole++;
		ASSERT_EQ(lost, 0, "records lost, where all is there");
	} else if (has_no_path(record->text, whole)) {
		seen.no_path[call]++;
		ASSERT_GE(by, 0, "the call that met the fault");
		ASSERT_EQ(lost, 0, "records lost, where the path says so");
	} else if (ASSERT_TRUE(is_cut(record->text, whole), "the end is missing")) {
		seen.cut[call]++;
		if (ASSERT_GE(by, 0, "the call that met the fault"))
			ASSERT_EQ(lost, attempt->ret[by] ? 0 : 1,
				  "records lost, where the end is missing");
	} else {
		printf("got:   %s\nwhole: %s\n", record->text, whole);
	}
}

/* Let each allocation fail that is made for a record of these calls. */
static void sweep(struct bpf_program *prog, const int *calls, act_fn act, int fd)
{
	const bool looks_up = act == act_mkdir_denied || act == act_unlink_denied;
	struct action action = { act, &fd };
	int nr_calls, by;
	bool done = false;

	if (!attach(prog))
		return;
	for (nr_calls = 0; calls[nr_calls]; nr_calls++)
		;
	memset(faults->bss->calls, 0, sizeof(faults->bss->calls));
	memcpy(faults->bss->calls, calls, nr_calls * sizeof(*calls));

	for (action.nth = 1; !done && action.nth < 1000; action.nth++) {
		const struct attempt *attempt = faults->bss->attempts;
		const struct audit_record *first, *second;
		char *whole;
		long lost;

		memset(faults->bss->attempts, 0, sizeof(faults->bss->attempts));
		faults->bss->nr_attempts = 0;
		lost = audit_lost(audit);
		if (!ASSERT_OK(audit_drain(audit), "drain audit") ||
		    act_as_subject(act_with_fault, &action) < 0 ||
		    !ASSERT_GE(audit_settle(audit, 0), 0, "settle"))
			return;

		/* A question to audit may move the records. */
		lost = audit_lost(audit) - lost;
		first = audit_record(audit, AUDIT_BPF_LSM_ACCESS, 0);
		second = audit_record(audit, AUDIT_BPF_LSM_ACCESS, 1);
		if (!attempt[0].started) {
			second = first;
			first = NULL;
		}

		/* The look-up of a path may fail before its hook. */
		if (looks_up && faults->bss->nr_attempts == 1 && !attempt[0].before)
			continue;

		/* Whatever happened, the next one is whole. */
		if (!ASSERT_EQ(faults->bss->nr_attempts, 2, "runs of the program") ||
		    !ASSERT_TRUE(attempt[1].started, "a context, the next time") ||
		    !ASSERT_OK_PTR(second, "a record, the next time"))
			return;
		whole = second->text;

		by = met_by(&attempt[0]);
		if (attempt[0].after_end) {
			/* The fault is behind the record now: that's all of them. */
			done = true;
			ASSERT_OK_PTR(first, "a record without a fault");
			if (first)
				ASSERT_STREQ(first->text, whole, "a record without a fault");
		} else if (by != BY_NONE) {
			check_attempt(first, whole, by, lost);
		}
	}
	ASSERT_TRUE(done, "an end of the allocations");
	ASSERT_GT(action.nth, 2, "allocations that failed");
}

/* Also allocations that may wait, and single pages; without a backtrace of each. */
static struct {
	const char *file, *value;
	char before[16];
} settings[] = {
	{ "/sys/kernel/debug/failslab/ignore-gfp-wait", "N" },
	{ "/sys/kernel/debug/failslab/verbose", "0" },
	{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N" },
	{ "/sys/kernel/debug/fail_page_alloc/min-order", "0" },
	{ "/sys/kernel/debug/fail_page_alloc/verbose", "0" },
};

static void restore_allocations(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		if (settings[i].before[0])
			ASSERT_TRUE(write_file(settings[i].file, settings[i].before),
				    settings[i].file);
		settings[i].before[0] = '\0';
	}
}

static bool let_allocations_fail(void)
{
	bool ok = true;
	int i;

	if (access("/proc/thread-self/fail-nth", W_OK)) {
		skip("the kernel has no FAULT_INJECTION", "");
		return false;
	}
	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		if (access(settings[i].file, W_OK)) {
			skip("the kernel has no FAILSLAB or FAIL_PAGE_ALLOC, or no ",
			     settings[i].file);
			return false;
		}
	}
	for (i = 0; i < ARRAY_SIZE(settings); i++)
		ok &= set_file(settings[i].file, settings[i].before, settings[i].value);
	if (!ok)
		restore_allocations();
	return ok;
}

static const int no_calls[] = { CALL_NONE };

static void sweep_entries(void)
{
	static const int path_at[] = { CALL_PATH_AT, CALL_NONE };
	static const int rule_last[] = {
		CALL_PATH_AT, CALL_CAUSE, CALL_TASK, CALL_NET_SOCKADDR, CALL_RULE, CALL_NONE
	};
	size_t len;
	int fd;

	if (!bpf_program__autoload(faults->progs.new_entry))
		return;
	sweep(faults->progs.new_entry, path_at, act_mkdir_denied, file_fd);
	sweep(faults->progs.old_entry, path_at, act_unlink_denied, file_fd);

	/* The end of the buffer in the path, and in the rule. */
	for (len = 840; len > 430; len -= len > 448 ? 392 : 12) {
		fd = open_deep(len);
		if (!ASSERT_OK_FD(fd, "open a deep file"))
			return;
		sweep(faults->progs.new_entry, rule_last, act_mkdir_denied, fd);
		close(fd);
	}
}

static void check_slab_and_pages(void)
{
	static const int file_calls[] = {
		CALL_CAUSE, CALL_CAP, CALL_PATH, CALL_FILE, CALL_IOCTL_OP, CALL_INODE, CALL_TASK,
		CALL_NET_SOCKADDR,
	};
	static const int dentry_call[] = { CALL_DENTRY, CALL_NONE };
	static const int sock_call[] = { CALL_NET_SOCK, CALL_NONE };
	static const int long_path[] = {
		CALL_FILE, CALL_CAUSE, CALL_TASK, CALL_NET_SOCKADDR, CALL_CAP, CALL_NONE
	};
	static const int path_last[] = {
		CALL_CAUSE, CALL_TASK, CALL_NET_SOCKADDR, CALL_CAP, CALL_IOCTL_OP, CALL_NONE
	};
	struct bpf_program *file = faults->progs.file;
	unsigned int cut = 0, no_path = 0;
	char path[sizeof(dir) + 8];
	size_t len;
	int fd, i;

	memset(&seen, 0, sizeof(seen));
	sweep(file, no_calls, act_ioctl, file_fd);
	for (i = 0; i < ARRAY_SIZE(file_calls); i++) {
		const int alone[] = { file_calls[i], CALL_NONE };

		sweep(file, alone, act_ioctl, file_fd);
	}
	sweep(faults->progs.dentry, dentry_call, act_fchmod, file_fd);
	snprintf(path, sizeof(path), "%s/socket", dir);
	fd = unix_socket(path, strlen(path));
	if (fd >= 0) {
		sweep(faults->progs.sock, sock_call, act_getsockname, fd);
		close(fd);
		unlink(path);
	}

	/*
	 * A record grows where it meets the end of its buffer, of some 1700 bytes: move
	 * that through the fields, from the last one to the path.
	 */
	for (len = 448; len < 860; len += len < 544 ? 12 : 60) {
		fd = open_deep(len);
		if (!ASSERT_OK_FD(fd, "open a deep file"))
			return;
		sweep(file, long_path, act_ioctl, fd);
		close(fd);
	}
	sweep_entries();
	fd = open_deep(3900);
	if (ASSERT_OK_FD(fd, "open a deep file")) {
		sweep(file, path_last, act_ioctl, fd);
		close(fd);
	}

	printf("%u faults: %u without a record, %u did no harm, %u refused as too big\n",
	       seen.faults, seen.no_record, seen.whole, seen.too_big);
	for (i = CALL_CAUSE; i < NR_FAULT_CALLS; i++) {
		printf("call %d: %u cut, %u without a path\n", i, seen.cut[i], seen.no_path[i]);
		cut += seen.cut[i];
		no_path += seen.no_path[i];
	}

	/* Not for each call: what else allocates, as kmemleak does, shifts the count. */
	ASSERT_GT(seen.no_record, 0, "faults in bpf_audit_log_start()");
	ASSERT_GT(no_path, 0, "faults for the buffer of a path");
	ASSERT_GT(cut, 0, "faults as a record grows");
	check_no_context_held();
}

static void test_slab_and_pages(void)
{
	if (contexts_held() < 0) {
		skip("the kernel has no SLUB_DEBUG, or doesn't use it", "");
		return;
	}
	if (!let_allocations_fail())
		return;
	check_slab_and_pages();
	restore_allocations();
}

/* kmalloc_nolock() */

static bool kernel_log_has(int kmsg, const char *text)
{
	char line[16384];
	bool found = false;
	ssize_t len;

	while ((len = read(kmsg, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		line[len > 0 ? len : 0] = '\0';
		found |= !!strstr(line, text);
	}
	return found;
}

static bool act_ten_times(const void *unused)
{
	int i;

	for (i = 0; i < 10; i++)
		act_ioctl_file(NULL);
	return true;
}

/* Where kmalloc_nolock() fails, kmalloc() follows: nothing is lost. */
static void check_kmalloc_follows(void)
{
	long lost = audit_lost(audit);
	int i;

	if (!attach(faults->progs.file))
		return;
	audit_drain(audit);
	act_as_subject(act_ten_times, NULL);
	audit_settle(audit, 0);

	ASSERT_EQ(faults->bss->faults_met, 10, "allocations that failed");
	for (i = 0; i < 10; i++)
		ASSERT_TRUE(faults->bss->attempts[i].started, "a context from kmalloc()");
	ASSERT_OK_PTR(audit_record(audit, AUDIT_BPF_LSM_ACCESS, 9), "ten records");
	ASSERT_EQ(audit_lost(audit), lost, "records lost");
}

/* Where both fail, that is one record lost, and the log says why. */
static void check_both_fail(void)
{
	static const char ratelimit[] = "/proc/sys/kernel/printk_ratelimit";
	char before[32];
	int kmsg;

	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	if (!ASSERT_OK_FD(kmsg, "open /dev/kmsg") ||
	    !ASSERT_OK(sysctl_set(ratelimit, before, "0"), "let the kernel log take all"))
		return;
	lseek(kmsg, 0, SEEK_END);
	ASSERT_OK(audit_set(audit, AUDIT_STATUS_FAILURE, AUDIT_FAIL_PRINTK), "tell of losses");

	memset(&seen, 0, sizeof(seen));
	sweep(faults->progs.file, no_calls, act_ioctl, file_fd);
	ASSERT_GT(seen.no_record, 0, "faults in bpf_audit_log_start()");
	ASSERT_TRUE(kernel_log_has(kmsg, "out of memory in bpf_audit_log_start"), "the reason");

	ASSERT_OK(audit_set(audit, AUDIT_STATUS_FAILURE, AUDIT_FAIL_SILENT), "keep silent");
	ASSERT_OK(sysctl_set(ratelimit, NULL, before), "the kernel log is as before");
	close(kmsg);
}

/* A record that nobody wants isn't lost, and takes no memory. */
static void check_not_wanted(void)
{
	const struct action action = { act_ioctl_file, NULL, .nth = 1 };
	long lost = audit_lost(audit);

	if (!attach(faults->progs.file) ||
	    !ASSERT_OK(audit_exclude(audit, AUDIT_BPF_LSM_ACCESS, true), "add a rule"))
		return;
	faults->bss->nr_attempts = 0;
	faults->bss->faults_met = 0;
	act_as_subject(act_with_fault, &action);
	ASSERT_EQ(faults->bss->nr_attempts, 2, "runs of the program");
	ASSERT_EQ(faults->bss->faults_met, 0, "allocations");
	ASSERT_EQ(audit_lost(audit), lost, "records lost");
	ASSERT_OK(audit_exclude(audit, AUDIT_BPF_LSM_ACCESS, false), "remove it");
}

static void check_no_sleepable_fault(void)
{
	struct lsm_audit_kfuncs_faults *skel = lsm_audit_kfuncs_faults__open();
	struct bpf_program *prog;

	if (!ASSERT_OK_PTR(skel, "open"))
		return;
	bpf_object__for_each_program(prog, skel->obj)
		bpf_program__set_autoload(prog, prog == skel->progs.sleepable_fault);
	ASSERT_EQ(lsm_audit_kfuncs_faults__load(skel), -EINVAL, "load a sleepable program");
	lsm_audit_kfuncs_faults__destroy(skel);
}

static void test_kmalloc_nolock(void)
{
	struct bpf_link *link;

	if (!bpf_program__autoload(faults->progs.no_memory)) {
		skip("kmalloc_nolock() can't be made to fail (BPF_KPROBE_OVERRIDE, debugfs)", "");
		return;
	}
	check_no_sleepable_fault();
	link = bpf_program__attach(faults->progs.no_memory);
	if (!ASSERT_OK_PTR(link, "attach the fault"))
		return;
	memset(faults->bss->calls, 0, sizeof(faults->bss->calls));
	memset(faults->bss->attempts, 0, sizeof(faults->bss->attempts));
	faults->bss->nr_attempts = 0;
	faults->bss->faults_met = 0;
	faults->bss->faults = INT_MAX;
	check_kmalloc_follows();
	if (let_allocations_fail()) {
		check_both_fail();
		check_not_wanted();
		restore_allocations();
	}
	faults->bss->faults = 0;
	bpf_link__destroy(link);
	check_no_context_held();
}

/* Contexts that are left */

static bool act_once(const void *unused)
{
	return act_ioctl_file(NULL);
}

/* What counts the contexts that are left must see one that is there. */
static void test_leak_detector(void)
{
	pid_t subject;
	int tries;

	if (contexts_held() < 0) {
		skip("the kernel has no SLUB_DEBUG, or doesn't use it", "");
		return;
	}
	if (!attach(faults->progs.holding))
		return;

	faults->bss->held = 0;
	faults->bss->release = 0;
	subject = start_subject(SUBJECT, &faults->bss->tgid, act_once, NULL);
	if (subject < 0)
		return;
	for (tries = 0; tries < 1000 && !READ_ONCE(faults->bss->held); tries++)
		usleep(10 * 1000);
	ASSERT_EQ(contexts_held(), 1, "contexts that the kernel holds");
	WRITE_ONCE(faults->bss->release, 1);
	subject_is_done(subject);
	check_no_context_held();
}

static const struct subtest subtests[] = {
	{ "no_memory", test_slab_and_pages, .loses = true },
	{ "no_memory_nolock", test_kmalloc_nolock, .loses = true },
	{ "leak_detector", test_leak_detector, .loses = true },
};

static bool can_fail_kmalloc_nolock(void)
{
	FILE *file = fopen("/sys/kernel/debug/error_injection/list", "r");
	static const char function[] = "should_fail_kmalloc_nolock";
	char line[128];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = !strncmp(line, function, strlen(function));
	if (file)
		fclose(file);
	return found && libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_override_return,
						NULL) == 1;
}

static bool load_faults(void)
{
	struct sockaddr_storage address;
	bool has_entries;
	socklen_t len;

	faults = lsm_audit_kfuncs_faults__open();
	if (!ASSERT_OK_PTR(faults, "open the programs"))
		return false;

	bpf_program__set_autoload(faults->progs.no_memory, can_fail_kmalloc_nolock());
	has_entries = libbpf_find_vmlinux_btf_id("bpf_audit_log_path_at", BPF_TRACE_FENTRY) > 0 &&
		      libbpf_find_vmlinux_btf_id("path_mkdir", BPF_LSM_MAC) > 0;
	bpf_program__set_autoload(faults->progs.new_entry, has_entries);
	bpf_program__set_autoload(faults->progs.old_entry, has_entries);
	memset((char *)faults->rodata->longest_cause, '\n', 255);
	make_sockaddr(AF_INET6, "2001:db8:1111:2222:3333:4444:5555:6666", 65535, &address, &len);
	memcpy(faults->bss->address, &address, sizeof(faults->bss->address));
	return ASSERT_OK(lsm_audit_kfuncs_faults__load(faults), "load the programs");
}

/* The audit socket is one for the whole machine. */
void serial_test_lsm_audit_kfuncs_faults(void)
{
	const char *log;
	char *kept;

	if (!can_run() || !needs_socket_hooks())
		return;

	RUN_TESTS(lsm_audit_kfuncs_locks);

	/* That's for records which a reader can rely on, not for those that are cut. */
	log = getenv("AUDIT_LOG");
	kept = log ? strdup(log) : NULL;
	unsetenv("AUDIT_LOG");
	if (load_faults())
		run_subtests(subtests, ARRAY_SIZE(subtests));
	if (kept)
		setenv("AUDIT_LOG", kept, 1);
	free(kept);
	lsm_audit_kfuncs_faults__destroy(faults);
	faults = NULL;
}
