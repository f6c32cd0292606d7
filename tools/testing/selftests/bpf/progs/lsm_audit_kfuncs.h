/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a test asks of the programs in progs/test_lsm_audit_kfuncs.c: they start
 * a record, take the steps one by one, note what each returned, and end it.
 */
#ifndef __LSM_AUDIT_KFUNCS_H
#define __LSM_AUDIT_KFUNCS_H

#define MAX_STEPS 12

/* No kfunc returns this: the program's hook has no object for the step. */
#define NOT_CALLED 1000

/* The length that the hook was given beside the address. */
#define ADDRLEN_OF_HOOK 0x10000

enum call {
	CALL_NONE,
	CALL_CAUSE,		/* arg: the index of a cause */
	CALL_CAP,		/* arg: the capability */
	CALL_PATH,
	CALL_FILE,
	CALL_IOCTL_OP,		/* arg: the command */
	CALL_DENTRY,
	CALL_INODE,
	CALL_TASK,
	CALL_NET_SOCK,		/* arg: netif */
	CALL_NET_SOCKADDR,	/* arg: netif; source, dest, addrlen */
	NR_CALLS,
};

/* Where an address is. */
enum place {
	ADDR_NONE,		/* NULL */
	ADDR_HOOK,		/* an argument of the hook */
	ADDR_MAP,		/* the program's global data */
	ADDR_STACK,		/* the program's stack */
	ADDR_EDGE,		/* 16 bytes that nothing is mapped behind */
};

/* A whole number of pages, however large they are. */
#define EDGE_BYTES 65536

struct step {
	int call;
	int arg;
	int source;
	int dest;
	int addrlen;
	int ret;
};

/*
 * The causes that a program can give. The verifier wants constants, so these
 * are all that there are; the test writes their text before the program loads.
 */
enum cause {
	CAUSE_PLAIN,
	CAUSE_1,		/* as long as their names say, in bytes */
	CAUSE_255,
	CAUSE_255_HEX,
	CAUSE_0,
	CAUSE_256,
	CAUSE_QUOTE,
	CAUSE_SPACE,
	CAUSE_LINES,
	CAUSE_UTF8,
	CAUSE_CONTROL,
	CAUSE_EQUALS,
	NR_CAUSES,
};

#define CAUSE_ROOM 257

#endif /* __LSM_AUDIT_KFUNCS_H */
