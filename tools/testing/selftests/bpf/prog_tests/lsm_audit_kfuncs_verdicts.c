// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the verifier says of everything that an LSM program can hold, passed for
 * every parameter of the audit kfuncs. Here is the short list of what it accepts;
 * all else it refuses, for the reason that is told here.
 * progs/lsm_audit_kfuncs_verdicts.c has a program for each pair, which is named
 * KIND__PARAMETER.
 */
#include "lsm_audit_helpers.h"
#include "lsm_audit_kfuncs_verdicts.skel.h"

enum class {
	OBJECT,		/* a pointer to an object of the kernel's that is safe to use */
	ADDRESS,	/* such a pointer, NULL, or one to memory to read and write */
	STRING,		/* a pointer to a constant string */
	NUMBER,
	NR_CLASSES,
	BY_FUNCTION,	/* OBJECT, for a global function that declares it as trusted */
};

static const struct parameter {
	const char *name;
	enum class class;
	int reg;		/* the register it is passed in */
	const char *type;	/* the structure that it points to */
	const char *same_as;	/* the kfunc's own parameter */
} parameters[] = {
	{ "end_context", OBJECT, 1, "bpf_audit_context" },
	{ "cause_context", OBJECT, 1, "bpf_audit_context" },
	{ "rule_context", OBJECT, 1, "bpf_audit_context" },
	{ "cap_context", OBJECT, 1, "bpf_audit_context" },
	{ "path_context", OBJECT, 1, "bpf_audit_context" },
	{ "path_at_context", OBJECT, 1, "bpf_audit_context" },
	{ "file_context", OBJECT, 1, "bpf_audit_context" },
	{ "ioctl_op_context", OBJECT, 1, "bpf_audit_context" },
	{ "dentry_context", OBJECT, 1, "bpf_audit_context" },
	{ "inode_context", OBJECT, 1, "bpf_audit_context" },
	{ "task_context", OBJECT, 1, "bpf_audit_context" },
	{ "net_sock_context", OBJECT, 1, "bpf_audit_context" },
	{ "net_sockaddr_context", OBJECT, 1, "bpf_audit_context" },
	{ "cause_cause", STRING, 2 },
	{ "rule_rule", NUMBER, 2 },
	{ "cap_cap", NUMBER, 2 },
	{ "path_path", OBJECT, 2, "path" },
	{ "path_at_dir", OBJECT, 2, "path" },
	{ "path_at_dentry", OBJECT, 3, "dentry" },
	{ "file_file", OBJECT, 2, "file" },
	{ "ioctl_op_file", OBJECT, 2, "file" },
	{ "ioctl_op_cmd", NUMBER, 3 },
	{ "dentry_dentry", OBJECT, 2, "dentry" },
	{ "inode_inode", OBJECT, 2, "inode" },
	{ "task_tsk", OBJECT, 2, "task_struct" },
	{ "net_sock_netif", NUMBER, 2 },
	{ "net_sock_sock", OBJECT, 3, "socket" },
	{ "net_sockaddr_netif", NUMBER, 2 },
	{ "net_sockaddr_saddr", ADDRESS, 3, "sockaddr" },
	{ "net_sockaddr_daddr", ADDRESS, 4, "sockaddr" },
	{ "net_sockaddr_addrlen", NUMBER, 5 },
	{ "path_by_function", BY_FUNCTION, .same_as = "path_path" },
	{ "file_by_function", BY_FUNCTION, .same_as = "file_file" },
	{ "dentry_by_function", BY_FUNCTION, .same_as = "dentry_dentry" },
	{ "inode_by_function", BY_FUNCTION, .same_as = "inode_inode" },
	{ "task_by_function", BY_FUNCTION, .same_as = "task_tsk" },
	{ "net_sock_by_function", BY_FUNCTION, .same_as = "net_sock_sock" },
};

/* What a kind is accepted for. */
#define CONTEXTS							\
	"cause_context rule_context cap_context path_context path_at_context file_context " \
	"ioctl_op_context dentry_context inode_context task_context net_sock_context " \
	"net_sockaddr_context"
#define FILES		"file_file ioctl_op_file"
#define ADDRESSES	"net_sockaddr_saddr net_sockaddr_daddr"
#define NUMBERS		\
	"rule_rule cap_cap ioctl_op_cmd net_sock_netif net_sockaddr_netif net_sockaddr_addrlen"

