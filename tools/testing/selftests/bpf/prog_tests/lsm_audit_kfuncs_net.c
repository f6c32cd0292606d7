// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit kfuncs on sockets, addresses and network interfaces: what each of them
 * writes, to the byte, and what each refuses.
 */
#include <linux/netlink.h>

#include "lsm_audit_objects.h"

static void check_sock(int fd, int netif, const char *text)
{
	const struct step steps[] = { { CALL_NET_SOCK, .arg = netif }, {} };

	check_record(steps, text, act_getsockname, &fd);
}

static void check_inet_sock(int family, const char *from, const char *to)
{
	char text[256];
	int fd, peer;

	/* Neither address nor port: nothing to print. */
	fd = socket(family, SOCK_STREAM, 0);
	if (!ASSERT_OK_FD(fd, "socket"))
		return;
	check_sock(fd, 0, "");
	close(fd);

	/* One end, without and with an address. */
	fd = start_server(family, SOCK_STREAM, family == AF_INET ? "0.0.0.0" : "::", 0, 0);
	if (ASSERT_OK_FD(fd, "listen")) {
		snprintf(text, sizeof(text), " lport=%d", port_of(fd));
		check_sock(fd, 0, text);
		close(fd);
	}
	fd = start_server(family, SOCK_STREAM, to, 0, 0);
	if (ASSERT_OK_FD(fd, "listen")) {
		snprintf(text, sizeof(text), " laddr=%s lport=%d netif=lo", to, port_of(fd));
		check_sock(fd, LO, text);
		close(fd);
	}

	/* Both ends. */
	fd = connected(family, from, to, &peer);
	if (fd >= 0) {
		snprintf(text, sizeof(text), " laddr=%s lport=%d faddr=%s fport=%d", from,
			 port_of(fd), to, port_of(peer));
		check_sock(fd, 0, text);
		close(fd);
		close(peer);
	}
}

static void check_unix_sock(const char *name, size_t len, int netif, const char *text)
{
	int fd = unix_socket(name, len);

	if (!ASSERT_OK_FD(fd, "unix socket"))
		return;
	check_sock(fd, netif, text);
	close(fd);
	if (len && *name)
		unlink(name);
}

static void check_unix_path(const char *name)
{
	char path[108], untrusted[AUDIT_UNTRUSTED_LEN(108)], text[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(text, sizeof(text), " path=%s",
		 audit_untrusted(untrusted, path, strlen(path)));
	check_unix_sock(path, strlen(path), 0, text);
}

static void test_net_sock(void)
{
	const struct step no_sock[] = { { CALL_NET_SOCK, .arg = LO }, {} };
	char longest[108] = {}, hex[AUDIT_UNTRUSTED_LEN(108)], text[256];
	int fd, peer;

	if (!attach(skel->progs.on_sock))
		return;

	check_inet_sock(AF_INET, "127.0.0.2", "127.0.0.3");
	if (can_bind_ipv6())
		check_inet_sock(AF_INET6, "::1", "::1");

	check_unix_path("socket");
	check_unix_path("a \"socket\" ino=1");
	/* Abstract names are hex, with their NULs and without an end. */
	check_unix_sock("\0abstract", 9, 0, " path=006162737472616374");
	check_unix_sock("\0a\0b\0", 5, 0, " path=0061006200");
	memset(longest + 1, ' ', sizeof(longest) - 1);
	snprintf(text, sizeof(text), " path=%s", audit_untrusted(hex, longest, sizeof(longest)));
	check_unix_sock(longest, 108, 0, text);
	check_unix_sock("", 0, 0, "");
	check_unix_sock("", 0, LO, " netif=lo");

	/* Other families have no addresses that audit knows of. */
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	if (ASSERT_OK_FD(fd, "netlink socket")) {
		check_sock(fd, 0, "");
		check_sock(fd, LO, " netif=lo");
		close(fd);
	}

	/* A socket that isn't accepted yet has no network side, hence no namespace. */
	if (!attach(skel->progs.on_accept))
		return;
	fd = connected(AF_INET, "127.0.0.2", "127.0.0.3", &peer);
	if (fd >= 0) {
		check_record(no_sock, "", act_accept, &peer);
		close(fd);
		close(peer);
	}
}

static void test_netif(void)
{
	struct endpoint any = ipv4("0.0.0.0", 0);
	const struct {
		int netif;
		const char *text;
	} cases[] = {
		{ LO, " netif=lo" },
		{ 0, "" },
		{ -1, "" },
		{ INT_MIN, "" },
		{ UNKNOWN_NETIF, "" },
	};
	char text[32];
	int i;

	if (!attach(skel->progs.on_bind))
		return;

	set_addresses(any, any);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		/* A key that isn't written is left to the next call. */
		const bool is_written = strlen(cases[i].text);
		const int next = is_written ? -EINVAL : 0;
		const char *left = is_written ? "" : " netif=lo";
		const struct step sock[] = {
			{ CALL_NET_SOCK, .arg = cases[i].netif },
			{ CALL_CAP },
			{ CALL_NET_SOCKADDR, .arg = LO, .source = ADDR_MAP, .addrlen = 16,
			  .ret = next },
			{}
		};
		const struct step sockaddr[] = {
			{ CALL_NET_SOCKADDR, .arg = cases[i].netif, .source = ADDR_MAP,
			  .addrlen = 16 },
			{ CALL_CAP },
			{ CALL_NET_SOCK, .arg = LO, .ret = next },
			{}
		};

		snprintf(text, sizeof(text), "%s capability=0 %s", cases[i].text, left);
		check_record(sock, text, act_bind, &any);
		check_record(sockaddr, text, act_bind, &any);
	}
}

