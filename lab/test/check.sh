#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The checks that need no boot: formatting, spelling, kernel style, and that no
# panic is reachable from our Rust. All of them run; the exit code is theirs.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=lab/kbuild.sh
. "$lab/kbuild.sh"
inside "$@"
cd "$repo"
tree=$build/linux
out=$build/check
failed=()
lock "$build" check
share "$build" tree
need_space "$build" "$(left "$out" 900)" "checking"

# check NAME COMMAND [FILE...]: with no file there is nothing to check.
check() {
	local name=$1 start=$SECONDS
	shift
	if "$@"; then
		say "check: $name is fine ($((SECONDS - start)) s)"
	else
		say "check: $name FAILED"
		failed+=("$name")
	fi
}

# ours PATTERN...: the repository's files, but for what git ignores.
ours() {
	if git -c safe.directory='*' rev-parse >/dev/null 2>&1; then
		git -c safe.directory='*' ls-files -co --exclude-standard -- "$@"
	else
		find . -path ./build -prune -o -type f -printf '%P\n' | grep -E "$(printf '%s\n' "$@" | sed 's/\./\\./g; s/\*/.*/g; s/$/$/' | paste -sd '|')" || true
	fi | while IFS= read -r file; do [ ! -f "$file" ] || echo "$file"; done
}
each() { xargs -rd '\n' "$@"; }

