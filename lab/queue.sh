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
