# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154
#
# What reads and writes the queue of patches shares. Each patches/TOPIC/NNNN-NAME.patch
# is a message, below a line of "---" the files of this repository that come with it,
# and a diff of the others. The diff may also change files that came with an earlier
# patch: they are here as the last one leaves them. NNNN-NAME.RELEASE.diff stands for
# the diff on another release of Linux than the first.

queue=$repo/patches
topics=("$queue"/[0-9]*)
topics=("${topics[@]##*/}")
release=$(release_of "$(cat "$build/linux.version" 2>/dev/null)")
# git apply takes no fuzz; the ceiling keeps it from looking at our own history.
export GIT_CEILING_DIRECTORIES=$repo

all_patches() { printf '%s\n' "$queue"/[0-9]*/[0-9]*.patch; }
message() { sed -n '3,/^---$/{/^---$/!p}' "$1"; } # PATCH
files_of() { sed '1,/^---$/d; /^--- /,$d; /^$/d' "$1"; } # PATCH
# diff_of PATCH: the file that has its diff on this release; it may be empty.
diff_of() {
	local other=${1%.patch}.$release.diff
	if [ -f "$other" ]; then echo "$other"; else echo "$1"; fi
}
changed_by() { # DIFF
	! grep -q '^--- ' "$1" || (cd "$build" && git apply --numstat "$1") | cut -f 3
}

# laid_edits: the files of the overlay that were edited by hand in build/linux since it was
# laid, or removed there. Not while it is broken on purpose, or half laid.
laid_edits() {
	local file
	if [ -e "$build/linux.scratch" ] || [ -e "$build/linux.laying" ] || [ ! -d "$build/overlay" ]; then return; fi
	while IFS= read -r file; do
		cmp -s "$build/linux/$file" "$build/overlay/$file" || echo "$file"
	done < <(cd "$build/overlay" && find . -type f -printf '%P\n' | sort)
}

# other_edits: those that no patch changes, by their time.
other_edits() {
	if [ ! -f "$build/linux.version" ] || [ ! -d "$build/linux" ]; then return; fi
	(cd "$build/linux" && find . -type f -newer "$build/linux.version" ! -path '*/.*' ! -path '*/__pycache__/*' ! -name '*.o' -printf '%P\n') |
		sort | comm -23 - <(sort -u "$build/linux.manifest" 2>/dev/null)
}

# no_edits FILE...: what is to be written over must not have been edited.
no_edits() {
	[ $# = 0 ] ||
		die "edited in build/linux: $*. 'make refresh' writes that to patches/ and to the new files, 'lab/kernel/tree.sh -f' gives it up."
}
