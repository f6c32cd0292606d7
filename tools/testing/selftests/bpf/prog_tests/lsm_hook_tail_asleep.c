// SPDX-License-Identifier: GPL-2.0-only
/* No tail calls of sleepable programs from where they must not sleep. */

#include <test_progs.h>
#include "lsm_hook_tail_asleep.skel.h"

void test_lsm_hook_tail_asleep(void)
{
	RUN_TESTS(lsm_hook_tail_asleep);
}
