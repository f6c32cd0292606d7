// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit kfuncs where memory runs out, and where the backlog is full.
 *
 * The tests called no_memory need a kernel that can let allocations fail, and
 * leak_detector one that knows who allocated what.
 */
#include <ftw.h>
#include <sched.h>
#include <sys/mount.h>

#include "cgroup_helpers.h"
#include "lsm_audit_helpers.h"
#include "lsm_audit_kfuncs_locks.skel.h"
#include "progs/lsm_audit_kfuncs_faults.h"
#include "sysctl_helpers.h"
#include "lsm_audit_kfuncs_faults.skel.h"

static struct lsm_audit_kfuncs_faults *faults;

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

/* Let another process act, since nothing is recorded of the audit daemon. */
static pid_t start_subject(act_fn act, const void *arg)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		bool done;

		prctl(PR_SET_NAME, SUBJECT);
		faults->bss->tgid = getpid();
		done = act(arg);
		faults->bss->tgid = 0;
		_exit(!done);
	}

	ASSERT_GT(pid, 0, "fork");
	return pid;
}

static bool subject_is_done(pid_t pid)
{
	int status;

	return ASSERT_EQ(waitpid(pid, &status, 0), pid, "wait for the subject") &&
	       ASSERT_EQ(status, 0, "what the subject did");
}

static pid_t act_as_subject(act_fn act, const void *arg)
{
	pid_t pid = start_subject(act, arg);

	return pid > 0 && subject_is_done(pid) ? pid : -1;
}

/* An object goes back a moment after kfree_nolock(). */
static void check_no_context_held(void)
{
	int tries;

	for (tries = 0; tries < 20 && contexts_held() > 0; tries++)
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
	unsigned int cut[NR_CALLS];
	unsigned int no_path[NR_CALLS];
	unsigned int too_big;
} seen;

/* Is @text what is left of @whole if one piece of it is taken away? */
static bool is_cut(const char *text, const char *whole)
{
	size_t len = strlen(text), whole_len = strlen(whole), same = 0, same_end = 0;

	while (same < len && text[same] == whole[same])
		same++;
	while (same_end < len && text[len - 1 - same_end] == whole[whole_len - 1 - same_end])
		same_end++;
	return len < whole_len && same + same_end >= len;
}

/* The same, with something else instead of a path. */
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
	} else if (ASSERT_TRUE(is_cut(record->text, whole), "a part is missing")) {
		seen.cut[call]++;
		if (ASSERT_GE(by, 0, "the call that met the fault"))
			ASSERT_EQ(lost, attempt->ret[by] ? 0 : 1,
				  "records lost, where a part is missing");
	} else {
		printf("got:   %s\nwhole: %s\n", record->text, whole);
	}
}

