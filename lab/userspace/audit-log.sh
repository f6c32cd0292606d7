#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build tools/bpf/lsm-audit-log in build/lsm-audit-log, with the crates of its
# Cargo.lock, which are kept in the cache, and a Debian package of it. With "deb":
# put that in build/deb as well. With "check": its formatting, clippy and its tests
# instead.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
inside "$@"
cd "$repo/tools/bpf/lsm-audit-log"

out=$build/lsm-audit-log
out_log=$log/lsm-audit-log.log
make_dirs "$out" "$log" "$cache/cargo"
lock "$build" lsm-audit-log
export CARGO_HOME=$cache/cargo CARGO_TARGET_DIR=$out/target CARGO_TERM_COLOR=never
CARGO_BUILD_JOBS=$(parallel)
export CARGO_BUILD_JOBS

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
command=$out/target/$target/release/lsm-audit-log
! readelf -d "$command" | grep NEEDED || die "$command needs the libraries above: it is to be static."
cp "$command" lsm-audit-log.8 "$out/"
say "lsm-audit-log: ${out#"$repo/"} has the command and its manual page"

# --- The package; its files have the time of its changelog, so it's the same each time

# notices: the licences of all that is linked into the command, which want to come with it.
notices() {
	local crate license file
	cargo tree "${with[@]}" --edges normal --prefix none --no-dedupe --format '{p};{l}' | sed -nE 's/^([^ ]+) v([^ ;]+)[^;]*;(.*)/\1-\2;\3/p' | sort -u |
		while IFS=';' read -r crate license; do
			[[ $crate != lsm-audit-log-* ]] || continue
			printf '===== %s: %s\n\n' "$crate" "$license"
			for file in "$CARGO_HOME"/registry/src/*/"$crate"/{,libbpf/,zlib/}{LICENSE,COPYING,NOTICE,UNLICENSE}*; do
				[ ! -f "$file" ] || { printf -- '----- %s\n\n' "${file##*"/$crate/"}"; cat "$file"; echo; }
			done
		done
}

command -v dh >/dev/null ||
	{ say "lsm-audit-log: no package, because debhelper isn't installed"; exit; }
stage=$out/package/lsm-audit-log
rm -rf --one-file-system "$out/package" "$out"/*.deb
mkdir -p "$stage"/completions/{bash,zsh,fish}
cp -r "$command" lsm-audit-log.8 README.md debian "$lab/examples/bpf_audit.h" "$stage/"
notices >"$stage/NOTICES"
grep -q 'Redistributions in binary form' "$stage/NOTICES" || die "the licences of the crates were not found in $CARGO_HOME/registry."
"$command" --completions bash >"$stage/completions/bash/lsm-audit-log"
"$command" --completions zsh >"$stage/completions/zsh/_lsm-audit-log"
"$command" --completions fish >"$stage/completions/fish/lsm-audit-log.fish"
(cd "$stage" && DEB_BUILD_OPTIONS=nocheck dpkg-buildpackage --build=binary --no-sign -d) >>"$out_log" 2>&1 ||
	blame "$out_log" "packaging lsm-audit-log failed: see the end of $out_log, mend that and run again."
deb=$(echo "$out"/package/*.deb)
# What goes missing is missed by nobody who builds it.
diff - <(dpkg-deb -c "$deb" | awk '/^-/ && $3 > 0 { print $1, $6 }' | sort -k 2) <<-END ||
	-rw-r--r-- ./usr/include/bpf_audit.h
	-rwxr-xr-x ./usr/sbin/lsm-audit-log
	-rw-r--r-- ./usr/share/bash-completion/completions/lsm-audit-log
	-rw-r--r-- ./usr/share/doc/lsm-audit-log/NOTICES.gz
	-rw-r--r-- ./usr/share/doc/lsm-audit-log/README.md.gz
	-rw-r--r-- ./usr/share/doc/lsm-audit-log/changelog.gz
	-rw-r--r-- ./usr/share/doc/lsm-audit-log/copyright
	-rw-r--r-- ./usr/share/fish/vendor_completions.d/lsm-audit-log.fish
	-rw-r--r-- ./usr/share/man/man8/lsm-audit-log.8.gz
	-rw-r--r-- ./usr/share/zsh/vendor-completions/_lsm-audit-log
END
	die "the package of lsm-audit-log does not hold the files above: what < shows is missing, what > shows is new."
mv "$deb" "$out/"
deb=$(echo "$out"/*.deb)
if [ "${1:-}" = deb ]; then
	make_dirs "$build/deb"
	rm -f "$build"/deb/lsm-audit-log_*.deb
	cp "$deb" "$build/deb/"
	deb=$build/deb/${deb##*/}
fi
say "lsm-audit-log: to install: dpkg -i ${deb#"$repo/"}"
