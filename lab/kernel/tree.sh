#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Lay the overlay on build/linux: the new files of this repository at their
# kernel paths, and the diffs of patches/ on existing ones. Only files whose content
# changes are written, so that a build after it is incremental. A file that has left
# the overlay gets its original back, or goes. What was edited there by hand is not
# written over, but with -f.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"

inside "$@"
# shellcheck source=lab/queue.sh
. "$lab/queue.sh"
scratch=$build/linux.scratch	# there while build/linux is broken on purpose
force=${1:-}
[ ! -e "$scratch" ] || force=-f
mapfile -t edits < <(laid_edits)	# since the overlay was laid
"$lab/kernel/source.sh" "$force"
# The release may be another now.
# shellcheck source=lab/queue.sh
. "$lab/queue.sh"

parts=(Documentation include kernel rust security tools/testing)	# where new files live
tree=$build/linux
orig=$build/linux.orig	# the kernel's own copy of each overlaid file
manifest=$build/linux.manifest	# the overlaid files
overlay=$build/overlay	# what the overlaid files were made to be
stage=$overlay.part
laying=$build/linux.laying	# there while the overlay is being laid

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

new_files | sort -u >"$build/linux.new"
: >"$build/linux.edited.part"
diffs=()
while IFS= read -r patch; do
	diff=$(diff_of "$patch")
	files=$(changed_by "$diff" 2>"$log/tree.log") ||
		die "$diff is not a patch that git can read ($(head -n 1 "$log/tree.log")): mend it and run again."
	# New files are here as the last patch leaves them.
	files=$(comm -23 <(sort -u <<<"$files") "$build/linux.new")
	[ -z "$files" ] || diffs+=("$diff")
	[ -z "$files" ] || echo "$files" >>"$build/linux.edited.part"
done < <(all_patches)
sort -u "$build/linux.edited.part" >"$build/linux.edited"
rm "$build/linux.edited.part"
sort "$build/linux.new" "$build/linux.edited" >"$build/linux.overlay"
touch "$manifest"

# Keep the originals of files that the overlay is about to touch first.
while IFS= read -r file; do
	if [ ! -f "$tree/$file" ]; then rm -f "$orig/$file"; continue; fi
	[ -n "$force" ] || [ ! "$tree/$file" -nt "$build/linux.version" ] || no_edits "$file"
	copy "$file" "$tree" "$orig"
done < <(comm -23 "$build/linux.overlay" "$manifest")

# The stage: what the overlaid files shall be.
rm -rf --one-file-system "$stage"
mkdir -p "$stage"
while IFS= read -r file; do
	[ -f "$orig/$file" ] ||
		die "a patch in patches/ changes $file, which this kernel ($(cat "$build/linux.version")) doesn't have: mend the patch."
	copy "$file" "$orig" "$stage"
done <"$build/linux.edited"
mapfile -t excluded < <(sed 's/^/--exclude=/' "$build/linux.new")
for diff in "${diffs[@]}"; do
	(cd "$stage" && git apply --whitespace=nowarn "${excluded[@]}" "$diff") 2>"$log/tree.log" ||
		die "$diff does not apply to $(cat "$build/linux.version"): $(sed -n 's/^error: patch failed: //p' "$log/tree.log" | paste -sd ' '); mend the patch and run again."
done
while IFS= read -r file; do copy "$file" "$repo" "$stage"; done <"$build/linux.new"
# What 'make refresh' has written back is in patches/ now.
lost=()
for file in "${edits[@]}"; do cmp -s "$tree/$file" "$stage/$file" || lost+=("$file"); done
[ -n "$force" ] || no_edits "${lost[@]}"

# From here on a killed run leaves a tree of which the manifest knows all.
: >"$laying"
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
rm -rf --one-file-system "$overlay" "$scratch"
mv "$stage" "$overlay"
rm -f "$laying"
say "tree: build/linux is Linux $(cat "$build/linux.version") with $(wc -l <"$build/linux.new") new files and $(wc -l <"$build/linux.edited") changed ones"
