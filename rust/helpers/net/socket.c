// SPDX-License-Identifier: GPL-2.0-only

#include <net/af_unix.h>
#include <net/sock.h>

#ifdef CONFIG_NET

__rust_helper struct net *rust_helper_sock_net(const struct sock *sk)
{
	return sock_net(sk);
}

/*
 * bindgen leaves out a member of socket_lock_t, so that with lockdep it gets the
 * offset of whatever follows a struct sock wrong.
 */

__rust_helper struct unix_address *
rust_helper_unix_sock_addr(const struct sock *sk)
{
	/* Pairs with the smp_store_release() of unix_bind_bsd() and others. */
	return smp_load_acquire(&unix_sk(sk)->addr);
}

__rust_helper const struct path *
rust_helper_unix_sock_path(const struct sock *sk)
{
	return &unix_sk(sk)->path;
}

#endif
