// SPDX-License-Identifier: GPL-2.0-only
/* The audit kfuncs for BPF LSM programs: what a record costs. */
#include <argp.h>
#include <fcntl.h>
#include <linux/kernel.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "bench_lsm_audit.h"
#include "bpf_util.h"
#include "lsm_audit_bench.skel.h"

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
	int fd = scenario->depth ? lsm_audit.depth_fd[scenario->depth] : lsm_audit.file_fd;

	return denied(ioctl(fd, 0x5401));
}

static bool do_chmod(const struct scenario *scenario)
{
	return denied(fchmod(lsm_audit.file_fd, 0600));
}

static bool do_unlink(const struct scenario *scenario)
{
	return denied(unlink("/dir/file"));
}

static bool connect_denied(int fd, const void *addr, socklen_t len)
{
	return denied(connect(fd, addr, len));
}

static bool do_connect(const struct scenario *scenario)
{
	memcpy(lsm_audit.skel->bss->source_addr, &lsm_audit.inet_address,
	       sizeof(lsm_audit.inet_address));
	return connect_denied(lsm_audit.inet_fd, &lsm_audit.inet_address,
			      sizeof(lsm_audit.inet_address));
}

static bool do_connect6(const struct scenario *scenario)
{
	memcpy(lsm_audit.skel->bss->source_addr, &lsm_audit.inet6_address,
	       sizeof(lsm_audit.inet6_address));
	return connect_denied(lsm_audit.inet6_fd, &lsm_audit.inet6_address,
			      sizeof(lsm_audit.inet6_address));
}

static bool do_connect_unix(const struct scenario *scenario)
{
	return connect_denied(lsm_audit.unix_fd, &lsm_audit.unix_address,
			      sizeof(lsm_audit.unix_address));
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
	const __u64 *took = lsm_audit.skel->bss->floor_elapsed;
	static __u64 watching = UINT64_MAX;

	/* It calls the function that does nothing. */
	if (bpf_prog_test_run_opts(bpf_program__fd(lsm_audit.skel->progs.enter_nothing), &no_opts))
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

	lsm_audit.skel->bss->fields = scenario->fields;
	if (scenario->excluded && audit_exclude(lsm_audit.audit, AUDIT_BPF_LSM_ACCESS, true))
		die("audit doesn't take a rule");

	for (i = 0; i < nr; i++) {
		start = now_ns();
		if (!scenario->act(scenario))
			die("%s: the program wasn't asked: %s", scenario->name, strerror(errno));
		calls[i] = now_ns() - start;
		samples[i] = scenario->floor ? floor_cost() : lsm_audit.skel->bss->elapsed;

		if (i % BATCH == BATCH - 1) {
			ring_buffer__consume(facts);
			if (!lsm_audit_reader_has_all())
				break;
		}
	}

	if (scenario->excluded && audit_exclude(lsm_audit.audit, AUDIT_BPF_LSM_ACCESS, false))
		die("audit doesn't give a rule back");
	if (!lsm_audit_reader_has_all() || lsm_audit_lost() ||
	    (lsm_audit.skel->bss->refused && !scenario->excluded))
		die("%s: of %ld records %ld came, %ld were refused, and audit lost %ld",
		    scenario->name, lsm_audit.skel->bss->written, lsm_audit.reader->records,
		    lsm_audit.skel->bss->refused, lsm_audit_lost());
	lsm_audit.skel->bss->refused = 0;

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
	lsm_audit_setup();

	lsm_audit_attach(lsm_audit.skel->progs.on_file);
	lsm_audit_attach(lsm_audit.skel->progs.on_dentry);
	if (lsm_audit.facts)
		lsm_audit_attach(lsm_audit.skel->progs.on_entry);
	lsm_audit_attach(lsm_audit.skel->progs.on_connect);

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

	facts = ring_buffer__new(bpf_map__fd(lsm_audit.skel->maps.ringbuf), no_facts, NULL, NULL);
	if (!facts)
		die("can't read the ring buffer: %s", strerror(errno));

	for (scenario = scenarios; scenario < scenarios + ARRAY_SIZE(scenarios); scenario++) {
		if (args.only && strcmp(args.only, scenario->name))
			continue;
		found = true;
		if (scenario->landlock && !lsm_audit.landlock) {
			fprintf(stderr, "%s: the kernel has no Landlock\n", scenario->name);
			continue;
		}
		if (scenario->fields & (FIELD_PATH_AT | FIELD_RULE) && !lsm_audit.facts) {
			fprintf(stderr, "%s: the kernel has no such function, or no hook for it\n",
				scenario->name);
			continue;
		}

		nr_links = 0;
		if (scenario->floor) {
			links[nr_links++] = lsm_audit_attach(lsm_audit.skel->progs.enter_nothing);
			links[nr_links++] = lsm_audit_attach(lsm_audit.skel->progs.exit_nothing);
			links[nr_links++] = lsm_audit_attach(lsm_audit.start_wanted ?
							lsm_audit.skel->progs.enter_start_wanted :
							lsm_audit.skel->progs.enter_start);
			links[nr_links++] = lsm_audit_attach(lsm_audit.start_wanted ?
							lsm_audit.skel->progs.exit_start_wanted :
							lsm_audit.skel->progs.exit_start);
			links[nr_links++] = lsm_audit_attach(lsm_audit.skel->progs.enter_end);
			links[nr_links++] = lsm_audit_attach(lsm_audit.skel->progs.exit_end);
		}
		if (scenario->landlock) {
			links[nr_links++] = lsm_audit_attach(lsm_audit.skel->progs.enter_landlock);
			links[nr_links++] = lsm_audit_attach(lsm_audit.skel->progs.exit_landlock);
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

const struct bench bench_lsm_audit_cost = {
	.name = "lsm-audit-cost",
	.argp = &bench_lsm_audit_argp,
	.validate = cost_validate,
	.setup = cost_setup,
	.producer_thread = cost_producer,
	.measure = cost_measure,
};
