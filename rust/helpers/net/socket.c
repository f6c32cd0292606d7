// SPDX-License-Identifier: GPL-2.0-only

#include <net/sock.h>

#ifdef CONFIG_NET

__rust_helper struct net *rust_helper_sock_net(const struct sock *sk)
{
	return sock_net(sk);
}

#endif
