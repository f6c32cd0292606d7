# SPDX-License-Identifier: GPL-2.0-only
"""What it would take to make the hooks run that the load here doesn't reach."""

WHAT = {
    "initramfs_populated": "it runs once, at boot, before there are programs",
    "inode_invalidate_secctx": "GFS2 on a cluster: nothing else calls it",
}
