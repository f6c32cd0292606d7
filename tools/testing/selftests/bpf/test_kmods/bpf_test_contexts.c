// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls the LSM hook file_ioctl in a context that is chosen: write its name and the
 * number of an open file to the parameter "call". There is no LSM hook that the kernel
 * calls in each of them. The hooks of other LSMs than BPF's run there, too.
 */
#include <linux/completion.h>
#include <linux/file.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/security.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "bpf_test_contexts.h"

/* One call at a time: the parameters' mutex is held. */
static struct file *file;
static DECLARE_COMPLETION(called);

static DEFINE_MUTEX(mutex);
static DEFINE_SPINLOCK(spinlock);
static DEFINE_RAW_SPINLOCK(raw_spinlock);

static void call_hook(void)
{
	security_file_ioctl(file, CMD_FROM_CONTEXT, 0);
}

/* In the task. */

static void with_mutex(void)
{
	guard(mutex)(&mutex);
	call_hook();
}

static void in_rcu_section(void)
{
	guard(rcu)();
	call_hook();
}

static void with_spinlock(void)
{
	guard(spinlock)(&spinlock);
	call_hook();
}

static void with_spinlock_irq(void)
{
	guard(spinlock_irqsave)(&spinlock);
	call_hook();
}

static void with_spinlock_bh(void)
{
	guard(spinlock_bh)(&spinlock);
	call_hook();
}

static void with_raw_spinlock(void)
{
	guard(raw_spinlock)(&raw_spinlock);
	call_hook();
}

static void with_raw_spinlock_irq(void)
{
	guard(raw_spinlock_irqsave)(&raw_spinlock);
	call_hook();
}

static void bh_disabled(void)
{
	local_bh_disable();
	call_hook();
	local_bh_enable();
}

static void preempt_disabled(void)
{
	guard(preempt)();
	call_hook();
}

static void irq_disabled(void)
{
	guard(irqsave)();
	call_hook();
}

/* Elsewhere. */

static void call_and_tell(void)
{
	call_hook();
	complete(&called);
}

static void run_work(struct work_struct *work)
{
	call_and_tell();
}

static void in_work(void)
{
	static DECLARE_WORK(work, run_work);

	schedule_work(&work);
	wait_for_completion(&called);
	flush_work(&work);
}

static void run_bh_work(struct work_struct *work)
{
	call_and_tell();
}

static void in_bh_work(void)
{
	static DECLARE_WORK(work, run_bh_work);

	queue_work(system_bh_wq, &work);
	wait_for_completion(&called);
	flush_work(&work);
}

static void run_timer(struct timer_list *unused)
{
	call_and_tell();
}

static void in_timer(void)
{
	static DEFINE_TIMER(timer, run_timer);

	mod_timer(&timer, jiffies + 1);
	wait_for_completion(&called);
	timer_delete_sync(&timer);
}

static enum hrtimer_restart run_hrtimer(struct hrtimer *unused)
{
	call_and_tell();
	return HRTIMER_NORESTART;
}

static void in_hrtimer(void)
{
	static struct hrtimer timer;

	hrtimer_setup(&timer, run_hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	hrtimer_start(&timer, ms_to_ktime(1), HRTIMER_MODE_REL_HARD);
	wait_for_completion(&called);
	hrtimer_cancel(&timer);
}

static void run_irq_work(struct irq_work *unused)
{
	call_and_tell();
}

static void in_irq_work(void)
{
	static struct irq_work work = IRQ_WORK_INIT(run_irq_work);

	irq_work_queue(&work);
	wait_for_completion(&called);
	irq_work_sync(&work);
}

static void in_hard_irq_work(void)
{
	static struct irq_work work = IRQ_WORK_INIT_HARD(run_irq_work);

	irq_work_queue(&work);
	wait_for_completion(&called);
	irq_work_sync(&work);
}

static const struct {
	const char *name;
	void (*call)(void);
	/* A spinlock may not be taken there: lockdep says so also without PREEMPT_RT. */
	bool raw;
} contexts[] = {
	{ "task", call_hook },
	{ "mutex", with_mutex },
	{ "rcu", in_rcu_section },
	{ "spinlock", with_spinlock },
	{ "spinlock_irq", with_spinlock_irq },
	{ "spinlock_bh", with_spinlock_bh },
	{ "raw_spinlock", with_raw_spinlock, .raw = true },
	{ "raw_spinlock_irq", with_raw_spinlock_irq, .raw = true },
	{ "bh_disabled", bh_disabled },
	{ "preempt_disabled", preempt_disabled },
	{ "irq_disabled", irq_disabled },
	{ "work", in_work },
	{ "bh_work", in_bh_work },
	{ "timer", in_timer },
	{ "irq_work", in_irq_work },
	{ "hrtimer", in_hrtimer, .raw = true },
	{ "hard_irq_work", in_hard_irq_work, .raw = true },
};

static int call_set(const char *value, const struct kernel_param *kp)
{
	char name[32];
	unsigned int fd;
	int i;

	if (sscanf(value, "%31s %u", name, &fd) != 2)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(contexts) && strcmp(contexts[i].name, name); i++)
		;
	if (i == ARRAY_SIZE(contexts))
		return -ENOENT;
	if (contexts[i].raw && IS_ENABLED(CONFIG_PROVE_RAW_LOCK_NESTING) &&
	    !IS_ENABLED(CONFIG_PREEMPT_RT))
		return -EOPNOTSUPP;

	file = fget(fd);
	if (!file)
		return -EBADF;
	reinit_completion(&called);
	contexts[i].call();
	fput(file);
	file = NULL;
	return 0;
}

static const struct kernel_param_ops call_ops = { .set = call_set };

module_param_cb(call, &call_ops, NULL, 0200);
MODULE_PARM_DESC(call, "context and number of an open file: calls file_ioctl for it there");

MODULE_DESCRIPTION("LSM hook file_ioctl in any context, for tests of BPF");
MODULE_LICENSE("GPL");
