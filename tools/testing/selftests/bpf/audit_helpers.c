// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "audit_helpers.h"

/* How long the kernel may take to answer, or to send a record. */
#define DEADLINE_MS 60000

#define SETTINGS (AUDIT_STATUS_ENABLED | AUDIT_STATUS_FAILURE |		\
		  AUDIT_STATUS_RATE_LIMIT | AUDIT_STATUS_BACKLOG_LIMIT |	\
		  AUDIT_STATUS_BACKLOG_WAIT_TIME)

struct expectation {
	__u16 type;
	char *text;
	bool met;
};

struct audit {
	int fd;
	FILE *log;
	__u32 seq;
	__u32 marker;
	struct audit_status saved;
	struct audit_record *records;
	size_t nr_records;
	struct expectation *expected;
	size_t nr_expected;
};

struct audit_message {
	struct nlmsghdr header;
	union {
		struct audit_status status;
		struct audit_rule_data rule;
		struct nlmsgerr error;
		char text[2 * AUDIT_MAX_TEXT];
	};
};

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static int audit_send(struct audit *audit, __u16 type, const void *data,
		      size_t len)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct audit_message message = {
		.header = {
			.nlmsg_len = NLMSG_LENGTH(len),
			.nlmsg_type = type,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
			.nlmsg_seq = ++audit->seq,
		},
	};

	memcpy(NLMSG_DATA(&message.header), data, len);
	if (sendto(audit->fd, &message, message.header.nlmsg_len, 0,
		   (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	return 0;
}

/* As auditd writes a type that it doesn't know. */
static void log_record(struct audit *audit, const struct audit_message *message)
{
	if (audit->log)
		fprintf(audit->log, "type=UNKNOWN[%u] msg=%s\n", message->header.nlmsg_type,
			message->text);
}

/* Keep a record. Its length isn't that of the header, which is another for
 * records than for answers.
 */
static int keep(struct audit *audit, const struct audit_message *message,
		size_t len)
{
	struct audit_record *records, record = {
		.type = message->header.nlmsg_type,
		.len = len,
	};
	int text = 0;

	if (sscanf(message->text, "audit(%*u.%*u:%llu): %n", &record.serial,
		   &text) < 1 || !text)
		return -EBADMSG;

	log_record(audit, message);
	record.text = strndup(message->text + text, len - text);
	records = realloc(audit->records,
			  (audit->nr_records + 1) * sizeof(*records));
	if (records)
		audit->records = records;
	if (!record.text || !records) {
		free(record.text);
		return -ENOMEM;
	}

	records[audit->nr_records++] = record;
	return 0;
}

/* Read one message, and keep it if it is a record. Return its type. */
static int audit_read(struct audit *audit, struct audit_message *message,
		      long long deadline)
{
	struct pollfd poller = { .fd = audit->fd, .events = POLLIN };
	long long left = deadline - now_ms();
	ssize_t len;
	int err;

	if (left < 0 || poll(&poller, 1, left) != 1)
		return -ETIMEDOUT;

	memset(message, 0, sizeof(*message));
	/* That the socket was full comes first. Kauditd keeps what it then can't send. */
	do {
		len = recv(audit->fd, message, sizeof(*message) - 1, 0);
	} while (len < 0 && errno == ENOBUFS);
	if (len < 0)
		return -errno;
	if (len < NLMSG_HDRLEN)
		return -EBADMSG;

	if (message->header.nlmsg_type >= AUDIT_FIRST_USER_MSG ||
	    message->header.nlmsg_type == AUDIT_USER) {
		err = keep(audit, message, len - NLMSG_HDRLEN);
		/* An audit daemon that wants our place isn't a record. */
		if (err && message->header.nlmsg_type != AUDIT_REPLACE)
			return err;
	}

	return message->header.nlmsg_type;
}

/* Send a request and wait for its answer. An answer of type @type is kept. */
static int audit_ask(struct audit *audit, __u16 type, const void *data,
		     size_t len, struct audit_message *answer)
{
	long long deadline = now_ms() + DEADLINE_MS;
	struct audit_message message;
	int got;

	got = audit_send(audit, type, data, len);
	while (got >= 0) {
		got = audit_read(audit, &message, deadline);
		if (got == type && answer) {
			*answer = message;
			return 0;
		}
		if (got == NLMSG_ERROR && message.error.msg.nlmsg_seq == audit->seq) {
			if (message.error.error || !answer)
				return message.error.error;
		}
	}
	return got;
}

static int audit_status(struct audit *audit, struct audit_status *status)
{
	struct audit_message answer;
	int err;

	err = audit_ask(audit, AUDIT_GET, NULL, 0, &answer);
	if (!err)
		*status = answer.status;
	return err;
}

long audit_lost(struct audit *audit)
{
	struct audit_status status;

	return audit_status(audit, &status) ?: (long)status.lost;
}

long audit_backlog(struct audit *audit)
{
	struct audit_status status;

	return audit_status(audit, &status) ?: (long)status.backlog;
}

int audit_set(struct audit *audit, __u32 flag, __u32 value)
{
	struct audit_status status = {
		.mask = flag,
		.enabled = value,
		.failure = value,
		.pid = value,
		.rate_limit = value,
		.backlog_limit = value,
		.backlog_wait_time = value,
	};

	return audit_ask(audit, AUDIT_SET, &status, sizeof(status), NULL);
}

static int exclude(struct audit *audit, __u32 comparison, __u16 type, bool add)
{
	struct audit_rule_data rule = {
		.flags = AUDIT_FILTER_EXCLUDE,
		.action = AUDIT_NEVER,
		.field_count = 1,
		.fields[0] = AUDIT_MSGTYPE,
		.fieldflags[0] = comparison,
		.values[0] = type,
	};

	return audit_ask(audit, add ? AUDIT_ADD_RULE : AUDIT_DEL_RULE, &rule,
			 sizeof(rule), NULL);
}

int audit_set_buffer(struct audit *audit, int size)
{
	return setsockopt(audit->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ?
		-errno : 0;
}

int audit_exclude(struct audit *audit, __u16 type, bool add)
{
	return exclude(audit, AUDIT_EQUAL, type, add);
}

int audit_only(struct audit *audit, __u16 type, bool add)
{
	return exclude(audit, AUDIT_NOT_EQUAL, type, add);
}

/* Whether a field of a rule may match the type, as audit_comparator() decides. */
static bool field_matches(const struct audit_rule_data *rule, __u32 field, __u16 type)
{
	__u32 value = rule->values[field];

	if (rule->fields[field] != AUDIT_MSGTYPE)
		return true; /* not to be told from here */
	if (rule->fieldflags[field] == AUDIT_EQUAL)
		return type == value;
	return rule->fieldflags[field] != AUDIT_NOT_EQUAL || type != value;
}

/* Whether a rule may exclude records of a type; below 0 if audit doesn't answer. */
static int is_excluded(struct audit *audit, __u16 type)
{
	long long deadline = now_ms() + DEADLINE_MS;
	struct audit_message message;
	int excluded = 0, i, got = audit_send(audit, AUDIT_LIST_RULES, NULL, 0);

	while (got >= 0) {
		got = audit_read(audit, &message, deadline);
		if (got == NLMSG_DONE)
			return excluded;
		if (got == NLMSG_ERROR && message.error.error)
			return message.error.error;
		/* Whatever its action. */
		if (got != AUDIT_LIST_RULES ||
		    (message.rule.flags & ~AUDIT_FILTER_PREPEND) != AUDIT_FILTER_EXCLUDE)
			continue;
		i = 0;
		while (i < message.rule.field_count && field_matches(&message.rule, i, type))
			i++;
		excluded |= i == message.rule.field_count;
	}
	return got;
}

static void forget(struct audit *audit)
{
	size_t i;

	for (i = 0; i < audit->nr_records; i++)
		free(audit->records[i].text);
	free(audit->records);
	audit->records = NULL;
	audit->nr_records = 0;

	for (i = 0; i < audit->nr_expected; i++)
		free(audit->expected[i].text);
	free(audit->expected);
	audit->expected = NULL;
	audit->nr_expected = 0;
}

static void release(struct audit *audit)
{
	forget(audit);
	if (audit->log)
		fclose(audit->log);
	free(audit);
}

static void name_holder(char why[128], __u32 pid)
{
	char path[32], comm[17] = "?";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	file = fopen(path, "r");
	if (file) {
		if (fscanf(file, "%16[^\n]", comm) != 1)
			comm[0] = '\0';
		fclose(file);
	}
	snprintf(why, 128, "process %u (%s) holds the audit socket", pid, comm);
}

struct audit *audit_connect(void)
{
	struct audit *audit;

	audit = calloc(1, sizeof(*audit));
	if (!audit)
		return NULL;

	audit->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	if (audit->fd < 0) {
		free(audit);
		return NULL;
	}
	return audit;
}

void audit_disconnect(struct audit *audit)
{
	close(audit->fd);
	release(audit);
}

struct audit *audit_open(char why[128])
{
	const char *log = getenv("AUDIT_LOG");
	struct audit *audit;
	int err;

	audit = audit_connect();
	if (!audit) {
		snprintf(why, 128, "the kernel has no audit: %s", strerror(errno));
		return NULL;
	}

	if (log) {
		audit->log = fopen(log, "ae");
		if (!audit->log) {
			snprintf(why, 128, "AUDIT_LOG=%.64s: %s", log, strerror(errno));
			goto disconnect;
		}
		setlinebuf(audit->log);
	}

	err = audit_status(audit, &audit->saved);
	if (err) {
		snprintf(why, 128, "audit doesn't say its status: %s", strerror(-err));
		goto disconnect;
	}
	if (is_excluded(audit, AUDIT_USER_AVC) > 0 ||
	    is_excluded(audit, AUDIT_BPF_LSM_ACCESS) > 0) {
		snprintf(why, 128, "a rule excludes records (auditctl -D)");
		goto disconnect;
	}
	if (audit->saved.enabled == 2) {
		snprintf(why, 128, "audit's settings are locked until the next boot");
		goto disconnect;
	}

	/* The kernel waits a while for a reader that is slow: don't be. */
	audit_set_buffer(audit, AUDIT_BUFFER);

	err = audit_set(audit, AUDIT_STATUS_PID, getpid());
	if (err == -EEXIST) {
		name_holder(why, audit->saved.pid);
		goto disconnect;
	}
	if (err) {
		snprintf(why, 128, "audit refuses its socket: %s", strerror(-err));
		goto disconnect;
	}

	if (audit_set(audit, AUDIT_STATUS_FAILURE, AUDIT_FAIL_SILENT) ||
	    audit_set(audit, AUDIT_STATUS_RATE_LIMIT, 0) ||
	    audit_set(audit, AUDIT_STATUS_BACKLOG_LIMIT, 8192) ||
	    audit_set(audit, AUDIT_STATUS_ENABLED, 1) || audit_drain(audit)) {
		snprintf(why, 128, "audit doesn't take its settings");
		audit_close(audit);
		return NULL;
	}
	return audit;

disconnect:
	audit_disconnect(audit);
	return NULL;
}

void audit_close(struct audit *audit)
{
	if (!audit)
		return;

	audit->saved.mask = SETTINGS;
	audit_ask(audit, AUDIT_SET, &audit->saved, sizeof(audit->saved), NULL);
	audit_set(audit, AUDIT_STATUS_PID, 0);
	audit_disconnect(audit);
}

static bool has_come(const struct audit *audit, const char *marker)
{
	size_t i;

	for (i = audit->nr_records; i--; ) {
		if (audit->records[i].type == AUDIT_USER_AVC &&
		    strstr(audit->records[i].text, marker))
			return true;
	}
	return false;
}

/* Write a record of our own and read all that come before it. */
static int read_to_marker(struct audit *audit)
{
	long long deadline = now_ms() + DEADLINE_MS;
	struct audit_message message;
	char marker[64];
	int got, len;

	len = snprintf(marker, sizeof(marker), "selftest %d marker %u.", getpid(),
		       ++audit->marker);
	/* The one type of user space's records that needs no audit_enabled. */
	got = audit_ask(audit, AUDIT_USER_AVC, marker, len + 1, NULL);
	if (got < 0)
		return got;

	/* It may have come before the answer, and others after it. */
	while (!has_come(audit, marker)) {
		do {
			got = audit_read(audit, &message, deadline);
		} while (got >= 0 && got != AUDIT_USER_AVC);
		if (got < 0)
			return got;
	}
	return 0;
}

int audit_drain(struct audit *audit)
{
	int err;

	err = read_to_marker(audit);
	forget(audit);
	return err;
}

int audit_collect(struct audit *audit, int ms)
{
	struct audit_message message;
	int got;

	do {
		got = audit_read(audit, &message, now_ms() + ms);
	} while (got >= 0);
	return got == -ETIMEDOUT ? 0 : got;
}

long audit_discard(struct audit *audit, __u16 type, int ms)
{
	struct pollfd poller = { .fd = audit->fd, .events = POLLIN };
	struct nlmsghdr header;
	long count = 0;
	ssize_t len;

	if (poll(&poller, 1, ms) < 0)
		return -errno;

	/* A full socket tells that first, and is as full as before. */
	do {
		len = recv(audit->fd, &header, sizeof(header), MSG_DONTWAIT);
		if (len == sizeof(header))
			count += header.nlmsg_type == type;
	} while (len == sizeof(header) || (len < 0 && errno == ENOBUFS));
	return count;
}

int audit_expect(struct audit *audit, __u16 type, const char *fmt, ...)
{
	struct expectation *expected, new = { .type = type };
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&new.text, fmt, args);
	va_end(args);
	expected = realloc(audit->expected,
			   (audit->nr_expected + 1) * sizeof(*expected));
	if (expected)
		audit->expected = expected;
	if (len < 0 || !expected) {
		if (len >= 0)
			free(new.text);
		return -ENOMEM;
	}

	expected[audit->nr_expected++] = new;
	return 0;
}

static bool matches(const char *pattern, const char *text)
{
	size_t len;

	while (*pattern) {
		if (!strncmp(pattern, "{num}", 5)) {
			len = strspn(text, "0123456789");
			pattern += 5;
		} else if (!strncmp(pattern, "{str}", 5)) {
			len = strspn(text, "0123456789ABCDEF");
			if (*text == '"')
				len = strcspn(text + 1, "\" ") + 2;
			pattern += 5;
		} else {
			len = *pattern == *text;
			pattern++;
		}
		if (!len || len > strlen(text))
			return false;
		text += len;
	}
	return !*text;
}

int audit_settle(struct audit *audit, __u16 type)
{
	struct expectation *expected;
	int err, faults = 0;
	size_t i, j;

	err = read_to_marker(audit);
	if (err) {
		printf("audit doesn't answer: %s\n", strerror(-err));
		return err;
	}

	for (i = 0; i < audit->nr_records; i++) {
		const struct audit_record *record = &audit->records[i];

		for (j = 0; j < audit->nr_expected; j++) {
			expected = &audit->expected[j];
			if (!expected->met && expected->type == record->type &&
			    matches(expected->text, record->text))
				break;
		}
		if (j < audit->nr_expected) {
			expected->met = true;
		} else if (record->type == type) {
			printf("not expected: type=%u %s\n", record->type, record->text);
			faults++;
		}
	}

	for (j = 0; j < audit->nr_expected; j++) {
		expected = &audit->expected[j];
		if (!expected->met) {
			printf("missing:      type=%u %s\n", expected->type, expected->text);
			faults++;
		}
	}
	return faults;
}

const struct audit_record *audit_record(struct audit *audit, __u16 type, int nth)
{
	size_t i;

	for (i = 0; i < audit->nr_records; i++) {
		if (audit->records[i].type == type && !nth--)
			return &audit->records[i];
	}
	return NULL;
}

int audit_count(struct audit *audit, __u16 type, __u64 serial)
{
	const struct audit_record *record;
	int nth, count = 0;

	for (nth = 0; (record = audit_record(audit, type, nth)); nth++)
		count += record->serial == serial;
	return count;
}
