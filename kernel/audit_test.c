// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of what writes the text of audit records: it has to be what a
 * format would make of the same values. Part of audit.c.
 */
#include <kunit/test.h>

static u32 failure_before;

static int audit_test_init(struct kunit *test)
{
	failure_before = audit_failure;
	if (!audit_buffer_cache)
		kunit_skip(test, "audit is disabled");

	test->priv = audit_buffer_alloc(NULL, GFP_KERNEL, AUDIT_KERNEL_OTHER);
	KUNIT_ASSERT_NOT_NULL(test, test->priv);

	return 0;
}

static void audit_test_exit(struct kunit *test)
{
	audit_failure = failure_before;
	audit_buffer_free(test->priv);
}

static const char *text(struct audit_buffer *ab)
{
	return nlmsg_data(nlmsg_hdr(ab->skb));
}

/* Compare what was written with what the format gives, and take it back. */
static __printf(2, 3)
void expect_text(struct kunit *test, const char *fmt, ...)
{
	struct audit_buffer *ab = test->priv;
	char *expected;
	va_list args;

	va_start(args, fmt);
	expected = kvasprintf(GFP_KERNEL, fmt, args);
	va_end(args);
	KUNIT_ASSERT_NOT_NULL(test, expected);

	KUNIT_EXPECT_STREQ(test, text(ab), expected);
	KUNIT_EXPECT_EQ(test, ab->skb->len - NLMSG_HDRLEN, strlen(expected));

	skb_trim(ab->skb, NLMSG_HDRLEN);
	kfree(expected);
}

static void expect_number(struct kunit *test, u64 num)
{
	struct audit_buffer *ab = test->priv;

	audit_log_u64(ab, " u64=", num);
	expect_text(test, " u64=%llu", num);
	audit_log_s64(ab, "s64=", num);
	expect_text(test, "s64=%lld", num);
	audit_log_s64(ab, "int=", (int)num);
	expect_text(test, "int=%d", (int)num);
	audit_log_hex(ab, " hex=", num);
	expect_text(test, " hex=%llx", num);
	audit_log_hex(ab, "int=", (u32)(int)num);
	expect_text(test, "int=%x", (int)num);
	audit_log_n_radix(ab, ":", 1, num, 4, 2);
	expect_text(test, ":%02llx", num);
	audit_log_n_radix(ab, ":", 1, num, 4, 16);
	expect_text(test, ":%016llx", num);
	audit_log_n_radix(ab, "0", 1, num, 3, 1);
	expect_text(test, "0%llo", num);
	audit_log_uid(ab, "uid=", KUIDT_INIT(num));
	expect_text(test, "uid=%u", from_kuid(&init_user_ns, KUIDT_INIT(num)));
	audit_log_gid(ab, "gid=", KGIDT_INIT(num));
	expect_text(test, "gid=%u", from_kgid(&init_user_ns, KGIDT_INIT(num)));
}

/* The numbers around each power of two and of ten, of either sign. */
static void audit_test_numbers(struct kunit *test)
{
	u64 ten = 1;
	int i, near;

	for (near = -1; near <= 1; near++) {
		for (i = 0; i < 64; i++) {
			expect_number(test, BIT_ULL(i) + near);
			expect_number(test, -BIT_ULL(i) + near);
		}
		for (i = 0, ten = 1; i < 20; i++, ten *= 10) {
			expect_number(test, ten + near);
			expect_number(test, -ten + near);
		}
	}
}

/* Majors are of 12 bits, minors of 20; most are of 8. */
static void audit_test_devices(struct kunit *test)
{
	static const unsigned int majors[] = { 0, 1, 8, 0x10, 0xff, 0x100, 259, 0xfff };
	static const unsigned int minors[] = { 0, 1, 0xf, 0x10, 0xff, 0x100, 0xfffff };
	struct audit_buffer *ab = test->priv;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(majors); i++) {
		for (j = 0; j < ARRAY_SIZE(minors); j++) {
			audit_log_dev(ab, " dev=", MKDEV(majors[i], minors[j]));
			expect_text(test, " dev=%02x:%02x", majors[i], minors[j]);
		}
	}
}

