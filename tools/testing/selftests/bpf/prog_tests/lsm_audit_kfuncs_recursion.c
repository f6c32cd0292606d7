// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs on hooks that audit itself calls can't write records. That they
 * can't call the kfuncs is tested by lsm_audit_kfuncs_fail.c; here is what
 * keeps them from a program that can, and that the audit daemon is left out
 * only where it acts itself.
 */
#include "lsm_audit_helpers.h"
#include "lsm_audit_kfuncs_recursion.skel.h"

static const char * const refused[] = {
	"bpf_lsm_current_getlsmprop_subj",
	"bpf_lsm_audit_rule_match",
	"bpf_lsm_lsmprop_to_secctx",
	"bpf_lsm_release_secctx",
};

/* A program called @caller would call one on the hook file_open. */
static void check_tail_call(const char *caller, int want)
{
	struct lsm_audit_kfuncs_recursion *skel;
	struct bpf_program *prog;
	__u32 key = 0, fd;
	int err;

	skel = lsm_audit_kfuncs_recursion__open();
	if (!ASSERT_OK_PTR(skel, "open"))
		return;
	prog = bpf_object__find_program_by_name(skel->obj, caller);
	if (!ASSERT_OK_PTR(prog, caller))
		goto out;
	bpf_program__set_autoload(prog, true);
	bpf_program__set_autoload(skel->progs.target, true);
	if (!ASSERT_OK(lsm_audit_kfuncs_recursion__load(skel), "load"))
		goto out;

	fd = bpf_program__fd(skel->progs.target);
	err = bpf_map__update_elem(skel->maps.calls, &key, sizeof(key), &fd, sizeof(fd), 0);
	ASSERT_EQ(err, want, caller);
out:
	lsm_audit_kfuncs_recursion__destroy(skel);
}

static void test_tail_call(void)
{
	check_tail_call("from_file_open", 0);
	check_tail_call("from_subj", -EINVAL);
	check_tail_call("from_secctx", -EINVAL);
	check_tail_call("from_release", -EINVAL);
}

/* How many hooks have the prototype of @hook, itself left out, or -1. */
static int same_prototype(const struct btf *btf, const char *hook)
{
	int id, self, found = 0;
	__u32 proto;

	self = btf__find_by_name_kind(btf, hook, BTF_KIND_FUNC);
	if (!ASSERT_GT(self, 0, hook))
		return -1;
	proto = btf__type_by_id(btf, self)->type;

	for (id = 1; id < (int)btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (id != self && btf_is_func(type) && type->type == proto &&
		    !strncmp(btf__name_by_offset(btf, type->name_off), "bpf_lsm_", 8))
			found++;
	}
	return found;
}

/*
 * The kernel allows tail calls between hooks that BTF describes by one and the
 * same prototype, so none may have that of a refused one.
 */
static void test_prototypes(void)
{
	struct btf *btf;
	int i;

	btf = btf__load_vmlinux_btf();
	if (!ASSERT_OK_PTR(btf, "vmlinux BTF"))
		return;
	for (i = 0; i < ARRAY_SIZE(refused); i++)
		ASSERT_EQ(same_prototype(btf, refused[i]), 0, refused[i]);
	/* This one has the prototype of task_getpgid and others. */
	ASSERT_GT(same_prototype(btf, "bpf_lsm_task_getsid"), 0, "task_getsid");
	btf__free(btf);
}

/*
 * A packet that the daemon, this process, sends over the loopback device is
 * received in a softirq on top of it. Whoever is responsible for a packet that
 * comes in there, it isn't the daemon: the record is written.
 */
static void test_interrupted_daemon(void)
{
	struct lsm_audit_kfuncs_recursion *skel = NULL;
	int server = -1, client = -1;
	char why[128];

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
	audit_expect(audit, AUDIT_BPF_LSM_ACCESS, "prog-id={num} pid=? comm=?");
	ASSERT_EQ(send(client, "x", 1, 0), 1, "send");
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
	if (test__start_subtest("prototypes"))
		test_prototypes();
	if (test__start_subtest("interrupted_daemon"))
		test_interrupted_daemon();
}
