// SPDX-License-Identifier: GPL-2.0-only
/* Programs that replace functions of lsm_hook_extended_regs.c. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct words {
	long first;
	long rest[511];
};

typedef struct words bpf_user_pt_regs_t;

SEC("?freplace/of_regs")
int regs_by_name(bpf_user_pt_regs_t *ctx)
{
	return !ctx;
}

SEC("?freplace/of_xdp")
int xdp_by_tag(struct xdp_md *ctx __arg_ctx)
{
	return ctx ? XDP_PASS : XDP_ABORTED;
}

SEC("?freplace/of_regs")
int memory_for_regs(struct words *memory)
{
	if (memory)
		memory->rest[100] = 1;
	return 0;
}

SEC("?freplace/of_words")
int regs_for_memory(bpf_user_pt_regs_t *ctx)
{
	return !ctx;
}

char _license[] SEC("license") = "GPL";
