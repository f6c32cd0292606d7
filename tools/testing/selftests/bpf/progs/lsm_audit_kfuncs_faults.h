/* SPDX-License-Identifier: GPL-2.0-only */
/* What a test and progs/lsm_audit_kfuncs_faults.c tell each other. */
#ifndef __LSM_AUDIT_KFUNCS_FAULTS_H
#define __LSM_AUDIT_KFUNCS_FAULTS_H

#include "lsm_audit_kfuncs.h"	/* enum call */

#define MAX_CALLS 6

/* These two have tests of their own, so enum call lacks them. */
enum {
	CALL_PATH_AT = NR_CALLS,
	CALL_RULE,
	NR_FAULT_CALLS,
};

/* With a fault ahead and without, or as often as it takes. */
#define NR_ATTEMPTS 10

/* How far away the fault was, before and after each call; 0 if it is past. */
struct attempt {
	unsigned int before;
	unsigned int after_start;
	unsigned int after_call[MAX_CALLS];
	unsigned int after_end;
	int started;
	int ret[MAX_CALLS];
};

#endif /* __LSM_AUDIT_KFUNCS_FAULTS_H */
