// SPDX-License-Identifier: GPL-2.0-only
/* The files that backing_file_alloc and backing_file_free pass have no valid path. */

#include <test_progs.h>
#include "lsm_hook_backing_file.skel.h"

void test_lsm_hook_backing_file(void)
{
	RUN_TESTS(lsm_hook_backing_file);
}
