/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An audit daemon for tests: it takes the audit socket, says which records it
 * expects, and reads what the kernel sends until all of it has come.
 *
 * The kernel leaves the process that holds the socket out of some of its
 * auditing, and limits the rate of its other records. What a test provokes,
 * another process should do.
 */
#ifndef __AUDIT_HELPERS_H
#define __AUDIT_HELPERS_H

#include <linux/audit.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* include/uapi/linux/audit.h of a kernel that has the audit kfuncs */
#ifndef AUDIT_BPF_LSM_ACCESS
#define AUDIT_BPF_LSM_ACCESS 1427
#endif

/* The longest text of a record that auditd writes whole, with its "audit(". */
#define AUDIT_MAX_TEXT 8913

/* The size of the socket's buffer, in bytes. */
#define AUDIT_BUFFER (16 << 20)

/* Room for a string in audit's untrusted form, with the NUL. */
#define AUDIT_UNTRUSTED_LEN(len) (2 * (len) + 3)

struct audit;

struct audit_record {
	__u16 type;
	/* The number behind the colon of "audit(<time>:<serial>): " ... */
	__u64 serial;
	/* ... what follows it, and the length of all. */
	char *text;
	size_t len;
};

/**
 * audit_open() - Take the audit socket and set audit up for tests
 * @why: what stands in the way if the answer is NULL; room for 128 bytes
 *
 * The settings that audit had come back with audit_close(). If the environment
 * has an AUDIT_LOG, each record that comes is appended to that file, as auditd
 * would.
 */
struct audit *audit_open(char why[128]);
void audit_close(struct audit *audit);

/* The same without becoming the audit daemon: only what asks or sets. */
struct audit *audit_connect(void);
void audit_disconnect(struct audit *audit);

/* Wait at most @ms for records, keep none, and return how many were of @type. */
long audit_discard(struct audit *audit, __u16 type, int ms);

/* Keep all records that come until none has come for @ms. */
int audit_collect(struct audit *audit, int ms);

/* Forget all records that have come and all that are expected. */
int audit_drain(struct audit *audit);

/**
 * audit_expect() - Expect a record
 * @type: its type
 * @fmt: its text after the serial, from first to last byte. In the result {num}
 *       stands for any number, {str} for any string in audit's untrusted form
 */
int audit_expect(struct audit *audit, __u16 type, const char *fmt, ...);

/**
 * audit_settle() - Read all records that were written until now
 * @type: the type of which only expected records may come
 *
 * A record of our own, written last, tells when all have been read, so that
 * the absence of a record is seen without waiting for it.
 *
 * Return: how many records are missing or not expected, each of which is
 * printed; negative if audit doesn't answer.
 */
int audit_settle(struct audit *audit, __u16 type);

/* The @nth record of @type that came before the last audit_settle(), or NULL. */
const struct audit_record *audit_record(struct audit *audit, __u16 type, int nth);

/* How many records of @type and @serial came. */
int audit_count(struct audit *audit, __u16 type, __u64 serial);

/* How many records the kernel lost since it booted, or negative. */
long audit_lost(struct audit *audit);

/* How many records wait for kauditd, or negative. */
long audit_backlog(struct audit *audit);

/* Set one of audit's settings, by its AUDIT_STATUS_ flag. */
int audit_set(struct audit *audit, __u32 flag, __u32 value);

/*
 * Set the size of the socket's buffer. When it is full, the kernel drops its answers:
 * audit_collect() comes before anything that asks.
 */
int audit_set_buffer(struct audit *audit, int size);

/* Add or remove (@add) a rule that no record of @type be written. */
int audit_exclude(struct audit *audit, __u16 type, bool add);

/*
 * Add or remove a rule that no record of another type than @type be written.
 * While it holds, audit_drain() and audit_settle() don't work.
 */
int audit_only(struct audit *audit, __u16 type, bool add);

/**
 * audit_untrusted() - The form that audit gives a string of unknown origin
 * @out: room for AUDIT_UNTRUSTED_LEN(@len) bytes
 *
 * Quoted, or bare hex if it has a quote, a space, a control or non-ASCII byte.
 */
static inline const char *audit_untrusted(char *out, const char *string, size_t len)
{
	size_t i;
	char *end;

	for (i = 0; i < len; i++) {
		unsigned char byte = string[i];

		if (byte == '"' || byte < '!' || byte > '~')
			break;
	}

	if (i == len) {
		sprintf(out, "\"%.*s\"", (int)len, string);
		return out;
	}

	end = out;
	*end = '\0';
	for (i = 0; i < len; i++)
		end += sprintf(end, "%02X", (unsigned char)string[i]);
	return out;
}

#endif /* __AUDIT_HELPERS_H */
