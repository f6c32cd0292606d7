#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build the overlay in each of the configurations of lab/series/matrix, and test it in
# some: lab/series/matrix.sh [ROW...]. A row that was fine is left out until it, the
# source or the configuration changes. Each takes two minutes or more; objects
# are removed when their row is done. Ends with a table, which is build/matrix/table.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=lab/kbuild.sh
. "$lab/kbuild.sh"
cd "$repo"

results=$build/matrix
make_dirs "$results" "$log"
rows() { grep -v '^#' "$lab/series/matrix" | grep .; }
for row; do
	rows | grep -q "^$row " || die "there is no row $row in lab/series/matrix: choose one of $(rows | awk '{ print $1 }' | paste -sd ' ')."
done

# What a row's result depends on.
key() { # ROW
	{ echo "$1"; cat "$lab/kernel/kernel.config" "$build/linux.version" "$build/toolroot/.key"
		find "$build/overlay" -type f ! -path '*/Documentation/*' -print0 | sort -z | xargs -0r cat; } | sha256sum
}

is_of() { [ "$(sed -n 2p "$1" 2>/dev/null)" = "$2" ]; } # RESULT KEY

# "NAME=value" of a row as a line of a configuration.
lines() { sed -E 's/^([A-Z0-9_]+)=n$/# CONFIG_\1 is not set/; t; s/^/CONFIG_/'; }

# Debian's configuration for the version that build/linux is, from its package.
debian_config() (
	lock "$cache" cache	# another's apt would not wait for the packages in it
	# shellcheck disable=SC2016
	"$lab/machine/run.sh" bash -euo pipefail -c '
		version=$1 package=linux-config-$2
		deb=${package}_${version}_amd64.deb
		cd /var/cache/apt/archives
		opts=(-o Dir::Etc::SourceList=/etc/apt/sources.list.d/backports.list -o Dir::Etc::SourceParts=-
			-o APT::Get::List-Cleanup=0 -o Acquire::Retries=3)
		[ -f "$deb" ] || { apt-get "${opts[@]}" update &&
			apt-get "${opts[@]}" -y --download-only --no-install-recommends install "$package=$version"; } >&2
		dpkg-deb --fsys-tarfile "$deb" | tar -xO "./usr/src/$package/config.amd64_none_amd64.xz" | xz -d
	' - "$(cat "$build/linux.version")" "$(release_of "$(cat "$build/linux.version")")" ||
		{ echo "error: Debian's package of its configuration could not be had: is build/linux from LINUX=, or the network down?" >&2; return 1; }
)