shell_files() { ours '*.sh' .ci/run | each shellcheck -x; }
rust_format() {
	ours 'rust/*.rs' 'security/*.rs' | (cd "$tree" && each rustfmt --check --color never) &&
		ours 'lab/*.rs' | each rustfmt --check --color never --config-path "$tree"
}
# Of the patches only what is ours: not what they take away, or find there.
spelling() {
	local words=benchs,buildd,nd,padd patch bad=0
	ours '*' | grep -v '^patches/.*\.\(patch\|diff\)$' | each codespell -L "$words" -- || bad=1
	while IFS= read -r patch; do
		{ sed '/^--- a\//,$d' "$patch" && sed '1,/^--- a\//d; /^+/!d' "$patch"; } |
			codespell -L "$words" - | sed "s|^|$patch: |" || bad=1
	done < <(ours 'patches/*.patch' 'patches/*.diff')
	return "$bad"
}
kernel_style() {
	ours 'include/*' 'rust/*' 'security/*' 'tools/testing/*' 'Documentation/*' |
		(cd "$tree" && each scripts/checkpatch.pl --strict --terse --no-summary --show-types \
			--typedefsfile <(echo bpf_user_pt_regs_t) -f)
}
# With their messages, as they are sent, but without the new files. The headers that they
# change declare every function extern.
patch_style() {
	local patch ignored bad=0
	for patch in patches/*/*.patch patches/*/*.diff; do
		ignored=FILE_PATH_CHANGES,AVOID_EXTERNS,UNKNOWN_COMMIT_ID,CAMELCASE
		[[ $patch != *.diff ]] || ignored+=,COMMIT_MESSAGE
		as_sent "$patch" | (cd "$tree" && scripts/checkpatch.pl --strict --terse --no-summary --show-types \
			--no-signoff --ignore "$ignored" --typedefsfile <(echo bpf_user_pt_regs_t) -) |
			sed "s|^-:|$patch:|" || bad=1
	done
	return "$bad"
}
as_sent() { # PATCH
	[[ $1 == *.diff ]] || { printf 'Subject: [PATCH] ' && sed -n '3,/^---$/p' "$1"; }
	if grep -q '^--- ' "$1"; then
		sed -n '/^--- /,$p' "$1"
	else # without any, checkpatch has no look at the message
		printf '%s\n' '--- a/x' '+++ b/x' '@@ -1 +1 @@' -a +b
	fi
}
mutants() { # they still fit the code that they break
	local mutant bad=0
	for mutant in lab/test/mutants/*.patch; do
		(cd "$tree" && GIT_CEILING_DIRECTORIES=$repo git apply --check "$repo/$mutant") || bad=1
	done
	return "$bad"
}
series() { # it is what build/linux is
	# As it is without settings of a submitter.
	env -u SUBMITTER -u VERSION -u PREFIX -u BASE "$lab/series/series.sh" -q >"$log/check-series.log" 2>&1 || { tail -n 3 "$log/check-series.log"; return 1; }
}
kernel_doc() { ours 'include/*.h' 'security/*.c' 'security/*.h' | (cd "$tree" && each scripts/kernel-doc -none -Werror); }

problems() { # LOG
	grep -E -A 8 '^(warning|error)|: (warning|error):' "$1" || tail -n 5 "$1"
}

# The module and the Rust below it as clippy and W=1 see them, in a folder of
# their own and without KUnit, whose tests may panic. Warnings are errors, so
# that an object that is there had none. From nothing it takes two minutes.
objects=$out
compile() {
	make_dirs "$objects" "$log"
	sed 's/^CONFIG_KUNIT=y/CONFIG_WERROR=y/' "$lab/kernel/kernel.config" >"$objects/.allconfig"
	{ kmake KCONFIG_ALLCONFIG="$objects/.allconfig" allnoconfig &&
		kmake CLIPPY=1 W=1 security/lsm_audit_kfuncs/; } >"$log/check.log" 2>&1 ||
		{ problems "$log/check.log"; return 1; }
}

# With the configuration that the kernel's own selftests ask for, the kfuncs are there: else
# all of their tests would be skipped.
selftests_config() {
	local out=$build/check-selftests selftests=tools/testing/selftests/bpf
	make_dirs "$out"
	(cd "$tree/$selftests" && cat config config.vm config.x86_64) >"$out/.config"
	kmake LLVM=-19 olddefconfig >"$log/check-selftests.log" 2>&1 || { problems "$log/check-selftests.log"; return 1; }
	grep -qx 'CONFIG_BPF_LSM_AUDIT=y' "$out/.config" ||
		{ echo "$selftests/config gives no CONFIG_BPF_LSM_AUDIT: what it depends on is in $out/.config."; return 1; }
}

# What must not compile, by lab/test/compile-fail: each case says with which error. none.rs must.
compile_fail() {
	local out=$build/compile-fail case want result=$log/check-compile-fail.log bad=0
	rm -rf --one-file-system "$out"
	make_dirs "$out"
	cp lab/test/compile-fail/*.rs "$out"
	for case in lab/test/compile-fail/*.rs; do
		case=$(basename "$case" .rs)
		want=$(sed -n 's|^//! error: ||p' "$out/$case.rs")
		[ -n "$want" ] || continue
		echo "obj-m := $case.o" >"$out/Kbuild"
		if make -C "$tree" O="$objects" M="$out" CLIPPY=1 W=1 "$case.o" >"$result.$case" 2>&1; then
			[ "$want" = none ] || { echo "$case.rs compiles."; bad=1; }
		elif ! grep -qE "(^error.*|panicked at )($want)" <(tr -d "'" <"$result.$case"); then
			echo "$case.rs does not fail by '$want':"
			problems "$result.$case"
			bad=1
		fi
	done
	cat "$result".* >"$result" && rm "$result".*
	return "$bad"
}

# sparse 0.6.4 lacks a keyword that the kernel's check of its version asks for. What it
# says of the kernel's own lines isn't ours; BTF is the only declaration of a kfunc.
# Without sparse make is content: so its runs are counted.
theirs="kernel/(trace/bpf_trace|bpf/helpers).c:.* symbol '(bpf|__bpf)_[a-z0-9_]+' was not declared|symbol '(bpf_audit_log_[a-z_]+|btf_vmlinux)' was not declared|kernel/audit.c:.* incorrect type in argument 1 |(kernel/bpf/helpers.c|kernel/fork.c|include/linux/ptrace.h):.* (incorrect type in (argument|assignment)|dereference of noderef)"
run_sparse() {
	local files output=$log/check-sparse.log
	mapfile -t files < <({ ours 'security/*.c'; grep -E '^(kernel|mm|security)/' "$build/linux.edited"; } | sed -n 's/\.c$/.o/p')
	kmake CLIPPY=1 W=1 C=2 CHECK='sparse -fmax-warnings=unlimited -D__typeof_unqual__=__typeof__' \
		"${files[@]}" >"$output" 2>&1 || { problems "$output"; return 1; }
	! grep -E ': (warning|error):' "$output" | grep -vE "$theirs" || return 1
	[ "$(grep -cE '^  CHECK +(kernel|mm|security)/' "$output")" = ${#files[@]} ] ||
		{ echo "sparse did not look at all of ${files[*]}: see $output."; return 1; }
}

# The page as Sphinx makes it, and the Rust as rustdoc does. Both also look at what
# isn't ours, so their warnings are searched for our files; what is there from an earlier
# run goes, since Sphinx warns only of what it reads anew. rustdoc has the objects made
# that it needs, so it gets the variables of those that are there.
documentation() { # TARGET RESULT [VARIABLE=VALUE...]
	local target=$1 output=$objects/Documentation/output mine
	mine=$(ours 'Documentation/*' 'rust/*' | sed 's/[.]/\\./g' | paste -sd '|')
	rm -rf --one-file-system "$output"
	kmake "${@:3}" "$target" >"$log/check-$target.log" 2>&1 ||
		{ problems "$log/check-$target.log"; return 1; }
	! grep -E "($mine):[0-9]+" "$log/check-$target.log" || return 1
	[ -s "$output/$2" ] || { echo "$target made no $2: see $log/check-$target.log."; return 1; }
	[ "$target" != htmldocs ] || unread "$output"
}

# What Sphinx takes for text, without a word: markup, and each line of a simple table whose
# first column has more than one, for a row of its own.
unread() { # FOLDER
	local page bad=0
	while IFS= read -r page; do
		page=$1/${page#Documentation/}
		page=${page%.rst}.html
		[ -f "$page" ] || continue
		perl -0777 -ne 'for my $w (/.*``.*/g, /<tr[^>]*><td>((?:(?!<\/td>).)*)<\/td>\n<td><\/td>/sg) {
			$w =~ s/<[^>]*>//g; print "$ARGV: not read as it is meant: $w\n"; $bad = 1 }
			END { exit $bad // 0 }' "$page" || bad=1
	done < <(ours 'Documentation/*.rst')
	return "$bad"
}

check "shellcheck" shell_files
check "rustfmt" rust_format
check "codespell" spelling
check "checkpatch on new files" kernel_style
check "checkpatch on patches" patch_style
check "mutants" mutants
check "series" series
check "figures" lab/bench/quotes.py lab/bench/{figures,patches}.tsv lab/bench/quotes
check "kernel-doc" kernel_doc
check "the selftests' configuration" selftests_config
check "clippy and W=1" compile
check "what must not compile" compile_fail
check "sparse" run_sparse
check "the reference, by Sphinx" documentation htmldocs bpf/audit_kfuncs.html SPHINXDIRS=bpf
check "the page for administrators" documentation htmldocs admin-guide/LSM/bpf-audit.html SPHINXDIRS=admin-guide/LSM
check "rustdoc" documentation rustdoc rust/rustdoc/kernel/audit/index.html CLIPPY=1 W=1
check "lsm-audit-log" "$lab/userspace/audit-log.sh" check
check "reachable panics" "$lab/test/panics.py" "$objects"

[ ${#failed[@]} = 0 ] || die "failed: $(printf '%s, ' "${failed[@]}" | sed 's/, $//'); mend what is named above and run 'make check' again."
