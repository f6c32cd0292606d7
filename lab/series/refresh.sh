#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Write what was edited in build/linux back: into the diff of a patch, or for a new file
# into the file of this repository. Without a name, that is the one patch that changes
# the file: lab/series/refresh.sh [TOPIC/NNNN]. What was edited of a new file belongs to the
# patch with which it comes, or to the one named if that changes it, too, or shall from now
# on: these are named by ALSO="FILE ...". Its state before is that
# of the last refresh or, if the queue has changed since, of SINCE=, by default HEAD. The
# diffs of later patches are made anew where they need it. If one of them is in the way,
# its conflict is left in build/refresh.work/queue to be resolved; lab/series/refresh.sh -c
# goes on from there.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
inside "$@"
# shellcheck source=lab/queue.sh
. "$lab/queue.sh"
cd "$repo"

tree=$build/linux
orig=$build/linux.orig
overlay=$build/overlay
work=$build/refresh.work
[ -d "$overlay" ] || die "there is no kernel source with the overlay: run 'make tree'."
lock "$build" tree
[ ! -e "$build/linux.scratch" ] || die "build/linux is broken on purpose: wait for 'make mutants', or run 'make tree'."
[ ! -e "$build/linux.laying" ] || die "build/linux is half laid: run 'make tree'."
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=refresh GIT_AUTHOR_EMAIL=refresh@localhost GIT_COMMITTER_NAME=refresh GIT_COMMITTER_EMAIL=refresh@localhost
history() { git -c safe.directory='*' "$@"; }	# of this repository
last=$build/refresh.last	# the new files at the last refresh, with the queue of then
queue_key() { all_patches | xargs cat | sha256sum; }
old() { # FILE
	if [ -z "${SINCE:-}" ] && [ "$(cat "$last/.key" 2>/dev/null)" = "$key" ]; then
		cat "$last/$1" 2>/dev/null
	else
		history show "${SINCE:-HEAD}:$1" 2>/dev/null
	fi
}
key=$(queue_key)

# Writes the diffs that are others after the rebase.
write_back() {
	local number=0 patch diff commits before
	[ ! -d "$work/queue/.git/rebase-merge" ] ||
		die "the conflict in $work/queue is not resolved yet: do so, 'git add' it, and 'git rebase --continue'."
	# Commits and patches are told by their order.
	[ "$(git -C "$work/queue" log --format=%s queue)" = "$(git -C "$work/queue" log --format=%s before)" ] ||
		die "a commit of $work/queue is gone, or was not made: a patch that has become empty needs 'git commit --allow-empty'; or remove $work and run 'make refresh'."
	[ "$(git -C "$work/queue" rev-parse 'HEAD^{tree}')" = "$(git -C "$work/queue" rev-parse 'after^{tree}')" ] ||
		die "the patches would give another tree than build/linux: compare 'after' with 'queue' in $work/queue."
	mapfile -t commits < <(git -C "$work/queue" rev-list --reverse queue)
	mapfile -t before < <(git -C "$work/queue" rev-list --reverse before)
	while IFS= read -r patch; do
		number=$((number + 1))
		[ "$(hunks "${commits[number]}")" != "$(hunks "${before[number]}")" ] || continue
		diff=$patch
		[ "$release" = "${releases[0]}" ] || diff=${patch%.patch}.$release.diff
		if [ "$diff" = "$patch" ]; then
			sed '/^---$/,${/^--- /,$d}' "$diff"
		elif [ -f "$diff" ]; then
			sed '/^--- /,$d' "$diff"
		else
			printf 'SPDX-License-Identifier: GPL-2.0-only\n\n'
		fi >"$work/diff"
		[ -z "$(tail -n 1 "$work/diff")" ] || echo >>"$work/diff"
		hunks "${commits[number]}" >>"$work/diff"
		cp "$work/diff" "$diff.part"
		mv "$diff.part" "$diff"
		say "refresh: $diff"
		[ ! -f "${patch%.patch}.${releases[1]}.diff" ] || say "refresh: there is ${patch%.patch}.${releases[1]}.diff, too"
	done <"$work/patches"
	# What is written back is no edit any more.
	(cd "$tree" && xargs -rd '\n' cp -p --parents -t "$overlay") <"$work/changed"
	# The tree has the original of these no more.
	(cd "$work/first" && xargs -rd '\n' cp -p --parents -t "$orig") <"$work/untouched"
	sort -u "$build/linux.manifest" "$work/untouched" >"$build/linux.manifest.part"
	mv "$build/linux.manifest.part" "$build/linux.manifest"
	rm -rf --one-file-system "$last"
	mkdir "$last"
	xargs -rd '\n' cp -p --parents -t "$last" <"$build/linux.new"
	queue_key >"$last/.key"
	rm -rf --one-file-system "$work"
}
hunks() { git -C "$work/queue" show --format= --no-renames --diff-filter=M "$1" | sed '/^diff --git /d; /^index /d'; } # COMMIT

