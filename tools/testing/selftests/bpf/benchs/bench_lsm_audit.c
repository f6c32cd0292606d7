// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit kfuncs for BPF LSM programs: how many records a machine can do,
 * and what this benchmark and the one of their cost need.
 *
 * A process of its own is the audit daemon and reads all records: of what the
 * daemon itself does, only some are written.
 */
#define _GNU_SOURCE
#include <bpf/bpf_endian.h>
#include <fcntl.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "bench.h"
#include "bench_lsm_audit.h"
#include "bpf_util.h"
#include "lsm_audit_bench.skel.h"

/* How long the reader may take to catch up. */
#define DEADLINE_MS	20000

struct lsm_audit lsm_audit = {
	.inet_address = {
		.sin_family = AF_INET,
		.sin_port = __bpf_constant_htons(4711),
		.sin_addr.s_addr = __bpf_constant_htonl(INADDR_LOOPBACK),
	},
	.inet6_address = {
		.sin6_family = AF_INET6,
		.sin6_port = __bpf_constant_htons(4712),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	},
	.unix_address = {
		.sun_family = AF_UNIX,
		.sun_path = "/dir/socket",
	},
};

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

	WRITE_ONCE(lsm_audit.reader->ready, true);
	while (getppid() == benchmark) {
		count = audit_discard(audit, AUDIT_BPF_LSM_ACCESS, 1000);
		if (count > 0)
			atomic_add(&lsm_audit.reader->records, count);
	}

	audit_close(audit);
}

static void start_reader(void)
{
	pid_t benchmark = getpid(), pid;
	int ms;

	lsm_audit.reader = mmap(NULL, sizeof(*lsm_audit.reader), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (lsm_audit.reader == MAP_FAILED)
		die("out of memory");

	pid = fork();
	if (pid < 0)
		die("can't start the reader: %s", strerror(errno));
	if (!pid) {
		reader(benchmark);
		_exit(0);
	}

	for (ms = 0; !READ_ONCE(lsm_audit.reader->ready); ms++) {
		if (ms == DEADLINE_MS || waitpid(pid, NULL, WNOHANG))
			die("the reader of audit records doesn't start");
		usleep(1000);
	}
}

long lsm_audit_lost(void)
{
	long lost;

	lost = audit_lost(lsm_audit.audit);
	if (lost < 0)
		die("audit doesn't answer: %s", strerror(-lost));
	return lost - lsm_audit.lost;
}

bool lsm_audit_reader_has_all(void)
{
	long last = -1, records;
	int ms;

	for (ms = 0; ms < DEADLINE_MS; ms++) {
		records = READ_ONCE(lsm_audit.reader->records);
		if (records == lsm_audit.skel->bss->written)
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
	for (depth = 1; depth < ARRAY_SIZE(lsm_audit.depth_fd); depth++) {
		lsm_audit.depth_fd[depth] = open("file", O_RDWR | O_CREAT, 0600);
		if (lsm_audit.depth_fd[depth] < 0 || mkdir("dir", 0700) || chdir("dir"))
			die("can't make a file: %s", strerror(errno));
	}
	lsm_audit.file_fd = lsm_audit.depth_fd[2];
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
	lsm_audit.inet_fd = make_socket(&lsm_audit.inet_address, sizeof(lsm_audit.inet_address));
	lsm_audit.inet6_fd = make_socket(&lsm_audit.inet6_address, sizeof(lsm_audit.inet6_address));
	lsm_audit.unix_fd = make_socket(&lsm_audit.unix_address, sizeof(lsm_audit.unix_address));
}

struct bpf_link *lsm_audit_attach(struct bpf_program *prog)
{
	struct bpf_link *link;

	link = bpf_program__attach(prog);
	if (!link)
		die("can't attach %s: %s", bpf_program__name(prog), strerror(errno));
	return link;
}

void lsm_audit_setup(void)
{
	setup_libbpf();

	lsm_audit.skel = lsm_audit_bench__open();
	if (!lsm_audit.skel)
		die("can't open the programs");
	lsm_audit.landlock = libbpf_find_vmlinux_btf_id("landlock_audit_denial",
							BPF_TRACE_FENTRY) > 0;
	bpf_program__set_autoload(lsm_audit.skel->progs.enter_landlock, lsm_audit.landlock);
	bpf_program__set_autoload(lsm_audit.skel->progs.exit_landlock, lsm_audit.landlock);
	lsm_audit.start_wanted = libbpf_find_vmlinux_btf_id("audit_log_start_wanted",
							    BPF_TRACE_FENTRY) > 0;
	bpf_program__set_autoload(lsm_audit.skel->progs.enter_start_wanted, lsm_audit.start_wanted);
	bpf_program__set_autoload(lsm_audit.skel->progs.exit_start_wanted, lsm_audit.start_wanted);
	lsm_audit.facts = libbpf_find_vmlinux_btf_id("bpf_audit_log_path_at",
						     BPF_TRACE_FENTRY) > 0 &&
			  libbpf_find_vmlinux_btf_id("path_unlink", BPF_LSM_MAC) > 0;
	bpf_program__set_autoload(lsm_audit.skel->progs.on_entry, lsm_audit.facts);
	if (lsm_audit_bench__load(lsm_audit.skel))
		die("the programs don't load: does the kernel have CONFIG_BPF_LSM_AUDIT?");
	lsm_audit.skel->bss->tgid = getpid();

	lsm_audit.audit = audit_connect();
	if (!lsm_audit.audit)
		die("the kernel has no audit: %s", strerror(errno));
	start_reader();
	lsm_audit.lost = lsm_audit_lost();

	make_files();
	make_sockets();
}

/* How many records a machine can do */

static void flood_validate(void)
{
	if (env.consumer_cnt != 0)
		die("benchmark brings a consumer of its own");
}

static void flood_setup_atomic(void)
{
	lsm_audit_setup();
	lsm_audit.skel->bss->fields = FOUR_FIELDS;
	lsm_audit_attach(lsm_audit.skel->progs.flood_atomic);
}

static void flood_setup_sleepable(void)
{
	lsm_audit_setup();
	lsm_audit.skel->bss->fields = FOUR_FIELDS;
	lsm_audit_attach(lsm_audit.skel->progs.flood_sleepable);
}

static void *flood_producer(void *input)
{
	while (true)
		ioctl(lsm_audit.file_fd, 0x5401);
	return NULL;
}

static void flood_measure(struct bench_res *res)
{
	static long written, lost;
	long now_written = READ_ONCE(lsm_audit.skel->bss->written), now_lost = lsm_audit_lost();

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
	lsm_audit.skel->bss->tgid = 0;
	lsm_audit_reader_has_all();
	written = lsm_audit.skel->bss->written;
	refused = lsm_audit.skel->bss->refused;
	records = lsm_audit.reader->records;
	lost = lsm_audit_lost();

	printf("Records: %ld started, %ld read, %ld refused, %ld lost%s\n", written, records,
	       refused, lost, lost ? ": LOSSES" : "");
	/* Audit also counts other records that it lost. */
	if (written - records + refused > lost)
		die("%ld records are unaccounted for", written - records + refused - lost);

	hits_drops_report_final(res, res_cnt);
}

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
