/* SPDX-License-Identifier: GPL-2.0-only */
/* What the benchmarks of the audit kfuncs for BPF LSM programs share. */
#ifndef __BENCH_LSM_AUDIT_H
#define __BENCH_LSM_AUDIT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "audit_helpers.h"
#include "progs/lsm_audit_bench.h"

struct bpf_link;
struct bpf_program;
struct lsm_audit_bench;

/* Files are made at each depth from 1 to this. */
#define MAX_DEPTH	64

#define FOUR_FIELDS (FIELD_CAUSE | FIELD_CAP | FIELD_FILE | FIELD_TASK)

struct lsm_audit {
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

	/* What the records are about. */
	int file_fd, inet_fd, inet6_fd, unix_fd;
	int depth_fd[MAX_DEPTH + 1];
	struct sockaddr_in inet_address;
	struct sockaddr_in6 inet6_address;
	struct sockaddr_un unix_address;
};

extern struct lsm_audit lsm_audit;

#define die(fmt, ...) do {					\
	fprintf(stderr, fmt "\n", ##__VA_ARGS__);		\
	exit(1);						\
} while (0)

/* Load the programs, start the reader, make the files and sockets. */
void lsm_audit_setup(void);

struct bpf_link *lsm_audit_attach(struct bpf_program *prog);

/* Wait until the reader has all records, or no more come. */
bool lsm_audit_reader_has_all(void);

/* The records that audit has lost since the setup. */
long lsm_audit_lost(void);

#endif
