# SPDX-License-Identifier: GPL-2.0-only
"""What it would take to make the hooks run that the load here doesn't reach."""

SECMARK = "a rule of nftables or iptables that sets a secmark, and an LSM that knows its label, as SELinux does"
TOKEN = "a bpffs of a user namespace, mounted with delegate_cmds=, and a token from it"
MODULE = "a module, firmware or a kexec image that is loaded from a file: this kernel has everything built in"

WHAT = {
    "audit_rule_known": "an LSM that announces a new policy (audit_update_lsm_rules()), as SELinux and AppArmor do",
    "bpf_token_capable": TOKEN,
    "bpf_token_cmd": TOKEN,
    "bpf_token_create": TOKEN,
    "bpf_token_free": TOKEN,
    "cred_getlsmprop": "IMA",
    "fs_context_submount": "a mount within an NFS, AFS or FUSE mount, which the server announces",
    "initramfs_populated": "it runs once, at boot, before there are programs",
    "inode_invalidate_secctx": "GFS2 on a cluster: nothing else calls it",
    "inode_setsecctx": "an NFS server that takes labels (NFSv4.2), and a client that sets them",
    "kernel_post_read_file": MODULE,
    "kernel_read_file": MODULE,
    "sb_clone_mnt_opts": "an NFS mount within another, of the same server",
    "sb_mnt_opts_compat": "a second NFS mount of the same server",
    "secmark_refcount_dec": SECMARK,
    "secmark_refcount_inc": SECMARK,
    "secmark_relabel_packet": SECMARK,
    "xfrm_state_alloc_acquire": "a packet that a policy of IPsec applies to, while there is no state for it",
}
