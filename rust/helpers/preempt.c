// SPDX-License-Identifier: GPL-2.0-only

#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>

__rust_helper unsigned long rust_helper_irq_count(void)
{
	return irq_count();
}

__rust_helper unsigned long rust_helper_in_nmi(void)
{
	return in_nmi();
}

__rust_helper bool rust_helper_irqs_disabled(void)
{
	return irqs_disabled();
}

__rust_helper int rust_helper_preempt_count(void)
{
	return preempt_count();
}

__rust_helper int rust_helper_rcu_preempt_depth(void)
{
	return rcu_preempt_depth();
}
