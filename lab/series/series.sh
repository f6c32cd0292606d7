#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Make the patch series in build/series/TOPIC from patches/TOPIC. The same input gives
# the same bytes. Each topic applies on top of those before it, and of those
# alone that it needs (patches/needs), of 1-fixes each patch alone, too; all of
# them applied to a pristine tree must give what build/linux is: lab/series/series.sh [-q].
# Without -q it also runs checkpatch on the patches, and says whom to send them to;
# nothing is sent. SUBMITTER="Name <address>" is their author, in MAINTAINERS and of the
# module, too; VERSION=2 and PREFIX="PATCH net-next" are for their subjects, BASE= is the
# commit that they were made for.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
inside "$@"
# shellcheck source=lab/queue.sh
. "$lab/queue.sh"
cd "$repo"

quiet=${1:-}
out=$build/series
work=$build/series.work
tree=$build/linux
[ -d "$build/overlay" ] || die "there is no kernel source with the overlay: run 'make tree'."

# Nobody's settings, nobody's clock.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
submitter=${SUBMITTER:-}
[[ ${submitter:-lsm-audit-kfuncs <lsm-audit-kfuncs@localhost.invalid>} =~ ^([^\<\>]+)\ \<([^\<\>@[:space:]]+@[^\<\>@[:space:]]+)\>$ ]] ||
	die "SUBMITTER is '$submitter': say SUBMITTER=\"Name <address>\"."
export GIT_AUTHOR_NAME=${BASH_REMATCH[1]} GIT_AUTHOR_EMAIL=${BASH_REMATCH[2]}
[[ ${VERSION:-1} =~ ^[0-9]+$ ]] || die "VERSION is '$VERSION': say a number."
[[ ${BASE:-0} =~ ^[0-9a-f]+$ ]] || die "BASE is '$BASE': say the id of a commit."
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
export GIT_AUTHOR_DATE="1790000000 +0000" GIT_COMMITTER_DATE="1790000000 +0000"

# The files and the functions that a patch on standard input changes.
places() { sed -nE 's/^@@ [^@]*@@ ?//p; s/^\+\+\+ //p'; }

lock "$build" series
rm -rf --one-file-system "$work" "$out.part"
make_dirs "$work" "$out.part"

# Pristine: the kernel's own copies of the files that the overlay touches.
git init -q -b base "$work/made"
cp -rp "$build/linux.orig/." "$work/made/"
while IFS= read -r file; do
	grep -qxF "$file" "$build/linux.overlay" || rm -f "$work/made/$file"
done < <(cd "$build/linux.orig" && find . -type f -printf '%P\n')
find "$work/made" -type d -empty ! -path '*/.git/*' -delete
git -C "$work/made" add -A -f
git -C "$work/made" commit -qm "Linux $(cat "$build/linux.version")"
git clone -q "$work/made" "$work/applied"

prefix() { # TOPIC
	[ -z "${PREFIX:-}" ] || { echo "$PREFIX" && return; }
	case $1 in
	*-fixes | *-audit-* | *-rust) echo PATCH ;;
	*) echo "PATCH bpf-next" ;;
	esac
}

# The submitter's name, where it belongs beside the patches' author.
sign() { # TREE
	local module=$1/security/lsm_audit_kfuncs/audit_kfuncs.rs
	[ -n "$submitter" ] || return 0
	M=$submitter perl -0pi -e 's/^BPF \[AUDIT KFUNCS\].*\n\K(?!M:)/M:\t$ENV{M}\n/m' "$1/MAINTAINERS"
	[ ! -f "$module" ] || AUTHOR=$GIT_AUTHOR_NAME perl -pi -e 's/^    authors: \["\K[^"]*/$ENV{AUTHOR}/' "$module"
}

add_patch() { # PATCH
	local file later diff
	diff=$(diff_of "$1")
	! grep -q '^--- ' "$diff" || (cd "$work/made" && git apply --whitespace=nowarn "$diff") ||
		die "$diff does not apply after the patches before it: change the order, or make it anew."
	while IFS= read -r file; do
		[ -f "$file" ] || die "$1 names $file, which is not there: mend the list below its '---'."
		cp -p --parents "$file" "$work/made/"
		# What a later patch changes in it comes with that.
		while IFS= read -r later; do
			(cd "$work/made" && git apply -R --include="$file" "$later") ||
				die "$later is not what it changes in $file: make it anew."
		done < <(all_patches | xargs grep -lxF "+++ b/$file" | tac)
	done < <(files_of "$1")
	sign "$work/made"
	git -C "$work/made" add -A -f
	message "$1" | git -C "$work/made" commit -qF -
}

