/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands that a process gives to progs/lsm_audit_kfuncs_backlog.c by ioctl(). */
#ifndef __LSM_AUDIT_KFUNCS_BACKLOG_H
#define __LSM_AUDIT_KFUNCS_BACKLOG_H

#define CMD_FILL 0x7001
#define CMD_ACT 0x7002

#ifndef CAP_AUDIT_CONTROL
#define CAP_AUDIT_CONTROL 30
#endif

#endif /* __LSM_AUDIT_KFUNCS_BACKLOG_H */
