#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Lay the overlay on build/linux: the new files of this repository at their
# kernel paths, and edits/*.patch on existing ones, or what stands for such a patch
# in edits/RELEASE. Only files whose content changes are written, so that a build
# after it is incremental. A file that has left the overlay gets its original back,
# or goes.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/lib.sh"

inside "$@"
"$lab/source.sh"

parts=(Documentation include kernel rust security tools/testing)	# where new files live
tree=$build/linux
orig=$build/linux.orig	# the kernel's own copy of each overlaid file
manifest=$build/linux.manifest	# the overlaid files
stage=$build/overlay

lock "$build" tree

copy() { # FILE FROM TO: whole or not at all
	mkdir -p "$3/$(dirname "$1")"
	{ cp -p "$2/$1" "$3/$1.part" && mv "$3/$1.part" "$3/$1"; } 2>/dev/null ||
		die "can't write $3/$1: is the disk full?"
}

new_files() {
	local dirs=() part
	for part in "${parts[@]}"; do [ ! -d "$repo/$part" ] || dirs+=("$part"); done
	[ ${#dirs[@]} -gt 0 ] || return 0
	cd "$repo"
	if git -c safe.directory='*' rev-parse >/dev/null 2>&1; then
		git -c safe.directory='*' -c core.quotePath=false ls-files -co --exclude-standard -- "${dirs[@]}"
	else
		find "${dirs[@]}" -type f ! -name '*.o' ! -name '.*.cmd'
	fi | while IFS= read -r file; do [ ! -f "$file" ] || echo "$file"; done
}

# git apply takes no fuzz; the ceiling keeps it from looking at our own history.
export GIT_CEILING_DIRECTORIES=$repo
shopt -s nullglob
edits=("$repo"/edits/*.patch)
release=$(release_of "$(cat "$build/linux.version")")
for i in "${!edits[@]}"; do
	edit=$repo/edits/$release/${edits[i]##*/}
	[ ! -f "$edit" ] || edits[i]=$edit
	grep -q '^--- ' "${edits[i]}" || unset 'edits[i]'	# nothing to change in this release
done
edited() {
	local edit
	for edit in "${edits[@]}"; do
		(cd "$build" && git apply --numstat "$edit" 2>"$log/tree.log") | cut -f 3 ||
			die "$edit is not a patch that git can read ($(head -n 1 "$log/tree.log")): mend it and run again."
	done
}

new_files | sort -u >"$build/linux.new"
edited | sort -u >"$build/linux.edited"
both=$(comm -12 "$build/linux.new" "$build/linux.edited" | paste -sd ' ')
[ -z "$both" ] || die "$both is a new file and is edited by a patch too: keep the one or the other."
sort "$build/linux.new" "$build/linux.edited" >"$build/linux.overlay"
touch "$manifest"

# Keep the originals of files that the overlay is about to touch first.
while IFS= read -r file; do
	if [ -f "$tree/$file" ]; then copy "$file" "$tree" "$orig"; else rm -f "$orig/$file"; fi
done < <(comm -23 "$build/linux.overlay" "$manifest")

# The stage: what the overlaid files shall be.
rm -rf --one-file-system "$stage"
mkdir -p "$stage"
while IFS= read -r file; do
	[ -f "$orig/$file" ] ||
		die "a patch in edits/ changes $file, which this kernel ($(cat "$build/linux.version")) doesn't have: mend the patch."
	copy "$file" "$orig" "$stage"
done <"$build/linux.edited"
for edit in "${edits[@]}"; do
	(cd "$stage" && git apply --whitespace=nowarn "$edit") 2>"$log/tree.log" ||
		die "$edit does not apply to $(cat "$build/linux.version"): $(sed -n 's/^error: patch failed: //p' "$log/tree.log" | paste -sd ' '); mend the patch and run again."
done
while IFS= read -r file; do copy "$file" "$repo" "$stage"; done <"$build/linux.new"

# From here on a killed run leaves a tree of which the manifest knows all.
sort -u "$manifest" "$build/linux.overlay" >"$manifest.part"
comm -23 "$manifest" "$build/linux.overlay" >"$build/linux.left"
mv "$manifest.part" "$manifest"
while IFS= read -r file; do
	if [ -f "$orig/$file" ]; then
		copy "$file" "$orig" "$stage"
	else
		rm -f "$tree/$file" && echo "  $file (removed)"
	fi
done <"$build/linux.left"
rsync -rlpc --out-format='  %n' "$stage/" "$tree/" 2>"$log/tree.log" | { grep -v '/$' || true; } ||
	blame "$log/tree.log" "laying the overlay on $tree failed: see $log/tree.log, mend that and run again."
cp "$build/linux.overlay" "$manifest.part"
mv "$manifest.part" "$manifest"
(cd "$stage" && xargs -rd '\n' rm -f -- <"$build/linux.left")
say "tree: build/linux is Linux $(cat "$build/linux.version") with $(wc -l <"$build/linux.new") new files and ${#edits[@]} edits"