# build DEPTH KFUNCS VARIABLES [DIFFERENCE...], in $out.
build() {
	local depth=$1 kfuncs=$2 variables=() targets=(security/ rust/) image line base=(cat "$lab/kernel/kernel.config") kind=allnoconfig
	[ "$3" = - ] || IFS=, read -ra variables <<<"$3"
	shift 3
	if [[ " ${variables[*]} " == *" RUSTC="* ]]; then
		"$lab/machine/rust.sh"
		variables=("${variables[@]/#RUSTC=backports/RUSTC=$build/rust/rustc}")
		variables=("${variables[@]/#BINDGEN=testing/BINDGEN=$build/rust/bindgen}")
	fi
	if [ "${1:-}" = debian ]; then
		base=(debian_config) kind=alldefconfig
		shift
	fi
	local kmake=("$lab/machine/run.sh" make -C "$build/linux" O="$out" -j "$(parallel)" "${variables[@]}")

	make_dirs "$out"
	{ "${base[@]}"; printf '%s\n' WERROR=y "$@" | lines; } >"$out/.allconfig"
	"${kmake[@]}" KCONFIG_ALLCONFIG="$out/.allconfig" "$kind"
	while IFS= read -r line; do
		if [[ $line == \#* ]]; then ! grep -q "^${line:2:-11}=" "$out/.config"; else grep -qxF "$line" "$out/.config"; fi ||
			{ echo "error: Kconfig did not take '$line'"; return 1; }
	done < <(printf '%s\n' "$@" | grep . | lines)
	[ "$kfuncs" = "$(sed -n 's/^CONFIG_BPF_LSM_AUDIT=//p' "$out/.config" | grep . || echo n)" ] ||
		{ echo "error: BPF_LSM_AUDIT is not '$kfuncs'"; return 1; }

	case $depth in
	objects) [ "$kfuncs" = n ] || mapfile -t -O 2 targets < <(sed -nE 's/^((kernel|mm)\/.*)\.c$/\1.o/p' "$build/linux.edited") ;;
	vmlinux) targets=(vmlinux) ;;
	kunit | selftests | test) image=$(image_of "$out") targets=(vmlinux "${image##*/}") ;;
	esac
	"${kmake[@]}" "${targets[@]}"
	[[ $depth != @(selftests|test) ]] || make_kmod "$out" "${kmake[@]}"
	case $depth in
	test) KERNEL_DIR=$out "$lab/test/run.sh" ;;
	selftests) KERNEL_DIR=$out "$lab/test/selftests.sh" ;;
	kunit)
		"$lab/machine/emulator.sh" "$(kind_of "$out")"
		"$lab/machine/run.sh" "$build/linux/tools/testing/kunit/kunit.py" exec --build_dir "$out" --timeout 600 --kernel_args kunit.autorun=1 \
			--arch "${kbuild_of[$(kind_of "$out")]}" | tee "$out/kunit"
		sed -nE 's/.*Testing complete\. /KUnit: /p' "$out/kunit"
		;;
	esac
}

failed=()
declare -A keys
total=$(rows | wc -l) number=0
while read -r name depth kfuncs variables differences; do
	number=$((number + 1))
	result=$results/$name.result
	this=$(key "$name $depth $kfuncs $variables $differences")
	keys[$name]=$this
	if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then continue; fi
	if is_of "$result" "$this"; then
		say "matrix, $number of $total: $name was fine"
		continue
	fi
	out=$results/$name
	say "matrix, $number of $total: $name (log in $log/matrix.$name.log)"
	start=$SECONDS
	read -ra words <<<"$differences"
	(set -e; build "$depth" "$kfuncs" "$variables" "${words[@]}") >"$log/matrix.$name.log" 2>&1 </dev/null &
	posting() { tail -n 1 "$log/matrix.$name.log" | cut -c 1-100; }
	keep_posted $! "$name"
	if wait $!; then
		said=built
		[[ $depth != @(kunit|selftests|test) ]] || said="built, booted: $(tail -n 1 "$log/matrix.$name.log")"
		printf '%-17s %-9s %-3s %5d s  %s\n%s\n' "$name" "$depth" "$kfuncs" $((SECONDS - start)) "$said" "$this" >"$result.part"
		mv "$result.part" "$result"
		rm -rf --one-file-system "$out"
	else
		say "$name FAILED: $(grep -E '^(error|not ok)|: (error|fatal error):|Error ' "$log/matrix.$name.log" | head -n 1)"
		rm -f "$result"
		failed+=("$name")
	fi
done < <(rows)

{
	printf '%-17s %-9s %-3s %7s  %s\n' row depth kfs time result
	while read -r name _; do
		result=$results/$name.result
		if [[ " ${failed[*]} " == *" $name "* ]]; then
			echo "$name: failed"
		elif [ ! -f "$result" ]; then
			echo "$name: not built yet"
		elif is_of "$result" "${keys[$name]}"; then
			sed -n 1p "$result"
		else
			sed -n '1s/$/ (before the last change)/p' "$result"
		fi
	done < <(rows)
} | tee "$results/table"
[ ${#failed[@]} = 0 ] || die "failed: ${failed[*]}. Mend that and run again: the others won't be built anew."
