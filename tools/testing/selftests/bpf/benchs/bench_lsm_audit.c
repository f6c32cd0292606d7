// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit kfuncs for BPF LSM programs: what a record costs, and how many of
 * them a machine can do.
 *
 * A process of its own is the audit daemon and reads all records: of what the
 * daemon itself does, only some are written.
 */
#define _GNU_SOURCE
#include <argp.h>
#include <bpf/bpf_endian.h>
#include <fcntl.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "audit_helpers.h"
#include "bench.h"
#include "bpf_util.h"
#include "lsm_audit_bench.skel.h"
#include "progs/lsm_audit_bench.h"

/* How long the reader may take to catch up. */
#define DEADLINE_MS	20000

/* Records between which the reader catches up. */
#define BATCH		16

/* Runs of a case before its samples are kept. */
#define WARM_UP		64

static struct {
	int samples;
	const char *only;
} args = {
	.samples = 1000,
};

enum {
	ARG_SAMPLES = 20000,
	ARG_CASE,
};

static const struct argp_option opts[] = {
	{ "lsm-audit-samples", ARG_SAMPLES, "CNT", 0, "Samples of each case of lsm-audit-cost" },
	{ "lsm-audit-case", ARG_CASE, "NAME", 0, "The only case of lsm-audit-cost to run" },
	{},
};