#define DEVICE "lsm_audit2"

/* A device may be called anything but a path. */
static bool rename_netif(const char *from, const char *to)
{
	struct ifreq request = {};
	int fd, err;

	fd = socket(AF_INET, SOCK_DGRAM, 0);
	snprintf(request.ifr_name, IFNAMSIZ, "%s", from);
	snprintf(request.ifr_newname, IFNAMSIZ, "%s", to);
	err = ioctl(fd, SIOCSIFNAME, &request);
	close(fd);
	return !err;
}

static void test_netif_name(void)
{
	/* Without quotes where it is plain, and else in hex, for all LSMs. */
	static const struct {
		const char *name;
		const char *text;
	} cases[] = {
		{ "lo0", " netif=lo0" },
		{ "a=b", " netif=a=b" },
		{ "a\"b", " netif=612262" },
		{ "x\"=\"y", " netif=78223D2279" },
		{ "\x01\x7f", " netif=017F" },
		{ "\xc3\xa9t\xc3\xa9", " netif=C3A974C3A9" },
		/* What could be taken for hex, or for an unknown value. */
		{ "10", " netif=3130" },
		{ "1000", " netif=31303030" },
		{ "612262", " netif=363132323632" },
		{ "AB", " netif=4142" },
		{ "?", " netif=3F" },
		/* What auparse takes off the end. */
		{ "eth0)", " netif=6574683029" },
		{ "eth0,", " netif=657468302C" },
		{ "eth0'", " netif=6574683027" },
		{ ")", " netif=29" },
		{ "(none)", " netif=286E6F6E6529" },
		{ "(a)b", " netif=(a)b" },
		{ "ab", " netif=ab" },
		{ "100", " netif=100" },
		{ "1G", " netif=1G" },
		{ "??", " netif=??" },
	};
	struct endpoint any = ipv4("0.0.0.0", 0);
	int i, device = make_device(DEVICE);

	if (!device || !attach(skel->progs.on_bind))
		goto out;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct step steps[] = { { CALL_NET_SOCK, .arg = device }, {} };

		if (!ASSERT_TRUE(rename_netif(DEVICE, cases[i].name), "rename the device"))
			break;
		check_record(steps, cases[i].text, act_bind, &any);
		if (!ASSERT_TRUE(rename_netif(cases[i].name, DEVICE), "rename it back"))
			break;
	}
out:
	remove_device(DEVICE);
}

