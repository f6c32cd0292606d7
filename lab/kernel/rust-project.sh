#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Make rust-project.json, for rust-analyzer in an editor that has this repository
# open: the module of this checkout, on top of the crates of build/linux and of the
# tool root's Rust. A change below rust/kernel is seen after 'make tree'.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
inside "$@"
cd "$repo"
out=$build/rust-project
root=
[ -n "$host" ] || root=$build/toolroot

[ -f "$build/kernel/include/generated/rustc_cfg" ] ||
	die "build/kernel has no configuration: run 'make kernel'."
make_dirs "$out" "$log"
make -C "$build/kernel" M="$repo/security/lsm_audit_kfuncs" MO="$out" rust-analyzer >"$log/rust-project.log" 2>&1 ||
	blame "$log/rust-project.log" "the kernel's rust-analyzer target failed: see $log/rust-project.log."

# The script takes kfuncs.rs, a module of the crate, for a crate too, since the Makefile
# has audit_kfuncs.o. What the tool root has is elsewhere for the editor. And core, alloc,
# std and proc_macro are left to rust-analyzer, which finds them in the sysroot: it knows the
# methods of the primitive types only of a core that it has loaded itself.
python3 - "$out/rust-project.json" "$root" >rust-project.json.part <<'END' ||
import json
import sys

project, root = json.load(open(sys.argv[1])), sys.argv[2]
crates = project["crates"]
ours = [crate for crate in crates if "/security/lsm_audit_kfuncs/" in crate["root_module"]]
extra = [crate for crate in ours if not crate["root_module"].endswith("/audit_kfuncs.rs")]
assert len(ours) == len(extra) + 1, "the module is not among the crates"
core = next(crate["root_module"] for crate in crates if crate["display_name"] == "core")
project["sysroot"] = root + project["sysroot"]
project["sysroot_src"] = root + core.removesuffix("/core/src/lib.rs")
library = core.removesuffix("core/src/lib.rs")
kept = [number for number, crate in enumerate(crates)
        if crate not in extra and not crate["root_module"].startswith(library)]
for number in kept:
    crates[number]["deps"] = [{"crate": kept.index(dep["crate"]), "name": dep["name"]}
                              for dep in crates[number]["deps"] if dep["crate"] in kept]
project["crates"] = [crates[number] for number in kept]
json.dump(project, sys.stdout, indent=1)
END
	die "what the kernel's rust-analyzer target made is not as expected: see $out/rust-project.json."
mv rust-project.json.part rust-project.json
say "rust-project.json: $(grep -c '"root_module"' rust-project.json) crates; have the editor open $repo"
