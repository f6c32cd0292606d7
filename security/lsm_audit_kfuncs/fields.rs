// SPDX-License-Identifier: GPL-2.0-only

//! Which keys each field of a record writes.

use kernel::prelude::*;

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

/// A key, as in `key=value`.
#[rustfmt::skip]
enum Key {
    ProgId, Pid, Comm,
    Cause,
    Capability,
    Path, Dev, Ino, Ioctlcmd,
    Name,
    Opid, Ocomm,
    Laddr, Lport, Faddr, Fport,
    Saddr, Src, Daddr, Dest,
    Netif,
}

macro_rules! fields {
    ($($field:ident: $($key:ident)|+, $irq_safe:ident;)+) => {
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
                    $(Self::$field => Keys(0 $(| 1 << Key::$key as u32)+)),+
                }
            }

            /// Returns whether the field can be written in an interrupt, and under a lock that
            /// interrupts take. Where a path or a name is looked up, it can't: `d_lock` and
            /// `rename_lock` are held with interrupts enabled.
            #[inline]
            pub(crate) const fn irq_safe(self) -> bool {
                match self {
                    $(Self::$field => IrqSafe::$irq_safe as u8 == IrqSafe::Yes as u8),+
                }
            }
        }

        // Every key has a field (`Netif` is the last of them), and no field repeats one of the
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

            assert!(keys.0 == (1 << (Key::Netif as u32 + 1)) - 1);
        };
    };
}

/// Whether a field can be written in an interrupt, and under a lock that interrupts take.
enum IrqSafe {
    No,
    Yes,
}

#[rustfmt::skip]
fields! {
    // Field     keys                                            irq-safe
    Head:        ProgId | Pid | Comm,                            Yes;
    Cause:       Cause,                                          Yes;
    Cap:         Capability,                                     Yes;
    Path:        Path | Dev | Ino,                               No;
    File:        Path | Dev | Ino,                               No;
    IoctlOp:     Path | Dev | Ino | Ioctlcmd,                    No;
    Dentry:      Name | Dev | Ino,                               No;
    Inode:       Name | Dev | Ino,                               No;
    Task:        Opid | Ocomm,                                   Yes;
    NetSock:     Laddr | Lport | Faddr | Fport | Netif,          Yes;
    UnixSock:    Laddr | Lport | Faddr | Fport | Netif | Path,   No;
    NetSockaddr: Saddr | Src | Daddr | Dest | Netif,             Yes;
}

#[kunit_tests(audit_kfuncs_fields)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_shared_but_where_the_text_would_repeat_it() {
        let path_like = [Field::Path, Field::File, Field::IoctlOp];
        let name_like = [Field::Dentry, Field::Inode];

        for field in path_like {
            assert!(path_like
                .iter()
                .all(|other| field.keys().overlap(other.keys())));
            assert!(name_like
                .iter()
                .all(|other| field.keys().overlap(other.keys())));
            assert!(field.keys().overlap(Field::UnixSock.keys()));
            assert!(!field.keys().overlap(Field::NetSock.keys()));
        }
        for field in name_like {
            assert!(!field.keys().overlap(Field::UnixSock.keys()));
        }
        assert!(Field::NetSock.keys().overlap(Field::NetSockaddr.keys()));

        for field in [Field::Cause, Field::Cap, Field::Task] {
            assert!(field.keys().overlap(field.keys()));
            for other in [
                Field::Head,
                Field::File,
                Field::Inode,
                Field::UnixSock,
                Field::NetSockaddr,
            ] {
                assert!(!field.keys().overlap(other.keys()));
            }
        }
    }

    #[test]
    fn fields_that_look_up_names_are_not_irq_safe() {
        for field in [
            Field::Cause,
            Field::Cap,
            Field::Task,
            Field::NetSock,
            Field::NetSockaddr,
        ] {
            assert!(field.irq_safe());
        }
        for field in [
            Field::Path,
            Field::File,
            Field::IoctlOp,
            Field::Dentry,
            Field::Inode,
        ] {
            assert!(!field.irq_safe());
        }
        assert!(!Field::UnixSock.irq_safe());
    }
}