/* Why it is refused, # being the register and $ the structure. */
#define NO_POINTER(what)	"R# is " what " expected STRUCT $"
#define NO_MEMORY(what)		"R# type=" what " expected=fp"
#define OTHER(structure)	\
	"R# expected pointer to STRUCT $ but R# has a pointer to STRUCT " structure
#define UNCHECKED		"Possibly NULL pointer passed to trusted R#"
#define UNTRUSTED		"R# must be referenced or trusted"
#define READ_ONLY(what)		"R# cannot write into " what
#define TOO_SHORT		"R# min value is outside of the allowed memory range"
#define NO_STRING		"R# doesn't point to a const string"
#define NOT_CONSTANT		"R# does not point to a readonly map"
#define NO_NUMBER		"R# is not a scalar"
#define UNREADABLE		"invalid mem access 'scalar'"
#define LOCKED			"function calls are not allowed while holding a lock"
#define NOT_ACQUIRED		\
	"release kfunc bpf_audit_log_end expects referenced PTR_TO_BTF_ID passed to R#"
#define NOT_ITS_START		\
	"R# must have zero offset when passed to release func or trusted arg to kfunc"

static const struct kind {
	const char *name;
	const char *accepted;
	/* Why not as one of a class. */
	const char *reasons[NR_CLASSES];
	/* Why it can't be ended, if that isn't so because it wasn't acquired. */
	const char *end;
	/* The verifier should refuse it: the object may be gone. */
	bool known;
	/* A kfunc that it takes, and that not every kernel has. */
	const char *needs;
} kinds[] = {
	/*
	 * Memory. As an address, any will do: the kfunc copies it, and knows
	 * what to make of NULL.
	 */
	{ "stack", ADDRESSES, { NO_POINTER("fp"), NULL, NO_STRING, NO_NUMBER } },
	{ "stack_unwritten", ADDRESSES, { NO_POINTER("fp"), NULL, NO_STRING, NO_NUMBER } },
	{ "data_of_program", ADDRESSES,
	  { NO_POINTER("map_value"), NULL, NOT_CONSTANT, NO_NUMBER } },
	{ "rodata", "cause_cause",
	  { NO_POINTER("map_value"), "write into map forbidden", NULL, NO_NUMBER } },
	{ "map_value", ADDRESSES, { NO_POINTER("map_value"), NULL, NOT_CONSTANT, NO_NUMBER } },
	{ "map_value_of_8", "", { NO_POINTER("map_value"), TOO_SHORT, NOT_CONSTANT, NO_NUMBER } },
	{ "map_value_with_kptr", "",
	  { NO_POINTER("map_value"), "kptr cannot be accessed indirectly by helper",
	    NOT_CONSTANT, NO_NUMBER } },
	{ "map_value_unchecked", ADDRESSES, { UNCHECKED, NULL, UNCHECKED, NO_NUMBER }, UNCHECKED },
	{ "map_key", "",
	  { NO_POINTER("map_key"), READ_ONLY("map_key"), NO_STRING, NO_NUMBER } },
	{ "percpu_map_value", ADDRESSES,
	  { NO_POINTER("map_value"), NULL, "map which cannot be used as const string",
	    NO_NUMBER } },
	{ "ringbuf_memory", ADDRESSES,
	  { NO_POINTER("ringbuf_mem"), NULL, NO_STRING, NO_NUMBER },
	  NO_POINTER("ringbuf_mem") },
	{ "ringbuf_memory_unchecked", ADDRESSES,
	  { UNCHECKED, NULL, UNCHECKED, NO_NUMBER }, UNCHECKED },
	{ "ringbuf_memory_submitted", NUMBERS,
	  { NO_POINTER("scalar"), NO_MEMORY("scalar"), NO_STRING } },
	{ "dynptr", "",
	  { NO_POINTER("fp"), "invalid read from stack R#", NO_STRING, NO_NUMBER } },
	{ "dynptr_of_sample", "",
	  { NO_POINTER("dynptr_ptr"), NO_MEMORY("dynptr_ptr"), NO_STRING, NO_NUMBER } },
	{ "dynptr_data", ADDRESSES, { NO_POINTER("mem"), NULL, NO_STRING, NO_NUMBER } },
	{ "dynptr_slice", "",
	  { NO_POINTER("rdonly_mem"), READ_ONLY("rdonly_mem"), NO_STRING, NO_NUMBER } },
	{ "arena_memory", "",
	  { NO_POINTER("arena"), NO_MEMORY("arena"), NO_STRING, NO_NUMBER } },
	{ "iterator", "",
	  { NO_POINTER("fp"), "invalid read from stack R#", NO_STRING, NO_NUMBER } },
	{ "number_of_iterator", "",
	  { NO_POINTER("rdonly_mem"), TOO_SHORT, NO_STRING, NO_NUMBER } },
	{ "memory_by_cast", "",
	  { NO_POINTER("rdonly_untrusted_mem"), TOO_SHORT, NO_STRING, NO_NUMBER } },
	{ "packet", "",
	  { NO_POINTER("rdonly_mem"), READ_ONLY("rdonly_mem"), NO_STRING, NO_NUMBER } },
	{ "packet_data", "",
	  { NO_POINTER("rdonly_untrusted_mem"), TOO_SHORT, NO_STRING, NO_NUMBER } },

	/* Objects that are safe to use as what they are. */
	{ "task", "task_tsk",
	  { OTHER("task_struct"), OTHER("task_struct"), NO_STRING, NO_NUMBER } },
	{ "task_acquired", "task_tsk",
	  { OTHER("task_struct"), OTHER("task_struct"), NO_STRING, NO_NUMBER },
	  OTHER("task_struct") },
	{ "task_unchecked", "", { UNCHECKED, UNTRUSTED, UNCHECKED, NO_NUMBER }, UNCHECKED },
	{ "task_released", NUMBERS, { NO_POINTER("scalar"), NO_MEMORY("scalar"), NO_STRING } },
	{ "task_of_map", "task_tsk",
	  { OTHER("task_struct"), OTHER("task_struct"), NO_STRING, NO_NUMBER },
	  OTHER("task_struct") },
	{ "task_of_cgroup_iterator", "task_tsk",
	  { OTHER("task_struct"), OTHER("task_struct"), NO_STRING, NO_NUMBER } },
	{ "file", FILES, { OTHER("file"), OTHER("file"), NO_STRING, NO_NUMBER }, OTHER("file") },
	{ "file_unchecked", "", { UNCHECKED, UNTRUSTED, UNCHECKED, NO_NUMBER }, UNCHECKED },
	{ "file_put", NUMBERS, { NO_POINTER("scalar"), NO_MEMORY("scalar"), NO_STRING } },
	{ "file_of_vma", FILES, { OTHER("file"), OTHER("file"), NO_STRING, NO_NUMBER } },
	{ "path", "path_path path_at_dir",
	  { OTHER("file"), OTHER("file"), NO_STRING, NO_NUMBER }, NOT_ITS_START },
	{ "path_of_put_file", NUMBERS, { NO_POINTER("scalar"), NO_MEMORY("scalar"), NO_STRING } },
	{ "inode", "inode_inode", { OTHER("inode"), OTHER("inode"), NO_STRING, NO_NUMBER } },
	{ "inode_of_hook", "inode_inode",
	  { OTHER("inode"), OTHER("inode"), NO_STRING, NO_NUMBER } },
	{ "inode_of_dentry", "inode_inode",
	  { OTHER("inode"), OTHER("inode"), NO_STRING, NO_NUMBER } },
	{ "real_inode", "inode_inode",
	  { OTHER("inode"), OTHER("inode"), NO_STRING, NO_NUMBER },
	  .needs = "bpf_real_data_inode" },
	{ "inode_of_dentry_unchecked", "",
	  { UNCHECKED, UNTRUSTED, UNCHECKED, NO_NUMBER }, UNCHECKED },
	{ "dentry", "dentry_dentry path_at_dentry",
	  { OTHER("dentry"), OTHER("dentry"), NO_STRING, NO_NUMBER } },
	{ "socket", "net_sock_sock", { OTHER("socket"), OTHER("socket"), NO_STRING, NO_NUMBER } },
	{ "address", ADDRESSES, { OTHER("sockaddr"), NULL, NO_STRING, NO_NUMBER } },
	{ "sk", "", { OTHER("sock"), OTHER("sock"), NO_STRING, NO_NUMBER } },
	{ "sk_of_socket", "", { OTHER("sock"), OTHER("sock"), NO_STRING, NO_NUMBER } },
	{ "skb", "", { OTHER("sk_buff"), OTHER("sk_buff"), NO_STRING, NO_NUMBER } },
	{ "cgroup", "",
	  { OTHER("cgroup"), OTHER("cgroup"), NO_STRING, NO_NUMBER }, OTHER("cgroup") },
	{ "cpumask", "",
	  { OTHER("bpf_cpumask"), OTHER("bpf_cpumask"), NO_STRING, NO_NUMBER },
	  OTHER("bpf_cpumask") },
	{ "own_object", "", { OTHER("own"), OTHER("own"), NO_STRING, NO_NUMBER }, OTHER("own") },
	{ "own_percpu_object", "", { UNTRUSTED, UNTRUSTED, NO_STRING, NO_NUMBER }, UNTRUSTED },
	{ "node_of_list", "", { LOCKED, LOCKED, LOCKED, LOCKED }, LOCKED },

	/* Variables of the kernel. Without BTF, one is an address as any number. */
	{ "variable", NUMBERS, { NO_POINTER("scalar"), NO_MEMORY("scalar"), NO_STRING } },
	{ "percpu_variable", "", { UNTRUSTED, UNTRUSTED, NO_STRING, NO_NUMBER } },
	{ "this_cpu_variable", "", { UNTRUSTED, UNTRUSTED, NO_STRING, NO_NUMBER } },
	{ "other_cpu_variable_unchecked", "",
	  { UNCHECKED, UNTRUSTED, UNCHECKED, NO_NUMBER }, UNCHECKED },
	{ "this_cpu_number", "",
	  { NO_POINTER("rdonly_mem"), TOO_SHORT, NO_STRING, NO_NUMBER } },

	/* Objects that aren't, or that only RCU protects. */
	{ "rcu_task", "", { UNTRUSTED, UNTRUSTED, NO_STRING, NO_NUMBER } },
	{ "rcu_task_asleep", "", { UNTRUSTED, UNTRUSTED, NO_STRING, NO_NUMBER } },
	{ "rcu_task_of_map", "", { UNTRUSTED, UNTRUSTED, NO_STRING, NO_NUMBER } },
	{ "rcu_task_of_iterator", "", { UNTRUSTED, UNTRUSTED, NO_STRING, NO_NUMBER } },
	{ "rcu_css_set", "", { UNTRUSTED, UNTRUSTED, NO_STRING, NO_NUMBER } },
	{ "file_of_untrusted_hook", "", { UNTRUSTED, UNTRUSTED, NO_STRING, NO_NUMBER } },
	{ "plain_task", "", { UNTRUSTED, UNTRUSTED, NO_STRING, NO_NUMBER } },
	{ "rcu_file", "", { UNTRUSTED, UNTRUSTED, NO_STRING, NO_NUMBER } },
	{ "sk_of_skb", "", { UNTRUSTED, UNTRUSTED, NO_STRING, NO_NUMBER } },
	{ "untrusted_task", "", { UNTRUSTED, UNTRUSTED, NO_STRING, NO_NUMBER } },
	{ "untrusted_task_of_map", "", { UNTRUSTED, UNTRUSTED, NO_STRING, NO_NUMBER } },
	{ "untrusted_task_by_cast", "", { UNTRUSTED, UNTRUSTED, NO_STRING, NO_NUMBER } },
	{ "untrusted_context_by_cast", "", { UNTRUSTED, UNTRUSTED, NO_STRING, NO_NUMBER } },
	{ "untrusted_dentry", "", { UNTRUSTED, UNTRUSTED, NO_STRING, NO_NUMBER } },
	{ "untrusted_socket", "", { UNTRUSTED, UNTRUSTED, NO_STRING, NO_NUMBER } },

	/* What comes from an object that the program has given back, or an iterator. */
	{ "inode_of_put_file", NUMBERS, { NO_POINTER("scalar"), NO_MEMORY("scalar"), NO_STRING } },
	{ "real_inode_of_put_file", NUMBERS,
	  { NO_POINTER("scalar"), NO_MEMORY("scalar"), NO_STRING },
	  .needs = "bpf_real_data_inode" },
	{ "file_of_gone_vma", "", { UNREADABLE, UNREADABLE, UNREADABLE, UNREADABLE }, UNREADABLE },
	{ "file_of_vma_after", NUMBERS, { NO_POINTER("scalar"), NO_MEMORY("scalar"), NO_STRING } },
	{ "path_of_vma_after", NUMBERS, { NO_POINTER("scalar"), NO_MEMORY("scalar"), NO_STRING } },
	{ "inode_of_vma_after", "",
	  { UNREADABLE, UNREADABLE, UNREADABLE, UNREADABLE }, UNREADABLE },
	{ "task_of_cgroup_iterator_after", NUMBERS,
	  { NO_POINTER("scalar"), NO_MEMORY("scalar"), NO_STRING } },

	/*
	 * An object whose keeper may be gone, since the program never had it. The
	 * verifier trusts a field of an object for longer than RCU keeps that. It is
	 * so for all kfuncs.
	 */
	{ "inode_of_rcu_file", "inode_inode",
	  { OTHER("inode"), OTHER("inode"), NO_STRING, NO_NUMBER }, .known = true },

	/* Contexts. */
	{ "context", "end_context " CONTEXTS,
	  { OTHER("bpf_audit_context"), OTHER("bpf_audit_context"), NO_STRING, NO_NUMBER } },
	{ "context_of_caller", CONTEXTS,
	  { OTHER("bpf_audit_context"), OTHER("bpf_audit_context"), NO_STRING, NO_NUMBER } },
	{ "context_unchecked", "", { UNCHECKED, UNTRUSTED, UNCHECKED, NO_NUMBER }, UNCHECKED },
	{ "context_ended", NUMBERS, { NO_POINTER("scalar"), NO_MEMORY("scalar"), NO_STRING } },
	{ "context_and_8", "",
	  { OTHER("bpf_audit_context"), OTHER("bpf_audit_context"), NO_STRING, NO_NUMBER },
	  NOT_ITS_START },

	/* What is neither memory nor an object. */
	{ "hook_arguments", "", { NO_POINTER("ctx"), NO_MEMORY("ctx"), NO_STRING, NO_NUMBER } },
	{ "map", "", { OTHER("bpf_map"), OTHER("bpf_map"), NO_STRING, NO_NUMBER } },
	{ "function", "", { NO_POINTER("func"), NO_MEMORY("func"), NO_STRING, NO_NUMBER } },
	{ "null", ADDRESSES " " NUMBERS, { UNCHECKED, NULL, UNCHECKED }, UNCHECKED },
	{ "number", NUMBERS, { NO_POINTER("scalar"), NO_MEMORY("scalar"), NO_STRING } },
	{ "unknown_number", NUMBERS, { NO_POINTER("scalar"), NO_MEMORY("scalar"), NO_STRING } },
};

