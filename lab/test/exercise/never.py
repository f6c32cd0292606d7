# SPDX-License-Identifier: GPL-2.0-only
"""What it would take to make the hooks run that the load here doesn't reach."""

# Two ways to make hooks run are left out. Suspend: the kernel here has no CONFIG_PM, and once all
# tasks are frozen, kernel/power calls no hook. kexec: it calls hooks that modules call, too
# (kernel_load_data, kernel_read_file, locked_down), and then ends the kernel that is watched.

SECMARK = "a rule of nftables or iptables that sets a secmark, and an LSM that knows its label, as SELinux does"

WHAT = {
    "audit_rule_known": "an LSM that announces a new policy, as SELinux does (audit_update_lsm_rules())",
    "bdev_free_security": "an LSM that keeps data of block devices, as IPE does: without, security_bdev_free() returns",
    "cred_getlsmprop": "nothing in the tree calls it",
    "fs_context_submount": "a mount within an NFS, AFS or FUSE mount, which the server announces",
    "initramfs_populated": "it runs once, at boot, before there are programs",
    "inode_getsecctx": "an NFS server that takes labels (NFSv4.2), and a client that asks for them",
    "inode_invalidate_secctx": "GFS2 on a cluster: nothing else calls it",
    "inode_notifysecctx": "an NFS server that takes labels (NFSv4.2)",
    "inode_setsecctx": "an NFS server that takes labels (NFSv4.2), and a client that sets them",
    "sb_clone_mnt_opts": "an NFS mount within another, of the same server",
    "sb_mnt_opts_compat": "a second NFS mount of the same server",
    "secmark_refcount_dec": SECMARK,
    "secmark_refcount_inc": SECMARK,
    "secmark_relabel_packet": SECMARK,
    "xfrm_state_alloc_acquire": "a packet that a policy of IPsec applies to, while there is no state for it",
}