struct sockaddr_case {
	const char *what;
	struct endpoint source;
	struct endpoint dest;
	int from;
	int to;
	int addrlen;
	int ret;
	const char *text;
};

static void check_sockaddrs(const struct sockaddr_case *cases, size_t count)
{
	struct endpoint any = ipv4("127.0.0.1", 0);
	size_t i;

	for (i = 0; i < count; i++) {
		const struct sockaddr_case *c = &cases[i];
		const struct step steps[] = {
			{ CALL_NET_SOCKADDR, .source = c->from, .dest = c->to,
			  .addrlen = c->addrlen, .ret = c->ret },
			{}
		};

		set_addresses(c->source, c->dest);
		if (!check_record(steps, c->text ?: "", act_bind, &any))
			printf("that was: %s, addrlen %d\n", c->what, c->addrlen);
	}
}

#define BOTH .from = ADDR_MAP, .to = ADDR_MAP
#define SOURCE .from = ADDR_MAP, .to = ADDR_NONE
#define DEST .from = ADDR_NONE, .to = ADDR_MAP

static void test_net_sockaddr(void)
{
	struct endpoint one = ipv4("192.0.2.1", 1234), two = ipv4("198.51.100.2", 65535);
	struct endpoint any = ipv4("0.0.0.0", 0), port = ipv4("0.0.0.0", 80);
	struct endpoint address = ipv4("192.0.2.9", 0);
	struct endpoint un = of_family(AF_UNIX), none = of_family(AF_UNSPEC);
	struct endpoint six = ipv6("2001:db8::1", 1234);
	const struct sockaddr_case cases[] = {
		{ "both", one, two, BOTH, 16,
		  .text = " saddr=192.0.2.1 src=1234 daddr=198.51.100.2 dest=65535" },
		{ "exchanged", two, one, BOTH, 16,
		  .text = " saddr=198.51.100.2 src=65535 daddr=192.0.2.1 dest=1234" },
		{ "source", one, two, SOURCE, 16, .text = " saddr=192.0.2.1 src=1234" },
		{ "destination", one, two, DEST, 16, .text = " daddr=198.51.100.2 dest=65535" },
		{ "port only", port, port, BOTH, 16, .text = " src=80 dest=80" },
		{ "address only", address, address, BOTH, 16,
		  .text = " saddr=192.0.2.9 daddr=192.0.2.9" },
		{ "nothing", any, any, BOTH, 16, .text = "" },
		{ "longest", one, two, BOTH, 128,
		  .text = " saddr=192.0.2.1 src=1234 daddr=198.51.100.2 dest=65535" },
		{ "own stack", one, two, .from = ADDR_STACK, .to = ADDR_MAP, 16,
		  .text = " saddr=192.0.2.1 src=1234 daddr=198.51.100.2 dest=65535" },
		{ "edge", one, two, .from = ADDR_EDGE, .to = ADDR_NONE, 128,
		  .text = " saddr=192.0.2.1 src=1234" },
		{ "length", one, two, BOTH, -1, .ret = -EINVAL },
		{ "length", one, two, BOTH, INT_MIN, .ret = -EINVAL },
		{ "length", one, two, BOTH, 0, .ret = -EINVAL },
		{ "length", one, two, BOTH, 1, .ret = -EINVAL },
		{ "length", one, two, BOTH, 2, .ret = -EINVAL },
		{ "length", one, two, BOTH, 15, .ret = -EINVAL },
		{ "length", one, two, SOURCE, 15, .ret = -EINVAL },
		{ "length", one, two, BOTH, 129, .ret = -EINVAL },
		{ "length", one, two, BOTH, INT_MAX, .ret = -EINVAL },
		{ "no address", one, two, .addrlen = 16, .ret = -EINVAL },
		{ "mixed", one, six, BOTH, 28, .ret = -EINVAL },
		{ "mixed", six, one, BOTH, 28, .ret = -EINVAL },
		{ "mixed", one, un, BOTH, 16, .ret = -EINVAL },
		{ "AF_UNIX", un, un, BOTH, 16, .ret = -EAFNOSUPPORT },
		{ "AF_UNIX", un, un, BOTH, 110, .ret = -EAFNOSUPPORT },
		{ "AF_UNIX", un, un, DEST, 110, .ret = -EAFNOSUPPORT },
		{ "AF_UNSPEC", none, none, SOURCE, 16, .ret = -EAFNOSUPPORT },
		/* The family is 16 bits, not 8. */
		{ "no family", of_family(AF_INET | 0x100), one, SOURCE, 16, .ret = -EAFNOSUPPORT },
	};

	if (attach(skel->progs.on_bind))
		check_sockaddrs(cases, ARRAY_SIZE(cases));
}