if [ "${1:-}" = -c ]; then
	[ -d "$work/queue" ] || die "there is nothing to go on with in $work: run 'make refresh'."
	write_back
	exit
fi
[ ! -d "$work/queue/.git/rebase-merge" ] ||
	die "a conflict in $work/queue waits to be resolved: do so and run 'lab/series/refresh.sh -c', or remove $work."
rm -rf --one-file-system "$work"
mkdir "$work"

# --- Which patch is named

# touches KIND FILE: the patches with which it comes, or whose diff changes it.
touches() {
	all_patches | while IFS= read -r patch; do
		if [ "$1" = comes ]; then files=$(files_of "$patch"); else files=$(changed_by "$(diff_of "$patch")"); fi
		! grep -qxF "$2" <<<"$files" || echo "$patch"
	done
}
numbers() { printf '%s\n' "${@:-none}" | sed -E 's|.*/([^/]+/[0-9]+)-.*|\1|' | paste -sd ' '; } # PATCH...
target=
if [ $# -gt 0 ]; then
	target=$(compgen -G "$queue/$1*.patch" || :)
	[ -f "$target" ] || die "there is no one patch patches/$1*.patch: name it as TOPIC/NNNN."
fi
# comes_before PATCH PATCH
comes_before() { [ "$(all_patches | grep -xF -e "$1" -e "$2" | head -n 1)" = "$1" ]; }

# --- What was edited

# New files go back to where they are from, if they aren't edited there as well.
while IFS= read -r file; do
	[ -f "$overlay/$file" ] || continue
	! cmp -s "$tree/$file" "$overlay/$file" || continue
	[ -f "$tree/$file" ] || die "$file is gone from build/linux: remove it here, too, or run 'lab/kernel/tree.sh -f'."
	cmp -s "$overlay/$file" "$file" || cmp -s "$tree/$file" "$file" ||
		die "$file was edited here and in build/linux: give up the one or the other ('lab/kernel/tree.sh -f' gives up that in build/linux)."
	cp "$tree/$file" "$file"
	cp "$tree/$file" "$overlay/$file"
	say "refresh: $file"
done <"$build/linux.new"

# Of these, those that a later patch changes, or is to change; files of the kernel's; and
# those of its that no patch has changed yet, of which the original is where the source is
# from.
later=$(all_patches | while IFS= read -r patch; do changed_by "$patch"; done | sort -u | comm -12 - "$build/linux.new")
read -ra also <<<"${ALSO:-}"
[ ${#also[@]} = 0 ] || [ -n "$target" ] || die "ALSO= names what a patch shall change: say which, P=TOPIC/NNNN."
for file in "${also[@]}"; do
	owner=$(touches comes "$file")
	if [ -z "$owner" ] || [ "$owner" = "$target" ] || ! comes_before "$owner" "$target"; then
		die "$file comes with no patch before $target: ALSO= names new files, by their paths here."
	fi
done
later=$(printf '%s\n' "$later" "${also[@]}" | sort -u | sed '/^$/d')
of_target=$([ -z "$target" ] || { changed_by "$(diff_of "$target")"; printf '%s\n' "${also[@]}"; })
changed=()
for file in $later; do
	old "$file" | cmp -s - "$file" || changed+=("$file")
done
while IFS= read -r file; do
	[ -f "$overlay/$file" ] || continue	# its diff isn't laid yet
	[ -f "$tree/$file" ] || die "$file is gone from build/linux, which a patch of ours can't say: run 'lab/kernel/tree.sh -f'."
	cmp -s "$tree/$file" "$overlay/$file" || changed+=("$file")
done <"$build/linux.edited"
original() { # FILE
	local deb
	if [ -n "${LINUX:-}" ]; then cat "$LINUX/$1"; return; fi
	deb=$(find /var/cache/apt/archives -maxdepth 1 -name "linux-source-*_$(cat "$build/linux.version")_all.deb")
	dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards './usr/src/*.tar.xz' | xz -dT0 | tar -xO --no-wildcards-match-slash --wildcards "*/$1" 2>/dev/null
}
mkdir "$work/first"
touch "$work/untouched"
while IFS= read -r file; do
	say "refresh: looking for the original of $file"
	mkdir -p "$work/first/$(dirname "$file")"
	original "$file" >"$work/first/$file" ||
		die "$file is new in build/linux: put it into this repository, at the same path, and into the list of its patch."
	if cmp -s "$tree/$file" "$work/first/$file"; then
		touch -r "$tree/Makefile" "$tree/$file"
		continue
	fi
	changed+=("$file")
	echo "$file" >>"$work/untouched"
done < <(other_edits)
for file in "${changed[@]}"; do
	! grep -qP '\x00' "$tree/$file" || die "$file is not text: a patch can't have it."
done
[ ${#changed[@]} -gt 0 ] || { say "refresh: no diff has changed"; exit 0; }
printf '%s\n' "${changed[@]}" | sort | comm -23 - "$build/linux.new" >"$work/changed"

# --- Which patch that belongs to

declare -A target_of
for file in "${changed[@]}"; do
	mapfile -t found < <(touches changes "$file")
	owner=$(touches comes "$file")
	if [ -n "$owner" ]; then
		target_of[$file]=$owner
		! grep -qxF "$file" <<<"$of_target" || target_of[$file]=$target
	elif [ -n "$target" ]; then
		target_of[$file]=$target
	elif [ ${#found[@]} = 1 ]; then
		target_of[$file]=${found[0]}
	else
		die "which patch this belongs to is not clear, $file is changed by $(numbers "${found[@]}"): say 'make refresh P=TOPIC/NNNN'."
	fi
	say "refresh: $file is of $(numbers "${target_of[$file]}")"
done

# --- The queue as commits, without and then with it

git init -q -b queue "$work/queue"
cp -rp "$orig/." "$work/first/."
(cd "$work/first" && sort -u "$build/linux.edited" - <<<"$(printf '%s\n' "${changed[@]}")" | comm -23 - "$build/linux.new" |
	xargs -rd '\n' cp -p --parents -t "$work/queue")
commit() { git -C "$work/queue" add -A -f && git -C "$work/queue" commit -q --allow-empty "$@"; }
commit -m base
all_patches >"$work/patches"
while IFS= read -r patch; do
	diff=$(diff_of "$patch")
	! grep -q '^--- ' "$diff" || (cd "$work/queue" && git apply --whitespace=nowarn "$diff") ||
		die "$diff does not apply after the patches before it: mend that first."
	while IFS= read -r file; do
		grep -qxF "$file" <<<"$later" || continue
		mkdir -p "$work/queue/$(dirname "$file")"
		old "$file" >"$work/queue/$file"
		while IFS= read -r other; do
			(cd "$work/queue" && git apply -R --include="$file" "$other") ||
				die "$other did not fit $file in ${SINCE:-HEAD}, either: say SINCE= for a commit in which it did."
		done < <(xargs grep -lxF "+++ b/$file" <"$work/patches" | tac)
	done < <(files_of "$patch")
	commit -m "${patch#"$queue/"}"
done <"$work/patches"
git -C "$work/queue" tag before

mapfile -t commits < <(git -C "$work/queue" rev-list --reverse queue)
while IFS= read -r patch; do
	number=$(grep -nxF "$patch" "$work/patches" | cut -d : -f 1)
	for file in "${changed[@]}"; do
		[ "${target_of[$file]}" = "$patch" ] || continue
		if grep -qxF "$file" "$build/linux.new"; then cp "$file" "$work/queue/$file"; else cp "$tree/$file" "$work/queue/$file"; fi
	done
	commit --fixup="${commits[number]}"
done < <(printf '%s\n' "${target_of[@]}" | sort -u)
git -C "$work/queue" tag after
GIT_SEQUENCE_EDITOR=true git -C "$work/queue" rebase -q -i --autosquash --keep-empty --empty=keep --root >"$log/refresh.log" 2>&1 || {
	[ -d "$work/queue/.git/rebase-merge" ] || die "git could not put the queue together: see $log/refresh.log."
	die "the queue has a conflict in $(git -C "$work/queue" diff --name-only --diff-filter=U | paste -sd ' ') at $(git -C "$work/queue" log -1 --format=%s REBASE_HEAD): resolve it in $work/queue, 'git add' it, 'git rebase --continue', and then run 'lab/series/refresh.sh -c'."
}
write_back
