// SPDX-License-Identifier: GPL-2.0-only
/*
 * The addresses that programs pass to bpf_audit_log_net_sockaddr(), by where they
 * lie: those of hooks are logged whole; of a program's own memory, which may be
 * shorter than it says, nothing is read that would fault or is the kernel's
 * stack.
 */
#include <test_progs.h>
#include <io_uring/mini_liburing.h>

#include "lsm_audit_objects.h"

/* The address and the length that the hook was given. */
static const struct step of_hook[] = {
	{ CALL_NET_SOCKADDR, .dest = ADDR_HOOK, .addrlen = ADDRLEN_OF_HOOK },
	{}
};

static void test_bind(void)
{
	const struct step mixed[] = {
		{ CALL_NET_SOCKADDR, .source = ADDR_MAP, .dest = ADDR_HOOK,
		  .addrlen = ADDRLEN_OF_HOOK, .ret = -EINVAL },
		{ CALL_NET_SOCKADDR, .dest = ADDR_HOOK, .addrlen = ADDRLEN_OF_HOOK },
		{}
	};
	struct endpoint four = ipv4("127.0.0.5", 0), six = ipv6("::1", 0);

	if (!attach(skel->progs.on_bind))
		return;

	set_addresses(six, six);
	check_record(of_hook, " daddr=127.0.0.5", act_bind, &four);
	check_record(mixed, " daddr=127.0.0.5", act_bind, &four);
	if (!can_bind_ipv6())
		return;
	check_record(of_hook, " daddr=::1", act_bind, &six);
	six.len = 24;
	check_record(of_hook, " daddr=::1", act_bind, &six);
}

static bool act_connect(const void *arg)
{
	const struct endpoint *endpoint = arg;
	int fd;

	fd = socket(endpoint->address.ss_family, SOCK_DGRAM, 0);
	return fd >= 0 && !connect(fd, (struct sockaddr *)&endpoint->address, endpoint->len);
}

/* Connect by io_uring, which keeps the address in memory of its own. 1 if it can't. */
static int connect_by_io_uring(const struct endpoint *endpoint)
{
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	int fd;

	fd = socket(endpoint->address.ss_family, SOCK_DGRAM, 0);
	if (fd < 0 || io_uring_queue_init(1, &ring, 0))
		return 1;

	sqe = io_uring_get_sqe(&ring);
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_CONNECT;
	sqe->fd = fd;
	sqe->addr = (unsigned long)&endpoint->address;
	sqe->off = endpoint->len;
	if (io_uring_submit(&ring) != 1 || io_uring_wait_cqe(&ring, &cqe))
		return 1;
	return cqe->res;
}

static bool act_connect_by_io_uring(const void *endpoint)
{
	return !connect_by_io_uring(endpoint);
}

static bool act_be_denied_by_io_uring(const void *endpoint)
{
	return connect_by_io_uring(endpoint) == -EPERM;
}

static bool has_io_uring(void)
{
	struct io_uring ring;

	if (io_uring_queue_init(1, &ring, 0)) {
		skip("the kernel has no ", "io_uring");
		return false;
	}
	io_uring_queue_exit(&ring);
	return true;
}

static void check_connect(act_fn act)
{
	struct endpoint four = ipv4("127.0.0.5", 80), six = ipv6("::1", 80);

	if (!attach(skel->progs.on_connect))
		return;
	check_record(of_hook, " daddr=127.0.0.5 dest=80", act, &four);
	if (can_bind_ipv6())
		check_record(of_hook, " daddr=::1 dest=80", act, &six);
}

static void test_connect(void)
{
	check_connect(act_connect);
}

static void test_io_uring(void)
{
	if (has_io_uring())
		check_connect(act_connect_by_io_uring);
}

static void check_success(__u16 type, __u64 serial)
{
	const struct audit_record *record;
	int i;

	for (i = 0; (record = audit_record(audit, type, i)); i++) {
		if (record->serial == serial)
			ASSERT_HAS_SUBSTR(record->text, " success=yes ", "its result");
	}
	ASSERT_EQ(audit_count(audit, type, serial), 1, "records of its serial");
}

