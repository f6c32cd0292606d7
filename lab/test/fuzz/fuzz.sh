#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Fuzz the kfuncs, in the guest, as root. What it prints is in build/guest/fuzz.log
# too: fuzz.sh [OPTION-OF-FUZZ.PY...]

set -euo pipefail

"$(dirname "$0")/fuzz.py" "$@" 2>&1 | tee build/guest/fuzz.log
