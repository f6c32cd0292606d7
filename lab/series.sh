#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Make the patch series in build/series from series/: each file there is a commit
# message and, below a line of "---", the edits and the new files of that patch.
# The same input gives the same bytes. The result is applied to a pristine tree,
# and must be what build/linux is: lab/series.sh [-q]. Without -q it also runs
# checkpatch on the patches, and says whom to send them to; nothing is sent.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/lib.sh"
inside "$@"
cd "$repo"

quiet=${1:-}
out=$build/series
work=$build/series.work
tree=$build/linux
prefix="PATCH bpf-next"
release=$(release_of "$(cat "$build/linux.version" 2>/dev/null)")
[ -d "$build/overlay" ] || die "there is no kernel source with the overlay: run 'make tree'."

# Nobody's settings, nobody's clock.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_CEILING_DIRECTORIES=$repo
export GIT_AUTHOR_NAME="lsm-audit-kfuncs" GIT_AUTHOR_EMAIL="lsm-audit-kfuncs@localhost.invalid"
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
export GIT_AUTHOR_DATE="1790000000 +0000" GIT_COMMITTER_DATE="1790000000 +0000"

message() { sed -n '3,/^---$/{/^---$/!p}' "$1"; }
contents() { sed '1,/^---$/d' "$1"; }

lock "$build" series
rm -rf --one-file-system "$work" "$out.part"
make_dirs "$work" "$out.part"

# Pristine: the kernel's own copies of the files that the overlay touches.
git init -q -b base "$work/made"
cp -rp "$build/linux.orig/." "$work/made/"
while IFS= read -r file; do
	grep -qxF "$file" "$build/linux.overlay" || rm -f "$work/made/$file"
done < <(cd "$build/linux.orig" && find . -type f -printf '%P\n')
git -C "$work/made" add -A -f
git -C "$work/made" commit -qm "Linux $(cat "$build/linux.version")"
git clone -q "$work/made" "$work/applied"
git -C "$work/made" checkout -q -b series

number=0
for patch in series/[0-9]*; do
	[ "$patch" != series/0000-cover ] || continue
	number=$((number + 1))
	[[ $patch == series/$(printf %04d "$number")-* ]] || die "$patch is not number $number: number the patches from 1."
	while IFS= read -r file; do
		[ -f "$file" ] || die "$patch names $file, which is not there: mend the list below its '---'."
		case $file in
		edits/*)
			[ ! -f "edits/$release/${file##*/}" ] || file=edits/$release/${file##*/}
			(cd "$work/made" && git apply --whitespace=nowarn "$repo/$file") ||
			die "$file does not apply where $patch has it: change the order." ;;
		*) cp -p --parents "$file" "$work/made/" ;;
		esac
	done < <(contents "$patch")
	git -C "$work/made" add -A -f
	message "$patch" | git -C "$work/made" commit -qF -
done

# What build/linux has, and no more.
difference=$(diff -rq --exclude=.git "$work/made" "$build/overlay") ||
	die "the series isn't the overlay: $(head -n 3 <<<"$difference" | paste -sd ';'). Is a file missing in series/, or 'make tree' due?"

git -C "$work/made" config branch.series.description "$(message series/0000-cover)"
git -C "$work/made" format-patch -q --cover-letter --cover-from-description=subject --no-signature --full-index \
	--zero-commit --subject-prefix="$prefix" -o "$out.part" base..series
patches=("$out.part"/[0-9]*.patch)
patches=("${patches[@]:1}")
git -C "$work/applied" am -q "${patches[@]}" >"$log/series.log" 2>&1 ||
	die "the series does not apply to a pristine tree: see $log/series.log."
[ "$(git -C "$work/applied" rev-parse 'HEAD^{tree}')" = "$(git -C "$work/made" rev-parse 'HEAD^{tree}')" ] ||
	die "applied to a pristine tree, the series gives another tree: see $work/made and $work/applied."
rm -rf --one-file-system "$out" "$work"
mv "$out.part" "$out"
say "series: ${#patches[@]} patches and a cover letter in build/series, which give the tree that build/linux is"
[ "$quiet" != -q ] || exit 0

# Who submits the patches signs them off; MAINTAINERS comes last; the headers that
# are changed declare every function extern; benchs is a folder of the kernel's; and
# there is no history here in which what is fixed could be looked up.
cd "$tree"
words=$(python3 -c 'import codespell_lib as c, os; print(os.path.dirname(c.__file__))')/data/dictionary.txt
bad=0
for patch in "$out"/[0-9]*.patch; do
	[[ $patch != */0000-* ]] || continue
	say "series: checkpatch on ${patch##*/}"
	scripts/checkpatch.pl --strict --terse --no-summary --show-types --codespell \
		--codespellfile <(grep -v '^benchs->' "$words") --no-signoff --ignore FILE_PATH_CHANGES,AVOID_EXTERNS,UNKNOWN_COMMIT_ID "$patch" || bad=1
done
[ "$bad" = 0 ] || die "checkpatch has something to say: mend what is named above and run 'make series' again."

for patch in "$out"/[0-9]*.patch; do
	[[ $patch != */0000-* ]] || continue
	echo
	echo "${patch##*/}"
	scripts/get_maintainer.pl --nogit --nogit-fallback --norolestats "$patch" | sed 's/^/  /'
done
cat <<END

To send it, on a branch of your own, of a kernel tree with your name in its git configuration (the last patch
lacks an M: line, which is yours):

  git am build/series/00{0[1-9],[1-9]?}-*.patch
  git rebase --exec 'git commit --amend --no-edit --reset-author --signoff' HEAD~${#patches[@]}
  git format-patch --cover-letter --subject-prefix='$prefix' -o outgoing HEAD~${#patches[@]}
  # the text of build/series/0000-cover-letter.patch goes to outgoing/0000-cover-letter.patch
  git send-email --to-cmd='scripts/get_maintainer.pl --nogit --norolestats' outgoing/*.patch
END