for topic in "${topics[@]}"; do
	number=0
	git -C "$work/made" checkout -q -b "$topic"
	for patch in "$queue/$topic"/[0-9]*.patch; do
		number=$((number + 1))
		[[ ${patch##*/} == $(printf %04d "$number")-* ]] || die "$patch is not number $number: number the patches from 1."
		add_patch "$patch"
	done
done

# What build/linux has, and no more.
cp -r "$build/overlay" "$work/overlay"
sign "$work/overlay"
difference=$(diff -rq --exclude=.git "$work/made" "$work/overlay") ||
	die "the series isn't the overlay: $(head -n 3 <<<"$difference" | paste -sd ';'). Is a file missing in patches/, or 'make tree' due?"

patches_of() { # TOPIC...
	(cd "$out.part" && find "$@" -name '[0-9]*.patch' ! -name '0000-*' -printf "$out.part/%p\n" | sort)
}

apply() { # PATCH...
	git -C "$work/applied" am -q "$@" >"$log/series.log" 2>&1
}

below=base
for topic in "${topics[@]}"; do
	git -C "$work/made" checkout -q "$topic"
	git -C "$work/made" config "branch.$topic.description" "$(message "$queue/$topic/0000-cover")"
	git -C "$work/made" format-patch -q --cover-letter --cover-from-description=subject --no-signature --full-index \
		--zero-commit --subject-prefix="$(prefix "$topic")${VERSION:+ v$VERSION}" -o "$out.part/$topic" "$below..$topic"
	[ -z "${BASE:-}" ] || printf '\nbase-commit: %s\n' "$BASE" >>"$out.part/$topic/0000-cover-letter.patch"
	below=$topic
done
for patch in "$out.part"/*-fixes/*.patch; do
	[[ $patch != */0000-* ]] || continue
	git -C "$work/applied" checkout -q --detach base
	apply "$patch" || die "alone, ${patch##*/} does not apply to a pristine tree: see $log/series.log."
	[ "$(places <"$patch")" = "$(git -C "$work/applied" show --format= | places)" ] ||
		die "alone, ${patch##*/} changes other functions than in the series: change lines that are like no others."
done
for topic in "${topics[@]}"; do
	read -ra needed < <(sed -nE "s/^$topic(:|\$)//p" patches/needs) ||
		die "patches/needs has no line for $topic: add one that names the topics it needs."
	mapfile -t patches < <(patches_of "${needed[@]}" "$topic")
	git -C "$work/applied" checkout -q --detach base
	apply "${patches[@]}" ||
		die "$topic does not apply on top of ${needed[*]:-a pristine tree} alone: mend patches/needs, or see $log/series.log."
done
mapfile -t patches < <(patches_of "${topics[@]}")
git -C "$work/applied" checkout -q --detach base
apply "${patches[@]}" || die "the series does not apply to a pristine tree: see $log/series.log."
[ "$(git -C "$work/applied" rev-parse 'HEAD^{tree}')" = "$(git -C "$work/made" rev-parse "$below^{tree}")" ] ||
	die "applied to a pristine tree, the series gives another tree: see $work/made and $work/applied."
rm -rf --one-file-system "$out" "$work"
mv "$out.part" "$out"
say "series: ${#patches[@]} patches in build/series: ${topics[*]}; together they give the tree that build/linux is"
[ "$quiet" != -q ] || exit 0

# Who submits the patches signs them off; MAINTAINERS comes last; the headers that
# are changed declare every function extern; benchs is a folder of the kernel's, and
# fE a member of a struct of audit's; bpf_user_pt_regs_t is a type that the verifier
# knows by its name; and there is no history here in which what is fixed could be
# looked up.
cd "$tree"
words=$(python3 -c 'import codespell_lib as c, os; print(os.path.dirname(c.__file__))')/data/dictionary.txt
bad=0
patches=("${patches[@]/#"$out.part"/"$out"}")
for patch in "${patches[@]}"; do
	say "series: checkpatch on ${patch#"$out"/}"
	scripts/checkpatch.pl --strict --terse --no-summary --show-types --codespell \
		--codespellfile <(grep -v '^benchs->' "$words") --typedefsfile <(echo bpf_user_pt_regs_t) \
		--no-signoff --ignore FILE_PATH_CHANGES,AVOID_EXTERNS,UNKNOWN_COMMIT_ID,CAMELCASE "$patch" || bad=1
done
[ "$bad" = 0 ] || die "checkpatch has something to say: mend what is named above and run 'make series' again."

for patch in "${patches[@]}"; do
	echo
	echo "${patch#"$out"/}"
	scripts/get_maintainer.pl --nogit --nogit-fallback --norolestats "$patch" | sed 's/^/  /'
done
if [ -z "$submitter" ]; then
	cat <<END

These can be read, but not sent: they have no author. Make them again with SUBMITTER="Name <address>".
END
	exit
fi
cat <<END

To send a topic, say 1-fixes, on a branch of your own of a kernel tree:

  git am --signoff build/series/1-fixes/00{0[1-9],[1-9]?}-*.patch
  git format-patch --cover-letter --subject-prefix='$(prefix 1-fixes)${VERSION:+ v$VERSION}' -o outgoing @{upstream}
  # the text of build/series/1-fixes/0000-cover-letter.patch goes to outgoing/0000-cover-letter.patch
  git send-email --to-cmd='scripts/get_maintainer.pl --nogit --norolestats' outgoing/*.patch
END
