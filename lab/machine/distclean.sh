#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Remove what we keep in the cache, and nothing else that may lie there.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"

[ "$(id -u)" = 0 ] || [ ! -d "$cache/apt" ] || become_root "$@"
say "removing the cache in $cache"
rm -rf --one-file-system "$cache/apt" "$cache/cargo" "$cache/systemd" "$cache"/toolroot-*.tar* "$cache/.cache.lock"
[ ! -d "$cache" ] || rmdir --ignore-fail-on-non-empty "$cache"
