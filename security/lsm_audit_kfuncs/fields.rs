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
    Cause, RuleId,
    Capability,
    Path, Dev, Ino, Ioctlcmd,
    Name,
    Opid, Ocomm,
    Laddr, Lport, Faddr, Fport,
    Saddr, Src, Daddr, Dest,
    Netif,
}

macro_rules! fields {
    ($($field:ident: $($key:ident)|+, $looks_up:ident;)+) => {
        /// A field of a record: what one call adds.
        #[derive(Clone, Copy)]
        pub(crate) enum Field {
            $($field),+
        }

        impl Field {
            /// Returns the keys that the field claims. It writes no others; it leaves out those
            /// whose value is absent.
            #[inline]
            pub(crate) const fn keys(self) -> Keys {
                match self {
                    $(Self::$field => Keys(0 $(| 1 << Key::$key as u32)+)),+
                }
            }

            /// Returns whether the field looks up a path or a name. That waits for `mount_lock`,
            /// `rename_lock`, `d_lock` and an inode's `i_lock`, any of which the caller of a hook
            /// may hold, or the task that an interrupt interrupted.
            #[inline]
            pub(crate) const fn looks_up_name(self) -> bool {
                match self {
                    $(Self::$field => LooksUp::$looks_up as u8 == LooksUp::Name as u8),+
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

/// Whether a field looks up a path or a name.
enum LooksUp {
    Nothing,
    Name,
}

#[rustfmt::skip]
fields! {
    // Field        keys                                       looks up
    Head:           ProgId | Pid | Comm,                       Nothing;
    Cause:          Cause,                                     Nothing;
    Rule:           RuleId,                                    Nothing;
    Cap:            Capability,                                Nothing;
    Path:           Path | Dev | Ino,                          Name;
    File:           Path | Dev | Ino,                          Name;
    IoctlOp:        Path | Dev | Ino | Ioctlcmd,               Name;
    Dentry:         Name | Dev | Ino,                          Name;
    NegativeDentry: Name,                                      Name;
    Inode:          Name | Dev | Ino,                          Name;
    Task:           Opid | Ocomm,                              Nothing;
    NetSock:        Laddr | Lport | Faddr | Fport,             Nothing;
    UnixSock:       Laddr | Lport | Faddr | Fport,             Name;
    NamedUnixSock:  Laddr | Lport | Faddr | Fport | Path,      Name;
    NetSockaddr:    Saddr | Src | Daddr | Dest,                Nothing;
    Netif:          Netif,                                     Nothing;
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
            assert!(field.keys().overlap(Field::NamedUnixSock.keys()));
            for other in [Field::UnixSock, Field::NetSock, Field::NegativeDentry] {
                assert!(!field.keys().overlap(other.keys()));
            }
        }
        for field in name_like {
            assert!(field.keys().overlap(Field::NegativeDentry.keys()));
            assert!(!field.keys().overlap(Field::NamedUnixSock.keys()));
        }
        for field in [Field::UnixSock, Field::NamedUnixSock] {
            assert!(field.keys().overlap(Field::NetSock.keys()));
        }

        for field in [
            Field::Cause,
            Field::Rule,
            Field::Cap,
            Field::Task,
            Field::Netif,
        ] {
            assert!(field.keys().overlap(field.keys()));
            for other in [
                Field::Head,
                Field::File,
                Field::Inode,
                Field::NamedUnixSock,
                Field::NetSock,
                Field::NetSockaddr,
            ] {
                assert!(!field.keys().overlap(other.keys()));
            }
        }
        assert!(!Field::NetSock.keys().overlap(Field::NetSockaddr.keys()));
    }

    #[test]
    fn fields_of_names_and_paths_look_them_up() {
        for field in [
            Field::Cause,
            Field::Rule,
            Field::Cap,
            Field::Task,
            Field::NetSock,
            Field::NetSockaddr,
        ] {
            assert!(!field.looks_up_name());
        }
        for field in [
            Field::Path,
            Field::File,
            Field::IoctlOp,
            Field::Dentry,
            Field::NegativeDentry,
            Field::Inode,
            Field::UnixSock,
            Field::NamedUnixSock,
        ] {
            assert!(field.looks_up_name());
        }
    }
}
