/* SPDX-License-Identifier: GPL-2.0-only */
/* What a test asks of the programs in progs/lsm_audit_kfuncs_facts.c, and gets. */
#ifndef __LSM_AUDIT_KFUNCS_FACTS_H
#define __LSM_AUDIT_KFUNCS_FACTS_H

/* No kfunc returns this. */
#define NOT_CALLED 1000

/* What a program adds behind the path and the rule. */
enum extra {
	EXTRA_NONE,
	EXTRA_AGAIN,		/* the path and the rule once more */
	EXTRA_OTHER,		/* the name of the other entry, of a rename */
	EXTRA_PATH,		/* the directory's path */
	EXTRA_FIRST,		/* the directory's path, before the other path */
	EXTRA_LONG,		/* a cause and the name, before the rule */
	EXTRA_ATOMIC,		/* all of them with preemption disabled */
};

/* Of the side of a link or a rename that was (0), and of that which is to be (1). */
struct side {
	int path_at;
	int rule;
	int extra;
	int rule_again;
};

#endif /* __LSM_AUDIT_KFUNCS_FACTS_H */
