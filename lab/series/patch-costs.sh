#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Say what each patch of patches/2-audit-cost and 3-audit-records changes for those who
# have no audit kfuncs: build/texts/patches.tsv, the instructions of system calls with all
# their records (lab/test/texts/costs.c) on the kernel that each patch leaves. What was
# measured is not measured again until the patch, one before it or the calls change. The
# configuration and the objects are those of fixes.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=lab/kbuild.sh
. "$lab/kbuild.sh"
inside "$@"
cd "$repo"

# shellcheck source=lab/staged.sh
. "$lab/staged.sh"

rows=$build/texts/patches table=$build/texts/patches.tsv
fixes=("$build"/series/1-fixes/[0-9]*.patch)
patches=("$build"/series/{2-audit-cost,3-audit-records}/[0-9]*.patch)
if [ ! -f "${fixes[0]}" ] || [ ! -f "${patches[0]}" ]; then
	die "there are no patches in build/series: run 'make series'."
fi

make_dirs "$out" "$rows" "$log"
lock "$build" bisect
gcc -std=gnu17 -O1 -Wall -Wno-unused-result -static -o "$build/texts/costs" lab/test/texts/costs.c
pristine_stage
make_tree

kernel() {
	lay
	configure "$lab/kernel/kernel.config" "$lab/series/fixes.config"
	kmake vmlinux bzImage
}

row() { # NAME
	local result=build/guest/texts.costs
	rm -f "$result"
	kernel
	"$lab/machine/boot.sh" -i -n patches lab/test/texts/capture.sh costs "$result"
	{ echo "$key"; cat "$result"; } >"$rows/$1.part"
	mv "$rows/$1.part" "$rows/$1"
}

key=$(cat "$lab/kernel/kernel.config" "$lab/series/fixes.config" lab/test/texts/{costs.c,capture.sh} "$build/linux.version" "$build/toolroot/.key" | sha256sum)
names=()
measure() { # NAME
	local name=${1//\//-}
	names+=("$1")
	[ "$(head -n 1 "$rows/$name" 2>/dev/null)" != "$key" ] || return 0
	out_log=$log/patches.log
	say "patches: $1, of ${#patches[@]} patches (log in $out_log)"
	(set -e; row "$name") >"$out_log" 2>&1 </dev/null &
	keep_posted $! patches
	wait $! || { grep -E '(error|fatal error):|Error ' "$out_log" | head -n 5 >&2; die "measuring $1 failed: see $out_log."; }
}

for patch in "${fixes[@]:1}"; do
	apply "$patch"
	key=$(cat - "$patch" <<<"$key" | sha256sum)
done
measure 1-fixes
for patch in "${patches[@]}"; do
	[ "$(basename "$patch")" != 0000-cover-letter.patch ] || continue
	apply "$patch"
	key=$(cat - "$patch" <<<"$key" | sha256sum)
	name=$(basename "$patch")
	# A patch that only adds tests is applied for those after it.
	[[ $name == *-KUnit-* ]] || measure "$(basename "$(dirname "$patch")")/${name%%-*}"
done

{
	echo "# SPDX-License-Identifier: GPL-2.0-only"
	echo "# Instructions of system calls with all their records, after each patch: lab/series/patch-costs.sh"
	echo "# wrote this for the source $(cat "$build/linux.version")."
	printf 'patch\t%s\n' "$(sed 1d "$rows/1-fixes" | cut -d ' ' -f 1 | paste -s)"
	for name in "${names[@]}"; do
		printf '%s\t%s\n' "$name" "$(sed 1d "$rows/${name//\//-}" | cut -d ' ' -f 2 | paste -s)"
	done
} >"$table.part"
mv "$table.part" "$table"
cut -f 1-5 "$table" | column -t
say "patches: $table is what the messages have to say: copy it to lab/bench, and 'make check' shows which don't"
