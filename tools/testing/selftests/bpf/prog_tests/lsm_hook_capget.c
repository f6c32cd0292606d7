// SPDX-License-Identifier: GPL-2.0-only
/* A program on capget may sleep, so it must not run in an RCU section. */

#include <linux/capability.h>
#include <sys/syscall.h>
#include <test_progs.h>
#include "lsm_hook_capget.skel.h"

static void other_process(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, getppid() };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	struct lsm_hook_capget *skel;

	skel = lsm_hook_capget__open_and_load();
	if (!ASSERT_OK_PTR(skel, "open_and_load"))
		return;
	if (!ASSERT_OK(lsm_hook_capget__attach(skel), "attach"))
		goto destroy;

	skel->bss->tgid = getpid();
	ASSERT_OK(syscall(SYS_capget, &header, data), "capget of the parent");
	ASSERT_EQ(skel->bss->runs, 1, "runs");
	/* Without CONFIG_PREEMPT_RCU it takes CONFIG_DEBUG_ATOMIC_SLEEP to tell. */
	ASSERT_EQ(skel->bss->rcu_sections, 0, "RCU sections around the hook");
destroy:
	lsm_hook_capget__destroy(skel);
}

void test_lsm_hook_capget(void)
{
	if (test__start_subtest("other_process"))
		other_process();
}