/* The records of io_uring's event don't tell of a denial: the operation was carried out. */
static void test_io_uring_denied(void)
{
	const struct endpoint four = ipv4("127.0.0.5", 80);
	const struct audit_record *record;

	if (!has_io_uring() || !records_calls() || !attach(skel->progs.deny_connect) ||
	    !check_record(NULL, "", act_be_denied_by_io_uring, &four))
		return;
	record = audit_record(audit, AUDIT_BPF_LSM_ACCESS, 0);
	check_success(AUDIT_SYSCALL, record->serial);
	check_success(AUDIT_URINGOP, record->serial);
}

/*
 * The verifier has proved 16 bytes of an address on the program's own stack. What
 * lies behind is the kernel's, and must not be read, wherever the program runs.
 */
static void test_own_stack(void)
{
	const struct step steps[] = {
		{ CALL_NET_SOCKADDR, .source = ADDR_STACK, .addrlen = 28, .ret = -EINVAL },
		{ CALL_NET_SOCKADDR, .dest = ADDR_STACK, .addrlen = 24, .ret = -EINVAL },
		{ CALL_NET_SOCKADDR, .source = ADDR_MAP, .addrlen = 28 },
		{}
	};
	const struct step of_caller[] = { { CALL_NET_SOCKADDR, .ret = -EINVAL }, {} };
	struct bpf_program *progs[] = {
		skel->progs.on_file, skel->progs.on_file_sleepable, skel->progs.on_file_rcu,
	};
	int i;

	if (!needs_ipv6())
		return;
	set_addresses(ipv6("2001:db8::1", 1234), ipv6("2001:db8::1", 1234));
	for (i = 0; i < ARRAY_SIZE(progs); i++) {
		if (attach(progs[i]))
			check_record(steps, " saddr=2001:db8::1 src=1234", act_ioctl_file, NULL);
	}
	if (attach(skel->progs.on_callers_stack))
		check_record(of_caller, "", act_ioctl_file, NULL);
}

/*
 * Of other memory of the program's the kernel doesn't know the end: what lies
 * behind may be read, or may not be there. It doesn't fault, and what the verifier
 * has proved is as the program wrote it.
 */
static void test_short(void)
{
	static const char proven[] = " saddr=2001:db8:1:2:";
	struct bpf_map *maps[] = {
		skel->maps.short_array, skel->maps.short_hash, skel->maps.short_element,
		skel->maps.short_percpu,
	};
	int key = 0, i;
	char *zeroes;

	if (!needs_ipv6() || !attach(skel->progs.on_short_addresses))
		return;

	/* A value for each processor that there may be. */
	zeroes = calloc(libbpf_num_possible_cpus(), 16);
	if (!ASSERT_OK_PTR(zeroes, "memory"))
		return;

	for (i = 0; i < ARRAY_SIZE(maps); i++)
		ASSERT_OK(bpf_map_update_elem(bpf_map__fd(maps[i]), &key, zeroes, BPF_ANY),
			  bpf_map__name(maps[i]));
	free(zeroes);
	set_addresses(ipv6("2001:db8:1:2:3:4:5:6", 0), ipv6("::", 0));
	audit_drain(audit);
	act_as(SUBJECT, NULL, act_ioctl_file, NULL);
	ASSERT_GE(audit_settle(audit, 0), 0, "settle");

	/* One record each, the ring buffer's last. */
	for (i = 0; i <= ARRAY_SIZE(maps); i++) {
		const struct audit_record *record;
		int ret = skel->bss->steps[i].ret;
		bool logged;

		record = audit_record(audit, AUDIT_BPF_LSM_ACCESS, i);
		if (!ASSERT_OK_PTR(record, "a record"))
			return;
		logged = strstr(record->text, proven);
		if (!ASSERT_TRUE(ret ? ret == -EFAULT && !logged : logged, "logged or -EFAULT"))
			printf("place %d returned %d: %s\n", i, ret, record->text);
	}
}

static const struct subtest subtests[] = {
	{ "bind", test_bind },
	{ "connect", test_connect },
	{ "io_uring", test_io_uring },
	{ "io_uring_denied", test_io_uring_denied },
	{ "own_stack", test_own_stack },
	{ "short", test_short },
};

/* The audit socket is one for the whole machine. */
void serial_test_lsm_audit_kfuncs_addresses(void)
{
	run_subtests(subtests, ARRAY_SIZE(subtests));
}
