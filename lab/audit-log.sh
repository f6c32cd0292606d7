#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build tools/bpf/lsm-audit-log in build/lsm-audit-log, with the crates of its
# Cargo.lock, which are kept in the cache. With "check": its formatting, clippy
# and its tests instead.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/lib.sh"
inside "$@"
cd "$repo/tools/bpf/lsm-audit-log"

out=$build/lsm-audit-log
out_log=$log/lsm-audit-log.log
make_dirs "$out" "$log" "$cache/cargo"
lock "$build" lsm-audit-log
export CARGO_HOME=$cache/cargo CARGO_TARGET_DIR=$out/target CARGO_TERM_COLOR=never
export CARGO_BUILD_JOBS=${JOBS:-$(nproc)}

# Static, so that it runs wherever it is copied to. With a target named, the flags are
# not those of build scripts, too.
target=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="-C target-feature=+crt-static"
with=(--locked --target "$target")

if [ "${1:-}" = check ]; then
	cargo fmt --check -- --color never
	{ cargo clippy "${with[@]}" --all-targets -- -D warnings && cargo test "${with[@]}"; } >"$out_log" 2>&1 ||
		{ grep -vE '^ +(Compiling|Checking|Downloaded) ' "$out_log"; exit 1; }
	exit
fi

cargo build "${with[@]}" --release >"$out_log" 2>&1 ||
	blame "$out_log" "building lsm-audit-log failed: see the end of $out_log, mend that and run again."
cp "$out/target/$target/release/lsm-audit-log" lsm-audit-log.8 "$out/"
say "lsm-audit-log: build/lsm-audit-log has the command and its manual page"