static error_t parse_arg(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARG_SAMPLES:
		args.samples = strtol(arg, NULL, 10);
		if (args.samples < 1) {
			fprintf(stderr, "invalid number of samples: %s\n", arg);
			argp_usage(state);
		}
		break;
	case ARG_CASE:
		args.only = arg;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* exported into benchmark runner */
const struct argp bench_lsm_audit_argp = {
	.options = opts,
	.parser = parse_arg,
};

static struct {
	struct lsm_audit_bench *skel;
	struct audit *audit;
	long lost;		/* before the benchmark */
	bool landlock;		/* the kernel has it, and logs its denials */
	bool start_wanted;	/* what starts a record is audit_log_start_wanted() */
	bool facts;		/* it has path_at and rule, and a hook for them */
	/* What the reader tells: that it is ready, and how many records came. */
	struct {
		bool ready;
		long records;
	} *reader;
} ctx;

#define die(fmt, ...) do {					\
	fprintf(stderr, fmt "\n", ##__VA_ARGS__);		\
	exit(1);						\
} while (0)

/* The reader */

/* Read and count until the benchmark ends, and leave audit as it was. */
static void reader(pid_t benchmark)
{
	struct audit *audit;
	char why[128];
	long count;

	audit = audit_open(why);
	if (!audit)
		die("no audit daemon can be had: %s", why);

	WRITE_ONCE(ctx.reader->ready, true);
	while (getppid() == benchmark) {
		count = audit_discard(audit, AUDIT_BPF_LSM_ACCESS, 1000);
		if (count > 0)
			atomic_add(&ctx.reader->records, count);
	}

	audit_close(audit);
}

static void start_reader(void)
{
	pid_t benchmark = getpid(), pid;
	int ms;

	ctx.reader = mmap(NULL, sizeof(*ctx.reader), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ctx.reader == MAP_FAILED)
		die("out of memory");

	pid = fork();
	if (pid < 0)
		die("can't start the reader: %s", strerror(errno));
	if (!pid) {
		reader(benchmark);
		_exit(0);
	}

	for (ms = 0; !READ_ONCE(ctx.reader->ready); ms++) {
		if (ms == DEADLINE_MS || waitpid(pid, NULL, WNOHANG))
			die("the reader of audit records doesn't start");
		usleep(1000);
	}
}

static long lost_records(void)
{
	long lost;

	lost = audit_lost(ctx.audit);
	if (lost < 0)
		die("audit doesn't answer: %s", strerror(-lost));
	return lost - ctx.lost;
}

/* Wait until the reader has all records, or no more come. */
static bool reader_has_all(void)
{
	long last = -1, records;
	int ms;

	for (ms = 0; ms < DEADLINE_MS; ms++) {
		records = READ_ONCE(ctx.reader->records);
		if (records == ctx.skel->bss->written)
			return true;
		if (ms % 2000 == 1999) {
			if (records == last)
				return false;
			last = records;
		}
		usleep(1000);
	}
	return false;
}

/* What the records are about */

static int file_fd, inet_fd, inet6_fd, unix_fd;
static int depth_fd[65];

static struct sockaddr_in inet_address = {
	.sin_family = AF_INET,
	.sin_port = __bpf_constant_htons(4711),
	.sin_addr.s_addr = __bpf_constant_htonl(INADDR_LOOPBACK),
};

static struct sockaddr_in6 inet6_address = {
	.sin6_family = AF_INET6,
	.sin6_port = __bpf_constant_htons(4712),
	.sin6_addr = IN6ADDR_LOOPBACK_INIT,
};

static struct sockaddr_un unix_address = {
	.sun_family = AF_UNIX,
	.sun_path = "/dir/socket",
};

/*
 * A file system of our own, as the root: the length of a path and of an inode
 * number is the same on each machine.
 */
static void make_files(void)
{
	int depth;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", "/tmp", "tmpfs", 0, NULL) || chdir("/tmp") || chroot("."))
		die("can't set up a file system: %s", strerror(errno));

	/* The file at depth 3 is /dir/dir/file. */
	for (depth = 1; depth < ARRAY_SIZE(depth_fd); depth++) {
		depth_fd[depth] = open("file", O_RDWR | O_CREAT, 0600);
		if (depth_fd[depth] < 0 || mkdir("dir", 0700) || chdir("dir"))
			die("can't make a file: %s", strerror(errno));
	}
	file_fd = depth_fd[2];
	if (chdir("/"))
		die("can't go back to the root: %s", strerror(errno));
}

static int make_socket(void *addr, socklen_t len)
{
	const struct sockaddr *any = addr;
	int fd;

	fd = socket(any->sa_family, SOCK_DGRAM, 0);
	if (fd < 0 || bind(fd, addr, len))
		die("can't make a socket of family %d: %s", any->sa_family, strerror(errno));
	return fd;
}

static void make_sockets(void)
{
	inet_fd = make_socket(&inet_address, sizeof(inet_address));
	inet6_fd = make_socket(&inet6_address, sizeof(inet6_address));
	unix_fd = make_socket(&unix_address, sizeof(unix_address));
}

static void setup(void)
{
	setup_libbpf();

	ctx.skel = lsm_audit_bench__open();
	if (!ctx.skel)
		die("can't open the programs");
	ctx.landlock = libbpf_find_vmlinux_btf_id("landlock_audit_denial", BPF_TRACE_FENTRY) > 0;
	bpf_program__set_autoload(ctx.skel->progs.enter_landlock, ctx.landlock);
	bpf_program__set_autoload(ctx.skel->progs.exit_landlock, ctx.landlock);
	ctx.start_wanted = libbpf_find_vmlinux_btf_id("audit_log_start_wanted",
						      BPF_TRACE_FENTRY) > 0;
	bpf_program__set_autoload(ctx.skel->progs.enter_start_wanted, ctx.start_wanted);
	bpf_program__set_autoload(ctx.skel->progs.exit_start_wanted, ctx.start_wanted);
	ctx.facts = libbpf_find_vmlinux_btf_id("bpf_audit_log_path_at",
					       BPF_TRACE_FENTRY) > 0 &&
		    libbpf_find_vmlinux_btf_id("path_unlink", BPF_LSM_MAC) > 0;
	bpf_program__set_autoload(ctx.skel->progs.on_entry, ctx.facts);
	if (lsm_audit_bench__load(ctx.skel))
		die("the programs don't load: does the kernel have CONFIG_BPF_LSM_AUDIT?");
	ctx.skel->bss->tgid = getpid();

	ctx.audit = audit_connect();
	if (!ctx.audit)
		die("the kernel has no audit: %s", strerror(errno));
	start_reader();
	ctx.lost = lost_records();

	make_files();
	make_sockets();
}

/* What a record costs */

struct scenario {
	const char *name;
	__u32 fields;
	bool (*act)(const struct scenario *scenario);
	int depth;		/* of the file, if it isn't the usual one */
	bool excluded;		/* by a rule of audit's */
	bool floor;		/* what its two functions take, without the rest */
	bool landlock;		/* what Landlock takes for a record of its own */
};

static bool denied(int ret)
{
	return ret < 0 && errno == EPERM;
}

static bool do_ioctl(const struct scenario *scenario)
{
	int fd = scenario->depth ? depth_fd[scenario->depth] : file_fd;

	return denied(ioctl(fd, 0x5401));
}

static bool do_chmod(const struct scenario *scenario)
{
	return denied(fchmod(file_fd, 0600));
}

static bool do_unlink(const struct scenario *scenario)
{
	return denied(unlink("/dir/file"));
}

static bool do_connect(const struct scenario *scenario)
{
	memcpy(ctx.skel->bss->source_addr, &inet_address, sizeof(inet_address));
	return denied(connect(inet_fd, (struct sockaddr *)&inet_address, sizeof(inet_address)));
}

static bool do_connect6(const struct scenario *scenario)
{
	memcpy(ctx.skel->bss->source_addr, &inet6_address, sizeof(inet6_address));
	return denied(connect(inet6_fd, (struct sockaddr *)&inet6_address, sizeof(inet6_address)));
}

static bool do_connect_unix(const struct scenario *scenario)
{
	return denied(connect(unix_fd, (struct sockaddr *)&unix_address, sizeof(unix_address)));
}

/* Landlock denies this thread to write files, from the first call on. */
static bool do_landlock(const struct scenario *scenario)
{
	const __u64 write_file = 1 << 1;	/* LANDLOCK_ACCESS_FS_WRITE_FILE */
	static bool restricted;
	int ruleset;

	if (!restricted) {
		ruleset = syscall(__NR_landlock_create_ruleset, &write_file, sizeof(write_file), 0);
		if (ruleset < 0 || syscall(__NR_landlock_restrict_self, ruleset, 0))
			die("can't be restricted by Landlock: %s", strerror(errno));
		close(ruleset);
		restricted = true;
	}
	return open("/dir/file", O_WRONLY) < 0 && errno == EACCES;
}

#define FOUR_FIELDS (FIELD_CAUSE | FIELD_CAP | FIELD_FILE | FIELD_TASK)

static const struct scenario scenarios[] = {
	{ "clock", NO_RECORD, do_ioctl },
	{ "floor", 0, do_ioctl, .floor = true },
	{ "start-end", 0, do_ioctl },
	{ "cause", FIELD_CAUSE, do_ioctl },
	{ "rule", FIELD_RULE, do_ioctl },
	{ "cap", FIELD_CAP, do_ioctl },
	{ "path", FIELD_PATH, do_ioctl },
	{ "path_at", FIELD_PATH_AT, do_unlink },
	{ "file", FIELD_FILE, do_ioctl },
	{ "ioctl_op", FIELD_IOCTL_OP, do_ioctl },
	{ "dentry", FIELD_DENTRY, do_chmod },
	{ "inode", FIELD_INODE, do_ioctl },
	{ "task", FIELD_TASK, do_ioctl },
	{ "net_sock", FIELD_NET_SOCK, do_connect },
	{ "net_sockaddr", FIELD_NET_SOCKADDR, do_connect },
	{ "cause+cap+file+task", FOUR_FIELDS, do_ioctl },
	{ "excluded", FOUR_FIELDS, do_ioctl, .excluded = true },
	{ "ring-buffer", RING_BUFFER, do_ioctl },
	{ "fields-1", FIELD_CAP, do_ioctl },
	{ "fields-2", FIELD_CAP | FIELD_CAUSE, do_ioctl },
	{ "fields-3", FIELD_CAP | FIELD_CAUSE | FIELD_TASK, do_ioctl },
	{ "fields-4", FIELD_CAP | FIELD_CAUSE | FIELD_TASK | FIELD_FILE, do_ioctl },
	{ "depth-1", FIELD_FILE, do_ioctl, .depth = 1 },
	{ "depth-2", FIELD_FILE, do_ioctl, .depth = 2 },
	{ "depth-4", FIELD_FILE, do_ioctl, .depth = 4 },
	{ "depth-8", FIELD_FILE, do_ioctl, .depth = 8 },
	{ "depth-16", FIELD_FILE, do_ioctl, .depth = 16 },
	{ "depth-32", FIELD_FILE, do_ioctl, .depth = 32 },
	{ "depth-64", FIELD_FILE, do_ioctl, .depth = 64 },
	{ "sock-inet", FIELD_NET_SOCK, do_connect },
	{ "sock-inet6", FIELD_NET_SOCK, do_connect6 },
	{ "sock-unix", FIELD_NET_SOCK, do_connect_unix },
	{ "sockaddr-inet", FIELD_NET_SOCKADDR, do_connect },
	{ "sockaddr-inet6", FIELD_NET_SOCKADDR, do_connect6 },
	/* The last one, since this can't be taken back. */
	{ "landlock", 0, do_landlock, .landlock = true },
};

static int compare(const void *a, const void *b)
{
	__u64 left = *(const __u64 *)a, right = *(const __u64 *)b;

	return left < right ? -1 : left > right;
}

static struct bpf_link *attach_prog(struct bpf_program *prog)
{
	struct bpf_link *link;

	link = bpf_program__attach(prog);
	if (!link)
		die("can't attach %s: %s", bpf_program__name(prog), strerror(errno));
	return link;
}

static int no_facts(void *unused, void *facts, size_t size)
{
	return 0;
}

static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* The two functions of the floor, less what watching them takes. */
static __u64 floor_cost(void)
{
	LIBBPF_OPTS(bpf_test_run_opts, no_opts);
	const __u64 *took = ctx.skel->bss->floor_elapsed;
	static __u64 watching = UINT64_MAX;

	/* It calls the function that does nothing. */
	if (bpf_prog_test_run_opts(bpf_program__fd(ctx.skel->progs.enter_nothing), &no_opts))
		die("can't run %s: %s", "enter_nothing", strerror(errno));

	/* On one processor, what comes in between makes it more, never less. */
	watching = min(watching, took[FLOOR_NOTHING]);
	return took[FLOOR_START] + took[FLOOR_END] - 2 * watching;
}

static void measure_scenario(const struct scenario *scenario, struct ring_buffer *facts)
{
	__u64 *samples, *calls, start;
	int i, nr = WARM_UP + args.samples;

	samples = calloc(nr, sizeof(*samples));
	calls = calloc(nr, sizeof(*calls));
	if (!samples || !calls)
		die("out of memory");

	ctx.skel->bss->fields = scenario->fields;
	if (scenario->excluded && audit_exclude(ctx.audit, AUDIT_BPF_LSM_ACCESS, true))
		die("audit doesn't take a rule");

	for (i = 0; i < nr; i++) {
		start = now_ns();
		if (!scenario->act(scenario))
			die("%s: the program wasn't asked: %s", scenario->name, strerror(errno));
		calls[i] = now_ns() - start;
		samples[i] = scenario->floor ? floor_cost() : ctx.skel->bss->elapsed;

		if (i % BATCH == BATCH - 1) {
			ring_buffer__consume(facts);
			if (!reader_has_all())
				break;
		}
	}

	if (scenario->excluded && audit_exclude(ctx.audit, AUDIT_BPF_LSM_ACCESS, false))
		die("audit doesn't give a rule back");
	if (!reader_has_all() || lost_records() || (ctx.skel->bss->refused && !scenario->excluded))
		die("%s: of %ld records %ld came, %ld were refused, and audit lost %ld",
		    scenario->name, ctx.skel->bss->written, ctx.reader->records,
		    ctx.skel->bss->refused, lost_records());
	ctx.skel->bss->refused = 0;

	qsort(samples + WARM_UP, args.samples, sizeof(*samples), compare);
	qsort(calls + WARM_UP, args.samples, sizeof(*calls), compare);
	printf("RESULT case=%s samples=%d min=%llu median=%llu call_min=%llu call_median=%llu\n",
	       scenario->name, args.samples, samples[WARM_UP],
	       samples[WARM_UP + args.samples / 2], calls[WARM_UP],
	       calls[WARM_UP + args.samples / 2]);
	fflush(stdout);

	free(samples);
	free(calls);
}

static void cost_validate(void)
{
	if (env.producer_cnt != 1 || env.consumer_cnt != 0)
		die("benchmark takes one producer and no consumer");
}

static void cost_setup(void)
{
	setup();

	attach_prog(ctx.skel->progs.on_file);
	attach_prog(ctx.skel->progs.on_dentry);
	if (ctx.facts)
		attach_prog(ctx.skel->progs.on_entry);
	attach_prog(ctx.skel->progs.on_connect);

	/* It ends when all cases are done. */
	env.duration_sec = INT_MAX - env.warmup_sec;
}

static void *cost_producer(void *input)
{
	const struct scenario *scenario;
	struct ring_buffer *facts;
	struct bpf_link *links[6];
	bool found = false;
	int i, nr_links;

	facts = ring_buffer__new(bpf_map__fd(ctx.skel->maps.ringbuf), no_facts, NULL, NULL);
	if (!facts)
		die("can't read the ring buffer: %s", strerror(errno));

	for (scenario = scenarios; scenario < scenarios + ARRAY_SIZE(scenarios); scenario++) {
		if (args.only && strcmp(args.only, scenario->name))
			continue;
		found = true;
		if (scenario->landlock && !ctx.landlock) {
			fprintf(stderr, "%s: the kernel has no Landlock\n", scenario->name);
			continue;
		}
		if (scenario->fields & (FIELD_PATH_AT | FIELD_RULE) && !ctx.facts) {
			fprintf(stderr, "%s: the kernel has no such function, or no hook for it\n",
				scenario->name);
			continue;
		}

		nr_links = 0;
		if (scenario->floor) {
			links[nr_links++] = attach_prog(ctx.skel->progs.enter_nothing);
			links[nr_links++] = attach_prog(ctx.skel->progs.exit_nothing);
			links[nr_links++] = attach_prog(ctx.start_wanted ?
							ctx.skel->progs.enter_start_wanted :
							ctx.skel->progs.enter_start);
			links[nr_links++] = attach_prog(ctx.start_wanted ?
							ctx.skel->progs.exit_start_wanted :
							ctx.skel->progs.exit_start);
			links[nr_links++] = attach_prog(ctx.skel->progs.enter_end);
			links[nr_links++] = attach_prog(ctx.skel->progs.exit_end);
		}
		if (scenario->landlock) {
			links[nr_links++] = attach_prog(ctx.skel->progs.enter_landlock);
			links[nr_links++] = attach_prog(ctx.skel->progs.exit_landlock);
		}
		measure_scenario(scenario, facts);
		for (i = 0; i < nr_links; i++)
			bpf_link__destroy(links[i]);
	}

	if (!found)
		die("there is no case '%s'", args.only);
	ring_buffer__free(facts);
	bench_force_done();
	return NULL;
}

static void cost_measure(struct bench_res *res)
{
}

/* How many records a machine can do */

static void flood_validate(void)
{
	if (env.consumer_cnt != 0)
		die("benchmark brings a consumer of its own");
}

static void flood_setup_atomic(void)
{
	setup();
	ctx.skel->bss->fields = FOUR_FIELDS;
	attach_prog(ctx.skel->progs.flood_atomic);
}

static void flood_setup_sleepable(void)
{
	setup();
	ctx.skel->bss->fields = FOUR_FIELDS;
	attach_prog(ctx.skel->progs.flood_sleepable);
}

static void *flood_producer(void *input)
{
	while (true)
		ioctl(file_fd, 0x5401);
	return NULL;
}

static void flood_measure(struct bench_res *res)
{
	static long written, lost;
	long now_written = READ_ONCE(ctx.skel->bss->written), now_lost = lost_records();

	res->hits = now_written - written;
	res->drops = now_lost - lost;
	written = now_written;
	lost = now_lost;
}

static void flood_report_final(struct bench_res res[], int res_cnt)
{
	const struct itimerval off = {};
	long written, refused, records, lost;

	/* The one that calls flood_measure(), which asks audit too. */
	setitimer(ITIMER_REAL, &off, NULL);

	/* No more of them, and those on their way shall come. */
	ctx.skel->bss->tgid = 0;
	reader_has_all();
	written = ctx.skel->bss->written;
	refused = ctx.skel->bss->refused;
	records = ctx.reader->records;
	lost = lost_records();

	printf("Records: %ld started, %ld read, %ld refused, %ld lost%s\n", written, records,
	       refused, lost, lost ? ": LOSSES" : "");
	/* Audit also counts other records that it lost. */
	if (written - records + refused > lost)
		die("%ld records are unaccounted for", written - records + refused - lost);

	hits_drops_report_final(res, res_cnt);
}

const struct bench bench_lsm_audit_cost = {
	.name = "lsm-audit-cost",
	.argp = &bench_lsm_audit_argp,
	.validate = cost_validate,
	.setup = cost_setup,
	.producer_thread = cost_producer,
	.measure = cost_measure,
};

const struct bench bench_lsm_audit_atomic = {
	.name = "lsm-audit-atomic",
	.validate = flood_validate,
	.setup = flood_setup_atomic,
	.producer_thread = flood_producer,
	.measure = flood_measure,
	.report_progress = hits_drops_report_progress,
	.report_final = flood_report_final,
};

const struct bench bench_lsm_audit_sleepable = {
	.name = "lsm-audit-sleepable",
	.validate = flood_validate,
	.setup = flood_setup_sleepable,
	.producer_thread = flood_producer,
	.measure = flood_measure,
	.report_progress = hits_drops_report_progress,
	.report_final = flood_report_final,
};
