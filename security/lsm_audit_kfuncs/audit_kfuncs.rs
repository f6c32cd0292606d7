// SPDX-License-Identifier: GPL-2.0-only

//! Audit kfuncs for BPF LSM programs.
//!
//! A program that denies an access reports it by `bpf_audit_log_start()`, a call for each fact that
//! it chooses to add, and `bpf_audit_log_end()`. User space reads a record of type
//! `AUDIT_BPF_LSM_ACCESS`:
//!
//! ```text
//! type=1427 msg=audit(1795473545.953:38): prog-id=13 pid=54 comm="sh" cause="no-exec-from-tmp" ...
//! ```
//!
//! Here is who may call the kfuncs; `hooks.rs` says from which hooks, `fields.rs` which keys each
//! of them writes, `kfuncs.rs` what each of them does. `entry.c` has the C functions that BTF
//! describes.

use kernel::{
    bpf::{
        KfuncFilter,
        Prog,
        ProgType, //
    },
    prelude::*, //
};

mod context;
mod fields;
mod hooks;
mod kfuncs;
mod sockaddr;

use kfuncs::AuditKfuncs;

module! {
    type: AuditKfuncsModule,
    name: "audit_kfuncs",
    authors: ["lsm-audit-kfuncs maintainers"],
    description: "Audit kfuncs for BPF LSM programs",
    license: "GPL v2",
}

impl KfuncFilter for AuditKfuncs {
    fn allow(prog: &Prog) -> Result {
        // LSM programs share the list of kfuncs with tracing programs. An extension of an LSM
        // program isn't one of them: its `attach_btf_id` isn't that of a hook.
        if prog.prog_type() != ProgType::LSM {
            return Err(EACCES);
        }

        if hooks::BPF_AUDIT_REFUSED.contains(prog.aux().attach_btf_id()) {
            return Err(EACCES);
        }

        Ok(())
    }
}

struct AuditKfuncsModule;

impl kernel::Module for AuditKfuncsModule {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        // SAFETY: This is the initialisation of the module.
        unsafe { AuditKfuncs::kfuncs().register(ProgType::LSM)? };

        Ok(Self)
    }
}
