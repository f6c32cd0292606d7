// SPDX-License-Identifier: GPL-2.0-only

//! The few hooks that the module has to know.
//!
//! What every other hook has to do with the writing of a record is told, and held against the
//! kernel's BTF, in `tools/testing/selftests/bpf/prog_tests/lsm_audit_kfuncs_hooks.c`.

use kernel::btf_id_set;

btf_id_set! {
    /// The hooks whose programs can't call the kfuncs, because audit calls the hooks itself, on the
    /// same stack, while it writes a record or the other records of the event. LSM programs have no
    /// guard against recursion: nothing would bound it.
    ///
    /// - `current_getlsmprop_subj`: `audit_log_start()` > `audit_filter()`, for an exclude rule on
    ///   the subject; `audit_log_exit()` > `audit_log_task_context()`.
    /// - `audit_rule_match`: `audit_filter()`, the same rule. No program can attach to it at all
    ///   (`bpf_lsm_disabled_hooks`).
    /// - `lsmprop_to_secctx`, `release_secctx`: `audit_log_exit()` > `audit_log_subj_ctx()` and
    ///   `audit_log_obj_ctx()`, inside each SYSCALL, PATH or OBJ_PID record of the event.
    ///
    /// Nor can such programs reach the kfuncs by a tail call (`bpf_lsm_audit_hooks` in
    /// `kernel/bpf/bpf_lsm.c`).
    pub(crate) static BPF_AUDIT_REFUSED = {
        bpf_lsm_current_getlsmprop_subj,
        bpf_lsm_audit_rule_match,
        bpf_lsm_lsmprop_to_secctx,
        bpf_lsm_release_secctx,
    };
}

#[cfg(CONFIG_SECURITY_NETWORK)]
btf_id_set! {
    /// The hooks whose current task need not have to do with what they are about, even outside
    /// interrupts.
    ///
    /// - Packets that arrive while a socket is in use are handled by the task that uses it, when
    ///   it has done (`release_sock()`), with bottom halves enabled. `sctp_bind_connect` is also
    ///   called for requests of the current task, which it doesn't tell.
    /// - SIGIO is sent by whatever makes a file ready, on behalf of the task that asked for it
    ///   (`send_sigio_to_task()`).
    /// - A message is received by whatever task sends it, for the one that waits (`target`, in
    ///   `pipelined_send()`).
    pub(crate) static BPF_AUDIT_NO_SUBJECT = {
        bpf_lsm_file_send_sigiotask,
        bpf_lsm_inet_conn_established,
        bpf_lsm_inet_conn_request,
        bpf_lsm_inet_csk_clone,
        bpf_lsm_msg_queue_msgrcv,
        bpf_lsm_sctp_assoc_established,
        bpf_lsm_sctp_assoc_request,
        bpf_lsm_sctp_bind_connect,
    };
}

#[cfg(not(CONFIG_SECURITY_NETWORK))]
btf_id_set! {
    /// As above, without the hooks of the network.
    pub(crate) static BPF_AUDIT_NO_SUBJECT = {
        bpf_lsm_file_send_sigiotask,
        bpf_lsm_msg_queue_msgrcv,
    };
}
