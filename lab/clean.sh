#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Remove what is generated, whoever owns it.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/lib.sh"
become_root "$@"

say "removing $build"
rm -rf --one-file-system "$build" "$repo/rust-project.json"
