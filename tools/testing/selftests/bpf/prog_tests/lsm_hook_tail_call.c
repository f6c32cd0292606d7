// SPDX-License-Identifier: GPL-2.0-only
/* No tail calls from hooks whose arguments aren't trusted. */

#include <test_progs.h>
#include "lsm_hook_tail_call.skel.h"

void test_lsm_hook_tail_call(void)
{
	RUN_TESTS(lsm_hook_tail_call);
}
