// SPDX-License-Identifier: GPL-2.0-only

//! Which keys each field of a record writes.

/// A set of keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keys(u32);

impl Keys {
    /// Returns the keys that are in one of the sets.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns whether there are keys that are in both sets.
    pub(crate) const fn overlap(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

macro_rules! keys {
    ($($key:ident),+ $(,)?) => {
        #[expect(non_camel_case_types)]
        enum Bit {
            $($key),+
        }

        impl Keys {
            $(const $key: Self = Self(1 << Bit::$key as u32);)+
        }
    };
}

#[rustfmt::skip]
keys! {
    PROG_ID, PID, COMM,
    CAUSE,
    CAPABILITY,
    PATH, DEV, INO, IOCTLCMD,
    NAME,
    OPID, OCOMM,
    LADDR, LPORT, FADDR, FPORT,
    SADDR, SRC, DADDR, DEST,
    NETIF,
}

macro_rules! fields {
    ($($field:ident: $($key:ident)|+, $interrupt:ident;)+) => {
        /// A field of a record: what one call adds.
        #[derive(Clone, Copy)]
        pub(crate) enum Field {
            $($field),+
        }

        impl Field {
            /// Returns the keys that the field writes. It claims all of them, though it leaves out
            /// those whose value is absent.
            #[inline]
            pub(crate) const fn keys(self) -> Keys {
                match self {
                    $(Self::$field => Keys(0 $(| Keys::$key.0)+)),+
                }
            }

            /// Returns whether the field can be written in an interrupt. Where a path or a name is
            /// looked up, it can't: `d_lock` and `rename_lock` aren't safe there.
            #[inline]
            pub(crate) const fn in_interrupt(self) -> bool {
                match self {
                    $(Self::$field => Interrupt::$interrupt as u8 == Interrupt::Yes as u8),+
                }
            }
        }

        // Every key has a field (`NETIF` is the last of them), and no field repeats one of the
        // head, which is in every record.
        const _: () = {
            let fields = [$(Field::$field),+];
            let mut keys = Field::Head.keys();
            let mut i = 1;

            while i < fields.len() {
                assert!(!fields[i].keys().overlap(Field::Head.keys()));
                keys = keys.or(fields[i].keys());
                i += 1;
            }

            assert!(keys.0 == (1 << (Bit::NETIF as u32 + 1)) - 1);
        };
    };
}

/// Whether a field can be written in an interrupt.
enum Interrupt {
    No,
    Yes,
}

#[rustfmt::skip]
fields! {
    // Field     keys                                            in an interrupt
    Head:        PROG_ID | PID | COMM,                           Yes;
    Cause:       CAUSE,                                          Yes;
    Cap:         CAPABILITY,                                     Yes;
    Path:        PATH | DEV | INO,                               No;
    File:        PATH | DEV | INO,                               No;
    IoctlOp:     PATH | DEV | INO | IOCTLCMD,                    No;
    Dentry:      NAME | DEV | INO,                               No;
    Inode:       NAME | DEV | INO,                               No;
    Task:        OPID | OCOMM,                                   Yes;
    NetSock:     LADDR | LPORT | FADDR | FPORT | NETIF,          Yes;
    UnixSock:    LADDR | LPORT | FADDR | FPORT | NETIF | PATH,   No;
    NetSockaddr: SADDR | SRC | DADDR | DEST | NETIF,             Yes;
}