/* Let each allocation fail that is made for a record of these calls. */
static void sweep(struct bpf_program *prog, const int *calls, act_fn act, int fd)
{
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

static void sweep_all(bool sleepable)
{
	static const int file_calls[] = {
		CALL_CAUSE, CALL_CAP, CALL_PATH, CALL_FILE, CALL_IOCTL_OP, CALL_INODE, CALL_TASK,
		CALL_NET_SOCKADDR,
	};
	static const int none[] = { CALL_NONE };
	static const int dentry_call[] = { CALL_DENTRY, CALL_NONE };
	static const int sock_call[] = { CALL_NET_SOCK, CALL_NONE };
	static const int long_path[] = {
		CALL_FILE, CALL_CAUSE, CALL_TASK, CALL_NET_SOCKADDR, CALL_CAP, CALL_NONE
	};
	static const int path_last[] = {
		CALL_CAUSE, CALL_TASK, CALL_NET_SOCKADDR, CALL_CAP, CALL_IOCTL_OP, CALL_NONE
	};
	const typeof(faults->progs) *progs = &faults->progs;
	struct bpf_program *file = sleepable ? progs->file_sleepable : progs->file;
	struct bpf_program *dentry = sleepable ? progs->dentry_sleepable : progs->dentry;
	struct bpf_program *sock = sleepable ? progs->sock_sleepable : progs->sock;
	unsigned int cut = 0, no_path = 0;
	char path[sizeof(dir) + 8];
	size_t len;
	int fd, i;

	if (access("/proc/thread-self/fail-nth", W_OK) || contexts_held() < 0) {
		skip("the kernel has no FAILSLAB, FAIL_PAGE_ALLOC, or SLUB_DEBUG", "");
		return;
	}
	/* Also those that may wait, and single pages; without a backtrace of each. */
	if (!ASSERT_TRUE(write_file("/sys/kernel/debug/failslab/ignore-gfp-wait", "N"),
			 "failslab") ||
	    !ASSERT_TRUE(write_file("/sys/kernel/debug/failslab/verbose", "0"), "failslab") ||
	    !ASSERT_TRUE(write_file("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N"),
			 "fail_page_alloc") ||
	    !ASSERT_TRUE(write_file("/sys/kernel/debug/fail_page_alloc/min-order", "0"),
			 "fail_page_alloc") ||
	    !ASSERT_TRUE(write_file("/sys/kernel/debug/fail_page_alloc/verbose", "0"),
			 "fail_page_alloc"))
		return;

	memset(&seen, 0, sizeof(seen));
	sweep(file, none, act_ioctl, file_fd);
	for (i = 0; i < ARRAY_SIZE(file_calls); i++) {
		const int alone[] = { file_calls[i], CALL_NONE };

		sweep(file, alone, act_ioctl, file_fd);
	}
	sweep(dentry, dentry_call, act_fchmod, file_fd);
	snprintf(path, sizeof(path), "%s/socket", dir);
	fd = unix_socket(path, strlen(path));
	if (fd >= 0) {
		sweep(sock, sock_call, act_getsockname, fd);
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
	fd = open_deep(3900);
	if (ASSERT_OK_FD(fd, "open a deep file")) {
		sweep(file, path_last, act_ioctl, fd);
		close(fd);
	}

	printf("%u faults: %u without a record, %u did no harm, %u refused as too big\n",
	       seen.faults, seen.no_record, seen.whole, seen.too_big);
	for (i = CALL_CAUSE; i < NR_CALLS; i++) {
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
	sweep_all(false);
}

static void test_slab_and_pages_sleepable(void)
{
	sweep_all(true);
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

/* Each context that can't be allocated is one record lost, and the log says why. */
static void check_no_memory(struct bpf_program *prog)
{
	static const char ratelimit[] = "/proc/sys/kernel/printk_ratelimit";
	char before[32];
	long lost;
	int kmsg;

	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	if (!ASSERT_OK_FD(kmsg, "open /dev/kmsg") || !attach(prog) ||
	    !ASSERT_OK(sysctl_set(ratelimit, before, "0"), "let the kernel log take all"))
		return;
	lseek(kmsg, 0, SEEK_END);
	memset(faults->bss->calls, 0, sizeof(faults->bss->calls));
	ASSERT_OK(audit_set(audit, AUDIT_STATUS_FAILURE, AUDIT_FAIL_PRINTK), "tell of losses");

	lost = audit_lost(audit);
	audit_drain(audit);
	faults->bss->nr_attempts = 0;
	memset(faults->bss->attempts, 0, sizeof(faults->bss->attempts));
	faults->bss->faults = 1;
	faults->bss->faults_met = 0;
	act_as_subject(act_ten_times, NULL);
	audit_settle(audit, 0);

	ASSERT_EQ(faults->bss->faults_met, 1, "allocations that failed");
	ASSERT_FALSE(faults->bss->attempts[0].started, "a context without memory");
	ASSERT_TRUE(faults->bss->attempts[1].started, "a context, the next time");
	ASSERT_EQ(audit_lost(audit) - lost, 1, "records lost");
	ASSERT_OK_PTR(audit_record(audit, AUDIT_BPF_LSM_ACCESS, 8), "the nine others");
	ASSERT_NULL(audit_record(audit, AUDIT_BPF_LSM_ACCESS, 9), "no more");
	ASSERT_TRUE(kernel_log_has(kmsg, "out of memory in bpf_audit_log_start"), "the reason");

	/* All of them. */
	lost = audit_lost(audit);
	faults->bss->nr_attempts = 0;
	faults->bss->faults = 10;
	act_as_subject(act_ten_times, NULL);
	ASSERT_EQ(faults->bss->faults, 0, "allocations that are still to fail");
	ASSERT_EQ(audit_lost(audit) - lost, 10, "records lost");

	ASSERT_OK(audit_set(audit, AUDIT_STATUS_FAILURE, AUDIT_FAIL_SILENT), "keep silent");
	ASSERT_OK(sysctl_set(ratelimit, NULL, before), "the kernel log is as before");
	check_no_context_held();
	close(kmsg);
}

static void test_kmalloc_nolock(void)
{
	struct bpf_link *link;

	if (!bpf_program__autoload(faults->progs.no_memory)) {
		skip("kmalloc_nolock() can't be made to fail (BPF_KPROBE_OVERRIDE, debugfs)", "");
		return;
	}
	link = bpf_program__attach(faults->progs.no_memory);
	if (!ASSERT_OK_PTR(link, "attach the fault"))
		return;
	check_no_memory(faults->progs.file);
	check_no_memory(faults->progs.file_sleepable);
	bpf_link__destroy(link);
}

/* A full backlog */

/* How many records it takes. */
#define BACKLOG 5

/*
 * Kauditd has one processor, where this process is more urgent, and so the
 * backlog stays full. Real time gets all of a processor but for a moment in each
 * second.
 */
static pid_t start_busy(int cpu, int ms)
{
	struct sched_param urgent = { .sched_priority = 1 };
	int ready[2], byte;
	cpu_set_t one;
	pid_t pid;

	if (!ASSERT_OK(pipe(ready), "pipe"))
		return -1;
	pid = fork();
	if (!pid) {
		__u64 end = get_time_ns() + ms * 1000000ULL;

		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (sched_setaffinity(0, sizeof(one), &one) ||
		    sched_setscheduler(0, SCHED_FIFO, &urgent) || write(ready[1], "", 1) != 1)
			_exit(1);
		while (get_time_ns() < end)
			;
		_exit(0);
	}
	close(ready[1]);
	ASSERT_EQ(read(ready[0], &byte, 1), 1, "a process that is busy");
	close(ready[0]);
	return pid;
}

static void stop_busy(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* What makes a program run: prepared in time, as the backlog is full only for a moment. */
struct context {
	int (*prepare)(int fds[2]);
	void (*act)(const int fds[2]);
};

static int cgroup_fd = -1;

static int prepare_nothing(int fds[2])
{
	return 0;
}

static void act_command(const int fds[2])
{
	ioctl(file_fd, CMD_ACT, NULL);
}

static int prepare_datagram(int fds[2])
{
	fds[0] = start_server(AF_INET, SOCK_DGRAM, "127.0.0.1", 0, 0);
	fds[1] = connect_to_fd(fds[0], 0);
	faults->bss->port = ntohs(get_socket_local_port(fds[0]));
	return fds[1] < 0;
}

static void act_send(const int fds[2])
{
	send(fds[1], "", 1, 0);
}

static int prepare_connection(int fds[2])
{
	fds[0] = start_server(AF_INET, SOCK_STREAM, "127.0.0.1", 0, 0);
	fds[1] = connect_to_fd(fds[0], 0);
	return fds[1] < 0;
}

static void act_on_connection(const int fds[2])
{
	close(accept(fds[0], NULL, NULL));
}

static int visit(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
	return 0;
}

/* Inodes of our own, that nothing but their names holds. */
static int prepare_inodes(int fds[2])
{
	char path[sizeof(dir) + 16];

	snprintf(path, sizeof(path), "%s/proc", dir);
	mkdir(path, 0700);
	if (mount("proc", path, "proc", 0, NULL))
		return -1;
	strcat(path, "/sys");
	fds[1] = openat(cgroup_fd, "memory.reclaim", O_WRONLY);
	return fds[1] < 0 || nftw(path, visit, 16, FTW_PHYS);
}

static void act_reclaim(const int fds[2])
{
	char path[sizeof(dir) + 16];
	int i;

	for (i = 0; i < 10 && !faults->bss->runs; i++) {
		if (write(fds[1], "16M", 3) < 0 && errno != EAGAIN)
			break;
	}
	snprintf(path, sizeof(path), "%s/proc", dir);
	umount2(path, MNT_DETACH);
}

/* Act with a full backlog. True if the program has run, and was refused each time. */
static bool act_refused(const struct context *context)
{
	int fds[2] = { -1, -1 }, i;
	bool ok;

	if (context->prepare(fds))
		return false;

	faults->bss->fill_refused = 0;
	for (i = 0; i < 1000 && !faults->bss->fill_refused; i++)
		ioctl(file_fd, CMD_FILL, NULL);

	faults->bss->runs = 0;
	faults->bss->refused = 0;
	context->act(fds);
	for (i = 0; i < 2000 && !__atomic_load_n(&faults->bss->runs, __ATOMIC_ACQUIRE); i++)
		usleep(1000);
	ok = faults->bss->runs && faults->bss->refused == faults->bss->runs;

	close(fds[0]);
	close(fds[1]);
	return ok;
}

/* Now and then kauditd runs just before the program does. */
static bool act_refused_once(const void *context)
{
	int tries;

	for (tries = 0; tries < 10; tries++) {
		if (act_refused(context))
			return true;
	}
	printf("runs %u, refused %u\n", faults->bss->runs, faults->bss->refused);
	return false;
}

/* Fill the backlog, and have one record more. */
static bool act_and_wait(const void *unused)
{
	int i;

	for (i = 0; i < 1000 && !faults->bss->fill_refused; i++)
		ioctl(file_fd, CMD_FILL, NULL);
	ioctl(file_fd, CMD_ACT, NULL);
	return true;
}

/* Kauditd's processor, and the others for us. */
static cpu_set_t kauditd_before, us_before;
static pid_t kauditd;

static bool keep_kauditd_apart(void)
{
	cpu_set_t one, others;

	kauditd = find_kauditd();
	if (!ASSERT_GT(kauditd, 0, "find kauditd") ||
	    !ASSERT_OK(sched_getaffinity(kauditd, sizeof(one), &kauditd_before), "affinity") ||
	    !ASSERT_OK(sched_getaffinity(0, sizeof(one), &us_before), "affinity"))
		return false;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	CPU_XOR(&others, &us_before, &one);
	return ASSERT_OK(sched_setaffinity(kauditd, sizeof(one), &one), "kauditd to processor 0") &&
	       ASSERT_OK(sched_setaffinity(0, sizeof(others), &others), "us to the others");
}

static void let_kauditd_be(void)
{
	sched_setaffinity(0, sizeof(us_before), &us_before);
	if (kauditd > 0)
		sched_setaffinity(kauditd, sizeof(kauditd_before), &kauditd_before);
}

/* No other record may take part, or have its own task wait for the backlog. */
static bool limit_backlog(void)
{
	return ASSERT_OK(audit_drain(audit), "drain audit") &&
	       ASSERT_OK(audit_only(audit, AUDIT_BPF_LSM_ACCESS, true), "no other records") &&
	       ASSERT_OK(audit_set(audit, AUDIT_STATUS_BACKLOG_LIMIT, BACKLOG), "a short queue");
}

static void unlimit_backlog(void)
{
	ASSERT_OK(audit_set(audit, AUDIT_STATUS_BACKLOG_LIMIT, 8192), "a long queue");
	ASSERT_OK(audit_only(audit, AUDIT_BPF_LSM_ACCESS, false), "other records");
	ASSERT_GE(audit_settle(audit, 0), 0, "settle");
}

static void check_refused(struct bpf_program *prog, const struct context *context)
{
	struct bpf_link *link;
	pid_t busy;

	if (libbpf_num_possible_cpus() < 2) {
		skip("it takes two processors", "");
		return;
	}
	link = bpf_program__attach(faults->progs.fill);
	if (!ASSERT_OK_PTR(link, "attach") || !attach(prog)) {
		bpf_link__destroy(link);
		return;
	}

	if (keep_kauditd_apart() && limit_backlog()) {
		busy = start_busy(0, 60 * 1000);
		act_as_subject(act_refused_once, context);
		stop_busy(busy);
		ASSERT_GT(faults->bss->refused, 0, "NULL from bpf_audit_log_start()");
	}
	unlimit_backlog();
	let_kauditd_be();
	bpf_link__destroy(link);
}

/* Where a program may sleep, its record isn't lost. */
static void test_backlog_waits(void)
{
	struct bpf_link *link;
	long lost;
	pid_t busy;

	if (libbpf_num_possible_cpus() < 2) {
		skip("it takes two processors", "");
		return;
	}
	link = bpf_program__attach(faults->progs.fill);
	if (!ASSERT_OK_PTR(link, "attach") || !attach(faults->progs.in_sleepable)) {
		bpf_link__destroy(link);
		return;
	}

	if (keep_kauditd_apart() && limit_backlog()) {
		lost = audit_lost(audit);
		faults->bss->fill_refused = 0;
		faults->bss->runs = 0;
		faults->bss->refused = 0;
		faults->bss->longest = 0;
		busy = start_busy(0, 700);
		act_as_subject(act_and_wait, NULL);
		stop_busy(busy);
		ASSERT_EQ(faults->bss->fill_refused, 1, "NULL from a program that may not sleep");
		ASSERT_EQ(faults->bss->runs, 1, "runs of the program");
		ASSERT_EQ(faults->bss->refused, 0, "NULL from bpf_audit_log_start()");
		ASSERT_GT(faults->bss->longest, 100 * 1000 * 1000, "how long it took, in ns");
		ASSERT_EQ(audit_lost(audit) - lost, 1, "records that are lost");
	}
	unlimit_backlog();
	let_kauditd_be();
	bpf_link__destroy(link);
}

static bool act_once(const void *unused)
{
	ioctl(file_fd, CMD_ACT, NULL);
	return true;
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
	subject = start_subject(act_once, NULL);
	if (subject < 0)
		return;
	for (tries = 0; tries < 1000 && !READ_ONCE(faults->bss->held); tries++)
		usleep(10 * 1000);
	ASSERT_EQ(contexts_held(), 1, "contexts that the kernel holds");
	WRITE_ONCE(faults->bss->release, 1);
	subject_is_done(subject);
	check_no_context_held();
}

static const struct context command = { prepare_nothing, act_command };

static void test_backlog_program(void)
{
	check_refused(faults->progs.in_program, &command);
}

static void test_backlog_rcu_section(void)
{
	check_refused(faults->progs.in_rcu_section, &command);
}

static void test_backlog_preemption_off(void)
{
	check_refused(faults->progs.with_preemption_off, &command);
}

static void test_backlog_interrupts_off(void)
{
	check_refused(faults->progs.with_interrupts_off, &command);
}

static void test_backlog_softirq(void)
{
	const struct context datagram = { prepare_datagram, act_send };

	check_refused(faults->progs.in_softirq, &datagram);
	faults->bss->port = 0;
}

static void test_backlog_bottom_halves_off(void)
{
	const struct context connection = { prepare_connection, act_on_connection };

	check_refused(faults->progs.with_bottom_halves_off, &connection);
}

static void test_backlog_timer(void)
{
	check_refused(faults->progs.in_timer, &command);
}

/* It may sleep, but it is the kernel's thread, which others may wait for. */
static void test_backlog_workqueue(void)
{
	check_refused(faults->progs.in_work, &command);
}

static void test_backlog_reclaim(void)
{
	const struct context reclaim = { prepare_inodes, act_reclaim };

	cgroup_fd = cgroup_setup_and_join("/lsm_audit_kfuncs_faults");
	if (!ASSERT_OK_FD(cgroup_fd, "join a cgroup"))
		return;
	if (faccessat(cgroup_fd, "memory.reclaim", F_OK, 0))
		skip("the kernel doesn't reclaim a cgroup's memory (MEMCG)", "");
	else
		check_refused(faults->progs.in_reclaim, &reclaim);
	close(cgroup_fd);
	cgroup_fd = -1;
	cleanup_cgroup_environment();
}

static const struct subtest subtests[] = {
	{ "no_memory", test_slab_and_pages, .loses = true },
	{ "no_memory_sleepable", test_slab_and_pages_sleepable, .loses = true },
	{ "no_memory_nolock", test_kmalloc_nolock, .loses = true },
	{ "backlog_program", test_backlog_program, .loses = true },
	{ "backlog_rcu_section", test_backlog_rcu_section, .loses = true },
	{ "backlog_preemption_off", test_backlog_preemption_off, .loses = true },
	{ "backlog_interrupts_off", test_backlog_interrupts_off, .loses = true },
	{ "backlog_softirq", test_backlog_softirq, .loses = true },
	{ "backlog_bottom_halves_off", test_backlog_bottom_halves_off, .loses = true },
	{ "backlog_timer", test_backlog_timer, .loses = true },
	{ "backlog_workqueue", test_backlog_workqueue, .loses = true },
	{ "no_memory_reclaim", test_backlog_reclaim, .loses = true },
	{ "backlog_waits", test_backlog_waits, .loses = true },
	{ "leak_detector", test_leak_detector, .loses = true },
};

static bool can_fail_kmalloc_nolock(void)
{
	FILE *file = fopen("/sys/kernel/debug/error_injection/list", "r");
	char line[128];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = !strncmp(line, "_kmalloc_nolock_noprof", strlen("_kmalloc_nolock_noprof"));
	if (file)
		fclose(file);
	return found;
}

static bool load_faults(void)
{
	struct sockaddr_storage address;
	socklen_t len;

	faults = lsm_audit_kfuncs_faults__open();
	if (!ASSERT_OK_PTR(faults, "open the programs"))
		return false;

	bpf_program__set_autoload(faults->progs.no_memory, can_fail_kmalloc_nolock());
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

	if (!can_run())
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
