/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the benchmarks ask of the programs in progs/lsm_audit_bench.c: a
 * record with these fields.
 */
#ifndef __LSM_AUDIT_BENCH_H
#define __LSM_AUDIT_BENCH_H

#define FIELD_CAUSE		0x00001
#define FIELD_CAP		0x00002
#define FIELD_PATH		0x00004
#define FIELD_FILE		0x00008
#define FIELD_IOCTL_OP		0x00010
#define FIELD_DENTRY		0x00020
#define FIELD_INODE		0x00040
#define FIELD_TASK		0x00080
#define FIELD_NET_SOCK		0x00100
#define FIELD_NET_SOCKADDR	0x00200
#define FIELD_PATH_AT		0x00400
#define FIELD_RULE		0x00800

/* Not a record: only the clock is read, or a ring buffer gets the facts. */
#define NO_RECORD		0x10000
#define RING_BUFFER		0x20000

/* The functions that the floor consists of, and one that does nothing. */
enum floor {
	FLOOR_NOTHING,
	FLOOR_START,
	FLOOR_END,
	NR_FLOOR,
};

#endif /* __LSM_AUDIT_BENCH_H */