static void test_net_sockaddr6(void)
{
	struct endpoint one = ipv6("2001:db8::1", 1234), two = ipv6("2001:db8:1:2:3:4:5:6", 443);
	struct endpoint any = ipv6("::", 0), port = ipv6("::", 80);
	struct endpoint mapped = ipv6("::ffff:192.0.2.1", 0);
#define BOTH_TEXT " saddr=2001:db8::1 src=1234 daddr=2001:db8:1:2:3:4:5:6 dest=443"
	const struct sockaddr_case cases[] = {
		{ "both", one, two, BOTH, 28, .text = BOTH_TEXT },
		{ "no scope", one, two, BOTH, 24, .text = BOTH_TEXT },
		{ "between", one, two, BOTH, 25, .text = BOTH_TEXT },
		{ "longest", one, two, BOTH, 128, .text = BOTH_TEXT },
		{ "source", one, two, SOURCE, 28, .text = " saddr=2001:db8::1 src=1234" },
		{ "destination", one, two, DEST, 28,
		  .text = " daddr=2001:db8:1:2:3:4:5:6 dest=443" },
		{ "port only", port, port, BOTH, 28, .text = " src=80 dest=80" },
		{ "nothing", any, any, BOTH, 28, .text = "" },
		{ "mapped", mapped, any, SOURCE, 28, .text = " saddr=::ffff:192.0.2.1" },
		{ "length", one, two, BOTH, 23, .ret = -EINVAL },
		{ "length", one, two, BOTH, 16, .ret = -EINVAL },
		{ "length", one, two, BOTH, 0, .ret = -EINVAL },
		{ "length", one, two, BOTH, -1, .ret = -EINVAL },
		{ "length", one, two, BOTH, 129, .ret = -EINVAL },
		{ "length", one, two, BOTH, INT_MAX, .ret = -EINVAL },
		/* The program has 16 bytes of it, and says that it has more. */
		{ "edge", one, two, .from = ADDR_EDGE, .to = ADDR_MAP, 28, .ret = -EFAULT },
		{ "own stack", one, two, .from = ADDR_STACK, .addrlen = 28, .ret = -EINVAL },
		{ "own stack", one, two, .to = ADDR_STACK, .addrlen = 24, .ret = -EINVAL },
		{ "own stack", one, two, .from = ADDR_MAP, .to = ADDR_STACK, 28, .ret = -EINVAL },
		{ "own stack", one, two, .from = ADDR_STACK, .to = ADDR_MAP, 28, .ret = -EINVAL },
	};
	const struct sockaddr_case without[] = {
		{ "no IPv6", one, two, BOTH, 28, .ret = -EAFNOSUPPORT },
	};

	if (!attach(skel->progs.on_bind))
		return;
	if (has_ipv6())
		check_sockaddrs(cases, ARRAY_SIZE(cases));
	else
		check_sockaddrs(without, ARRAY_SIZE(without));
}

static const struct subtest subtests[] = {
	{ "net_sock", test_net_sock },
	{ "net_sockaddr", test_net_sockaddr },
	{ "net_sockaddr6", test_net_sockaddr6 },
	{ "netif", test_netif },
	{ "netif_name", test_netif_name },
};

/* The audit socket is one for the whole machine. */
void serial_test_lsm_audit_kfuncs_net(void)
{
	run_subtests(subtests, ARRAY_SIZE(subtests));
}
