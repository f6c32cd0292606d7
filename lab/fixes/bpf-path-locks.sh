#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A program on capable gets a path, or an error, while a mount is idmapped: in the guest,
# as root. Without the fix the guest hangs.

set -euo pipefail
cd build/selftests-bisect
exec ./test_progs -t lsm_hook_idmap/path
