#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Remove what is generated, whoever owns it.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
# As root nothing stands in the way; without a tool root nothing is anybody else's.
[ "$(id -u)" = 0 ] || ! compgen -G "$build/*root*" >/dev/null || become_root "$@"

say "removing $build"
# It may lie on another disk.
rm -rf --one-file-system "$(realpath -m "$build")" "$build" "$repo/rust-project.json"
