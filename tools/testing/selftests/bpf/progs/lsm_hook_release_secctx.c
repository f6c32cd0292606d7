// SPDX-License-Identifier: GPL-2.0-only
/* Netfilter, netlabel and audit release contexts in softirqs and RCU sections. */

#include <vmlinux.h>
#include <bpf/bpf_tracing.h>
#include "bpf_misc.h"

SEC("lsm/release_secctx")
__success
void BPF_PROG(release_secctx, struct lsm_context *cp)
{
}

SEC("lsm.s/release_secctx")
__failure __msg("bpf_lsm_release_secctx is not sleepable")
void BPF_PROG(release_secctx_asleep, struct lsm_context *cp)
{
}

char _license[] SEC("license") = "GPL";
