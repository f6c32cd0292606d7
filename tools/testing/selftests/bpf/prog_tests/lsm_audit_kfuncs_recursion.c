// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs on hooks that audit itself calls can't write records, and those whose
 * arguments aren't trusted can't pass them to a kfunc. That the verifier sees to
 * that is tested by lsm_audit_kfuncs_fail.c; here is what keeps them from the
 * program of another hook, and that the audit daemon is left out only where it acts
 * itself.
 */
#include "lsm_audit_objects.h"
#include "lsm_audit_kfuncs_recursion.skel.h"

/* The program on @hook would call one on @target. */
static void check_tail_call(const char *hook, const char *target, bool allowed)
{
	struct lsm_audit_kfuncs_recursion *skel;
	struct bpf_program *caller, *callee;
	static char log[16 << 10];
	char name[64];
	__u32 key = 0, fd;

	skel = lsm_audit_kfuncs_recursion__open();
	if (!ASSERT_OK_PTR(skel, "open"))
		return;
	snprintf(name, sizeof(name), "from_%s", hook);
	caller = bpf_object__find_program_by_name(skel->obj, name);
	callee = bpf_object__find_program_by_name(skel->obj, target);
	if (!ASSERT_OK_PTR(caller, name) || !ASSERT_OK_PTR(callee, target))
		goto out;
	bpf_program__set_autoload(caller, true);
	bpf_program__set_autoload(callee, true);
	log[0] = '\0';
	bpf_program__set_log_buf(caller, log, sizeof(log));

	if (!allowed) {
		ASSERT_ERR(lsm_audit_kfuncs_recursion__load(skel), name);
		ASSERT_HAS_SUBSTR(log, "cannot use helper bpf_tail_call", "the verifier's reason");
		goto out;
	}
	if (!ASSERT_OK(lsm_audit_kfuncs_recursion__load(skel), name))
		goto out;
	fd = bpf_program__fd(callee);
	ASSERT_OK(bpf_map__update_elem(skel->maps.calls, &key, sizeof(key), &fd, sizeof(fd), 0),
		  name);
out:
	lsm_audit_kfuncs_recursion__destroy(skel);
}

static void test_tail_call(void)
{
	check_tail_call("file_open", "target", true);
	check_tail_call("file_release", "release_target", true);
	check_tail_call("current_getlsmprop_subj", "target", false);
	check_tail_call("lsmprop_to_secctx", "target", false);
	check_tail_call("release_secctx", "target", false);
}

/* One whose file is being freed has the prototype of one whose file is there. */
static void test_tail_call_untrusted(void)
{
	check_tail_call("file_free_security", "release_target", false);
	check_tail_call("backing_file_alloc", "release_target", false);
	check_tail_call("backing_file_free", "release_target", false);
	check_tail_call("task_free", "release_target", false);
	check_tail_call("bpf_map_free", "release_target", false);
	check_tail_call("bpf_prog_free", "release_target", false);
}

static void test_tail_call_untrusted_socket(void)
{
	if (needs_socket_hooks())
		check_tail_call("sk_free_security", "release_target", false);
}

/*
 * Packets that the daemon, this process, sends over the loopback device are
 * received in a softirq on top of it. Whoever is responsible for a packet that
 * comes in there, it isn't the daemon: all records are written.
 */
static void test_interrupted_daemon(void)
{
	struct lsm_audit_kfuncs_recursion *skel = NULL;
	int server = -1, client = -1, i;
	char why[128], byte;

	if (!needs_socket_hooks())
		return;
	audit = audit_open(why);
	if (!audit) {
		skip("", why);
		return;
	}
	skel = lsm_audit_kfuncs_recursion__open();
	if (!ASSERT_OK_PTR(skel, "open"))
		goto out;
	bpf_program__set_autoload(skel->progs.on_packet, true);
	if (!ASSERT_OK(lsm_audit_kfuncs_recursion__load(skel), "load") ||
	    !ASSERT_OK(lsm_audit_kfuncs_recursion__attach(skel), "attach"))
		goto out;
	server = start_server(AF_INET, SOCK_DGRAM, "127.0.0.1", 0, 0);
	client = connect_to_fd(server, 0);
	if (!ASSERT_OK_FD(client, "connect"))
		goto out;
	ASSERT_OK(audit_drain(audit), "drain");

	skel->bss->port = port_of(server);
	for (i = 0; i < 200; i++) {
		audit_expect(audit, AUDIT_BPF_LSM_ACCESS, "prog-id={num} pid=? comm=?");
		ASSERT_EQ(send(client, "x", 1, 0), 1, "send");
		/* With PREEMPT_RT it may be a thread that brings it. */
		ASSERT_EQ(recv(server, &byte, 1, 0), 1, "receive");
	}
	settled();
out:
	if (client >= 0)
		close(client);
	if (server >= 0)
		close(server);
	lsm_audit_kfuncs_recursion__destroy(skel);
	audit_close(audit);
}

void serial_test_lsm_audit_kfuncs_recursion(void)
{
	if (!can_run())
		return;
	if (test__start_subtest("tail_call"))
		test_tail_call();
	if (test__start_subtest("tail_call_untrusted"))
		test_tail_call_untrusted();
	if (test__start_subtest("tail_call_untrusted_socket"))
		test_tail_call_untrusted_socket();
	if (test__start_subtest("interrupted_daemon"))
		test_interrupted_daemon();
}