static void audit_test_stamp(struct kunit *test)
{
	static const struct audit_stamp stamps[] = {
		{ .ctime = { 0, 0 }, .serial = 0 },
		{ .ctime = { 9, 999999 }, .serial = 9 },
		{ .ctime = { 1795473545, 1000000 }, .serial = 38 },
		{ .ctime = { 1795473545, 98765432 }, .serial = 1000 },
		{ .ctime = { S64_MAX, 999999999 }, .serial = U32_MAX },
	};
	struct audit_buffer *ab = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(stamps); i++) {
		ab->stamp = stamps[i];
		audit_log_stamp(ab);
		expect_text(test, "audit(%llu.%03lu:%u): ",
			    (unsigned long long)stamps[i].ctime.tv_sec,
			    stamps[i].ctime.tv_nsec / 1000000, stamps[i].serial);
	}
}

static void audit_test_addresses(struct kunit *test)
{
	static const u8 v4[][4] = {
		{}, { 127, 0, 0, 1 }, { 255, 255, 255, 255 }, { 10, 9, 100, 99 }, { 0, 0, 0, 200 },
	};
	static const u16 v6[][8] = {
		{}, { [7] = 1 }, { 0xfd00, [7] = 1 }, { [5] = 0xffff, 0x7f00, 1 },
		{ 0xfe80, [4] = 0x200, 0x5efe, 0x7f00, 1 }, { 1, 2, 3, 4, 5, 6, 7, 8 },
		{ 1, 0, 2, 0, 3, 0, 4, 0 }, { 1, 0, 0, 2, 0, 0, 0, 3 }, { 0, 0, 1 }, { [6] = 1 },
		{ 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff },
		{ 0x1234, 0x123, 0x12, 0x1, 0xabcd, 0xabc, 0xab, 0xa },
	};
	struct audit_buffer *ab = test->priv;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(v4); i++) {
		__be32 addr;

		memcpy(&addr, v4[i], sizeof(addr));
		audit_log_ipv4(ab, " laddr=", addr);
		expect_text(test, " laddr=%pI4", &addr);
	}
	for (i = 0; i < ARRAY_SIZE(v6); i++) {
		struct in6_addr addr;

		for (j = 0; j < ARRAY_SIZE(v6[i]); j++)
			addr.s6_addr16[j] = htons(v6[i][j]);
		audit_log_ipv6(ab, " laddr=", &addr);
		expect_text(test, " laddr=%pI6c", &addr);
	}
}

/* Text grows the buffer exactly when it, and a NUL, no longer fit. */
static void audit_test_room(struct kunit *test)
{
	static const char want[] = " pid=-1234567890";
	int left, filled, end;

	for (left = 0; left < 2 * sizeof(want); left++) {
		struct audit_buffer *ab;
		struct sk_buff *skb;

		ab = audit_buffer_alloc(NULL, GFP_KERNEL, AUDIT_KERNEL_OTHER);
		KUNIT_ASSERT_NOT_NULL(test, ab);
		skb = ab->skb;

		filled = skb_tailroom(skb) - left;
		memset(skb_put(skb, filled), 'x', filled);
		end = skb_end_offset(skb);

		audit_log_s64(ab, " pid=", -1234567890);
		KUNIT_EXPECT_STREQ(test, text(ab) + filled, want);
		KUNIT_EXPECT_EQ(test, skb->len - NLMSG_HDRLEN - filled, strlen(want));
		KUNIT_EXPECT_EQ(test, skb_end_offset(skb) > end, left < sizeof(want));

		audit_buffer_free(ab);
	}
}

/* More than can be allocated: it isn't read, which FORTIFY_SOURCE can't know. */
static size_t too_much(void)
{
	size_t len = KMALLOC_MAX_SIZE;

	OPTIMIZER_HIDE_VAR(len);
	return len;
}

static void too_many_bytes(struct audit_buffer *ab)
{
	audit_log_n_bytes(ab, "", too_much());
}

static void too_much_hex(struct audit_buffer *ab)
{
	audit_log_n_hex(ab, "", too_much());
}

static void too_long_string(struct audit_buffer *ab)
{
	audit_log_n_string(ab, "", too_much());
}

static void too_wide_format(struct audit_buffer *ab)
{
	int width = KMALLOC_MAX_SIZE / 4;

	/* A part of it would fit. */
	audit_log_format(ab, " pid=%d%*d%*d%*d%*d", 1234, width, 1, width, 1, width, 1, width, 1);
}

