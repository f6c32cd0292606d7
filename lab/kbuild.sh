# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
#
# What the scripts that build a kernel share: the source is $tree, the objects
# folder $out, the log $out_log.

# A build that is cut off, by the end of the machine say, leaves files that are empty or
# half written, which make takes for done. The mark tells the next build of it, which
# makes again what is of the last minute before the end.
kmake() {
	local mark=$out/.building last doubtful status=0
	if [ -e "$mark" ]; then
		local new=(-type f -newer "$mark" ! -name '.*config*')
		last=$(find "$out" "${new[@]}" -printf '%Ts\n' | sort -n | tail -n 1)
		doubtful=$(find "$out" "${new[@]}" -newermt "@$((${last:-0} - 60))" -print -delete | wc -l)
		say "the last build in $out was cut off: $doubtful files of its last minute are made again"
	fi
	: >"$mark"
	make -C "$tree" O="$out" -j "$(parallel)" "$@" || status=$?
	rm -f "$mark"
	return "$status"
}

# The module that the selftests load, in $1/test_kmods, by the make that the other arguments
# call. No kernel here has modules of its own, so vmlinux.symvers has all symbols.
make_kmod() { # OUT MAKE...
	local out=$1 kmods=$build/linux/tools/testing/selftests/bpf/test_kmods module=bpf_test_contexts
	shift
	[ -z "${tree:-}" ] || kmods=$tree/tools/testing/selftests/bpf/test_kmods
	rm -rf "$out/test_kmods"
	# Before the patch that adds it.
	[ -f "$kmods/$module.c" ] || return 0
	"$@" modules_prepare && cp "$out/vmlinux.symvers" "$out/Module.symvers" &&
		"$@" M="$kmods" MO="$out/test_kmods" "$module.ko"
}

explain() {
	echo "--- the last errors in $out_log:" >&2
	grep -E '(error|Error|undefined|No space)' "$out_log" | grep -v '^  [A-Z]' | tail -n 25 >&2 || tail -n 15 "$out_log" >&2
	blame "$out_log" "$1 failed: see $out_log, mend that and run again."
}

# not_taken FRAGMENT CONFIG: in what CONFIG is not as FRAGMENT has it, whose later
# lines may take back earlier ones.
not_taken() {
	local symbol want
	sed -nE 's/^(# )?(CONFIG_[A-Z0-9a-z_]+)(=| is not set).*/\2/p' "$1" | sort -u |
		while IFS= read -r symbol; do
			want=$(grep -E "^(# )?$symbol(=| is not set)" "$1" | tail -n 1)
			case $want in
			\#*) ! grep -q "^$symbol=" "$2" || echo "$symbol" ;;
			*) grep -qxF "$want" "$2" || echo "$want" ;;
			esac
		done
}

# adopt CONFIG: as that of $out, if it differs.
adopt() {
	if cmp -s "$1" "$out/.config"; then rm "$1"; else mv "$1" "$out/.config"; fi
}

posting() {
	local lines
	lines=$(grep -c '^  ' "$out_log" || true)
	echo "$lines build lines${expected:+ of about $expected at most}, now $(grep '^  ' "$out_log" | tail -n 1 | awk '{ print $1, $2 }')"
}
