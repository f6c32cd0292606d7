// SPDX-License-Identifier: GPL-2.0-only
/* Functions that the programs of lsm_hook_extension_regs.c replace, or must not. */

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct words {
	long first;
};

/* By this name a structure is the context of a kprobe, whatever it holds. */
typedef struct words bpf_user_pt_regs_t;

__weak int of_regs(bpf_user_pt_regs_t *ctx)
{
	return !ctx;
}

__weak int of_words(struct words *memory)
{
	return memory ? memory->first : 0;
}

SEC("kprobe")
int extended_kprobe(bpf_user_pt_regs_t *ctx)
{
	struct words words = { 1 };

	return of_regs(ctx) + of_words(&words);
}

__weak int of_xdp(struct xdp_md *ctx)
{
	return ctx ? XDP_PASS : XDP_ABORTED;
}

SEC("xdp")
int extended_xdp(struct xdp_md *ctx)
{
	return of_xdp(ctx);
}

char _license[] SEC("license") = "GPL";
