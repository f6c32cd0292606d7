// SPDX-License-Identifier: GPL-2.0-only
/* A global function whose argument is trusted must not be called with another pointer. */

#include <test_progs.h>
#include "lsm_hook_arg_trusted.skel.h"

void test_lsm_hook_arg_trusted(void)
{
	RUN_TESTS(lsm_hook_arg_trusted);
}