/* What the verifier has to say. Without its trace, it isn't much. */
static char verifier_log[1 << 16];

static bool is_listed(const char *list, const char *name)
{
	size_t len = strlen(name);
	const char *at;

	for (at = list; (at = strstr(at, name)); at += len) {
		if ((at == list || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
			return true;
	}
	return false;
}

/* Why a pair is refused, or NULL if it is accepted. */
static const char *reason_of(const struct kind *kind, const struct parameter *parameter)
{
	static char reason[256];
	const char *from;
	size_t len = 0;

	if (is_listed(kind->accepted, parameter->same_as ?: parameter->name))
		return NULL;
	/* What doesn't name the register is said before it is passed. */
	if (parameter->class == BY_FUNCTION)
		return strchr(kind->reasons[OBJECT], '#') ?
			"Caller passes invalid args into func#" : kind->reasons[OBJECT];
	from = kind->reasons[parameter->class];
	if (!strcmp(parameter->name, "end_context"))
		from = kind->end ?: NOT_ACQUIRED;

	for (; from && *from && len < sizeof(reason); from++) {
		if (*from == '#')
			len += snprintf(reason + len, sizeof(reason) - len, "%d", parameter->reg);
		else if (*from == '$')
			len += snprintf(reason + len, sizeof(reason) - len, "%s", parameter->type);
		else
			len += snprintf(reason + len, sizeof(reason) - len, "%c", *from);
	}
	return len ? reason : "a reason that the table doesn't tell";
}

/* Where unaligned accesses are slow (riscv64), the verifier looks at them first. */
static bool says(const char *reason)
{
	return strstr(verifier_log, reason) ||
	       (!strcmp(reason, UNREADABLE) && strstr(verifier_log, "misaligned access off "));
}

static void check_verdict(const struct bpf_object *obj, const struct kind *kind,
			  const struct parameter *parameter)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options,
		    .log_level = 4,	/* BPF_LOG_STATS */
		    .log_buf = verifier_log,
		    .log_size = sizeof(verifier_log));
	const char *reason = reason_of(kind, parameter);
	struct bpf_program *prog;
	char name[128];
	int fd;

	snprintf(name, sizeof(name), "%s__%s", kind->name, parameter->name);
	prog = bpf_object__find_program_by_name(obj, name);
	if (!ASSERT_OK_PTR(prog, name))
		return;
	/* The kernel was configured without its hook. */
	if (!bpf_program__autoload(prog))
		return;

	verifier_log[0] = '\0';
	fd = bpf_program__clone(prog, &options);
	if (fd >= 0)
		close(fd);

	if (!reason && fd < 0)
		PRINT_FAIL("%s: refused%s:\n%s\n", name,
			   kind->known ? ", as it should be: the verifier has learned it" : "",
			   verifier_log);
	else if (reason && fd >= 0)
		PRINT_FAIL("%s: accepted, not refused for '%s'\n", name, reason);
	else if (reason && !says(reason))
		PRINT_FAIL("%s: refused, but not for '%s':\n%s\n", name, reason, verifier_log);
}