/* Where some text finds no room, the record ends, and that is one loss. */
static void audit_test_truncated(struct kunit *test)
{
	static void (*const too_long[])(struct audit_buffer *) = {
		too_many_bytes, too_much_hex, too_long_string, too_wide_format,
	};
	u32 lost;
	int i;

	audit_failure = AUDIT_FAIL_SILENT;	/* until audit_test_exit() */
	for (i = 0; i < ARRAY_SIZE(too_long); i++) {
		struct audit_buffer *ab = test->priv;

		/* A width is at most 8 MiB. */
		if (too_long[i] == too_wide_format && KMALLOC_MAX_SIZE > SZ_16M)
			continue;

		lost = atomic_read(&audit_lost);
		audit_log_puts(ab, "op=open");
		too_long[i](ab);

		audit_log_puts(ab, " pid=");
		audit_log_u64(ab, " pid=", 1);
		audit_log_hex(ab, ":", 1);
		audit_log_ipv4(ab, " laddr=", 0);
		audit_log_format(ab, "%d", 1);
		audit_log_n_hex(ab, "1", 1);
		audit_log_n_hex(ab, "", 0);
		audit_log_untrustedstring(ab, "a");
		audit_log_untrustedstring(ab, " ");
		KUNIT_EXPECT_EQ(test, audit_buffer_aux_new(ab, AUDIT_MAC_TASK_CONTEXTS), -ENOMEM);

		expect_text(test, "op=open");
		KUNIT_EXPECT_EQ(test, atomic_read(&audit_lost), lost + 1);
		atomic_cmpxchg(&audit_lost, lost + 1, lost);
		ab->truncated = false;
	}
}

/* A record of the same event that is cut isn't the end of the other one. */
static void audit_test_truncated_aux(struct kunit *test)
{
	struct audit_buffer *ab = test->priv;
	u32 lost = atomic_read(&audit_lost);

	audit_failure = AUDIT_FAIL_SILENT;	/* until audit_test_exit() */
	audit_log_puts(ab, "op=open subj=?");
	KUNIT_ASSERT_EQ(test, audit_buffer_aux_new(ab, AUDIT_MAC_TASK_CONTEXTS), 0);
	too_many_bytes(ab);
	audit_log_puts(ab, "subj_x=y");
	audit_buffer_aux_end(ab);
	audit_log_puts(ab, " key=k");
	expect_text(test, "op=open subj=? key=k");
	KUNIT_EXPECT_EQ(test, atomic_read(&audit_lost), lost + 1);
	atomic_cmpxchg(&audit_lost, lost + 1, lost);
}

/* Each byte, at each place of strings of each length up to some. */
static void audit_test_strings(struct kunit *test)
{
	struct audit_buffer *ab = test->priv;
	int len, at, byte, i;
	char string[24];
	char hex[2 * sizeof(string) + 1];

	for (len = 0; len <= sizeof(string); len++) {
		for (at = 0; at < len; at++) {
			for (byte = 0; byte < 256; byte++) {
				bool plain = byte > ' ' && byte < 0x7f && byte != '"';

				memset(string, byte % 2 ? '!' : '~', len);
				string[at] = byte;
				KUNIT_ASSERT_EQ_MSG(test, plain,
						    !audit_string_contains_control(string, len),
						    "byte %d at %d of %d", byte, at, len);
			}
		}

		for (i = 0; i < len; i++)
			string[i] = 1 + (0x9f + 37 * i * len) % 255;
		for (i = 0; i < len; i++)
			sprintf(hex + 2 * i, "%02X", (u8)string[i]);
		hex[2 * len] = 0;
		audit_log_n_hex(ab, string, len);
		expect_text(test, "%s", hex);
		audit_log_n_string(ab, string, len);
		expect_text(test, "\"%.*s\"", len, string);
	}
}

static struct kunit_case audit_test_cases[] = {
	KUNIT_CASE(audit_test_numbers),
	KUNIT_CASE(audit_test_devices),
	KUNIT_CASE(audit_test_stamp),
	KUNIT_CASE(audit_test_addresses),
	KUNIT_CASE(audit_test_room),
	KUNIT_CASE(audit_test_truncated),
	KUNIT_CASE(audit_test_truncated_aux),
	KUNIT_CASE(audit_test_strings),
	{}
};

static struct kunit_suite audit_test_suite = {
	.name = "audit",
	.init = audit_test_init,
	.exit = audit_test_exit,
	.test_cases = audit_test_cases,
};

kunit_test_suite(audit_test_suite);
