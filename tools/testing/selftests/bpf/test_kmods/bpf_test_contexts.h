/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __BPF_TEST_CONTEXTS_H
#define __BPF_TEST_CONTEXTS_H

/* The command of an ioctl() that was not called: by it a program knows the module's calls. */
#define CMD_FROM_CONTEXT 0x7a11

#endif /* __BPF_TEST_CONTEXTS_H */