/* Its memory is of kmalloc_nolock(), too, which has none on riscv64 without Zacas. */
static bool has_arenas(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARENA, "arena", 0, 0, 1, &options);

	if (fd >= 0)
		close(fd);
	return fd != -EOPNOTSUPP;
}

/* Each program is loaded by itself, so that one can be refused and others not. */
static bool prepare_programs(struct bpf_object *obj, const struct btf *btf)
{
	struct bpf_program *prog;
	char hook[64];
	int count = 0;

	bpf_object__for_each_program(prog, obj) {
		snprintf(hook, sizeof(hook), "bpf_lsm_%s",
			 strchr(bpf_program__section_name(prog), '/') + 1);
		bpf_program__set_autoload(prog, has_function(btf, hook));
		count += !!strstr(bpf_program__name(prog), "__");
	}
	return ASSERT_EQ(count, ARRAY_SIZE(kinds) * ARRAY_SIZE(parameters), "programs") &&
	       ASSERT_OK(bpf_object__prepare(obj), "prepare the programs");
}

static void check_verdicts(const struct bpf_object *obj, const struct btf *btf)
{
	const struct kind *kind;
	int i;

	for (kind = kinds; kind < kinds + ARRAY_SIZE(kinds); kind++) {
		if (kind->needs && !has_function(btf, kind->needs))
			continue;
		if (!test__start_subtest(kind->name) ||
		    (!strcmp(kind->name, "variable") && !knows_address("init_task")))
			continue;
		if (!strcmp(kind->name, "arena_memory") && !has_arenas()) {
			skip("the kernel has no ", "arenas");
			continue;
		}
		for (i = 0; i < ARRAY_SIZE(parameters); i++)
			check_verdict(obj, kind, &parameters[i]);
	}
}

void test_lsm_audit_kfuncs_verdicts(void)
{
	struct lsm_audit_kfuncs_verdicts *verdicts;
	struct btf *btf;

	if (!can_run())
		return;

	verdicts = lsm_audit_kfuncs_verdicts__open();
	btf = btf__load_vmlinux_btf();
	if (ASSERT_OK_PTR(verdicts, "open the programs") &&
	    ASSERT_OK_PTR(btf, "BTF of the kernel") &&
	    ASSERT_OK(bpf_map__set_autocreate(verdicts->maps.arena, has_arenas()), "arena") &&
	    prepare_programs(verdicts->obj, btf))
		check_verdicts(verdicts->obj, btf);

	btf__free(btf);
	lsm_audit_kfuncs_verdicts__destroy(verdicts);
}
