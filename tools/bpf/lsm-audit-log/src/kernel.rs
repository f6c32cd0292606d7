// SPDX-License-Identifier: GPL-2.0-only

//! What the running kernel says of its BPF programs.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::mem::size_of_val;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use libbpf_rs::btf::{Btf, TypeId, types::Func};
use libbpf_rs::query::ProgInfoIter;
use libbpf_rs::{ErrorKind, Link, Program, ProgramType};
use libbpf_sys::{bpf_func_info, bpf_prog_info};
use nix::time::{ClockId, clock_gettime};

use crate::output::escape;
use crate::programs::{Info, Kernel};

/// For how long what was found in the BPF file systems is taken to be so.
const PINS_HOLD: Duration = Duration::from_secs(1);

pub struct Running {
    vmlinux: OnceCell<Option<Btf<'static>>>,
    pins: HashMap<u32, Vec<PathBuf>>,
    pins_read: Option<Instant>,
    complained: bool,
}

impl Running {
    pub fn new() -> Self {
        libbpf_rs::set_print(None);
        Self { vmlinux: OnceCell::new(), pins: HashMap::new(), pins_read: None, complained: false }
    }

    fn info(&self, id: u32) -> Result<Info, libbpf_rs::Error> {
        let fd = Program::fd_from_id(id)?;
        let (info, function) = info_of(fd.as_fd())?;

        // The name in the program's BTF is whole, the other is cut after 15 bytes.
        let btf = (info.btf_id != 0).then(|| Btf::from_prog_id(id).ok()).flatten();
        let name = btf.and_then(|btf| function_name(&btf, function.type_id));
        let name = name.unwrap_or_else(|| {
            // Chars of C, signed or not.
            #[expect(clippy::cast_sign_loss)]
            let name = info.name.iter().map(|&c| c as u8).take_while(|&c| c != 0);
            escape(&name.collect::<Vec<u8>>())
        });

        let vmlinux = self.vmlinux.get_or_init(|| Btf::from_vmlinux().ok());
        let hook = vmlinux.as_ref().and_then(|btf| function_name(btf, info.attach_btf_id));
        let hook = hook.map(|name| name.trim_start_matches("bpf_lsm_").to_owned());

        let tag = format!("{:016x}", u64::from_be_bytes(info.tag));
        Ok(Info { name, tag, hook, loaded: since_boot(info.load_time)?, pinned: Vec::new() })
    }

    fn complain(&mut self, err: &libbpf_rs::Error) {
        if !std::mem::replace(&mut self.complained, true) {
            let hint = match err.kind() {
                ErrorKind::PermissionDenied => " (that takes CAP_SYS_ADMIN: run this as root)",
                _ => "",
            };
            crate::say(&format!("the kernel doesn't tell about its programs: {err}{hint}"));
        }
    }
}

impl Kernel for Running {
    fn program(&mut self, id: u32) -> Option<Info> {
        let info = self.info(id);
        match &info {
            Err(err) if err.kind() != ErrorKind::NotFound => self.complain(err),
            _ => (),
        }
        info.ok()
    }

    fn programs(&mut self) -> Vec<(u32, Info)> {
        ProgInfoIter::default()
            .filter(|info| matches!(info.ty, ProgramType::Lsm))
            .filter_map(|info| Some((info.id, self.program(info.id)?)))
            .collect()
    }

    fn pins(&mut self, id: u32) -> Vec<PathBuf> {
        if self.pins_read.is_none_or(|read| read.elapsed() >= PINS_HOLD) {
            self.pins.clear();
            for mount in bpf_mounts(&fs::read("/proc/self/mounts").unwrap_or_default()) {
                walk(&mount, &mut self.pins);
            }
            self.pins_read = Some(Instant::now());
        }
        self.pins.get(&id).cloned().unwrap_or_default()
    }
}

/// What libbpf-rs leaves out: where a program is attached, and its function's type.
fn info_of(fd: BorrowedFd<'_>) -> io::Result<(bpf_prog_info, bpf_func_info)> {
    let mut function = bpf_func_info::default();
    let mut info = bpf_prog_info {
        nr_func_info: 1,
        func_info_rec_size: size(&function),
        func_info: (&raw mut function).expose_provenance() as u64,
        ..bpf_prog_info::default()
    };
    let mut len = size(&info);
    // SAFETY: the kernel writes at most `len` bytes to `info`, which is that long, and
    // `nr_func_info` elements of `func_info_rec_size` bytes where `func_info` points, which is
    // `function`; the other arrays have no elements. It writes to nothing later.
    let err =
        unsafe { libbpf_sys::bpf_prog_get_info_by_fd(fd.as_raw_fd(), &raw mut info, &raw mut len) };
    if err == 0 { Ok((info, function)) } else { Err(io::Error::from_raw_os_error(-err)) }
}

/// In the type that the kernel has for it; its structures are small.
fn size<T>(value: &T) -> u32 {
    u32::try_from(size_of_val(value)).unwrap_or(0)
}

fn function_name(btf: &Btf<'_>, id: u32) -> Option<String> {
    let function: Func<'_> = btf.type_by_id(TypeId::from(id))?;
    Some(escape(function.name()?.as_encoded_bytes()))
}

/// The time of day of so many nanoseconds after the boot.
fn since_boot(nanos: u64) -> io::Result<Timestamp> {
    let uptime = Duration::from(clock_gettime(ClockId::CLOCK_BOOTTIME)?);
    let age = uptime.saturating_sub(Duration::from_nanos(nanos));
    Ok(Timestamp::now() - SignedDuration::try_from(age).unwrap_or_default())
}

/// Where BPF file systems are mounted; usually that is /sys/fs/bpf alone. Other mounts' names
/// may be any bytes.
fn bpf_mounts(mounts: &[u8]) -> Vec<PathBuf> {
    let bpf = mounts.split(|&byte| byte == b'\n').filter_map(|line| {
        let mut words = line.split(|&byte| byte == b' ').skip(1);
        let folder = words.next()?;
        (words.next()? == b"bpf").then(|| PathBuf::from(OsString::from_vec(unescape(folder))))
    });
    bpf.collect()
}

/// The kernel writes blanks, line feeds and backslashes as a backslash and three octal digits.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'\\', &[a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ref after @ ..]) => {
                plain.push(((a - b'0') << 6) | ((b - b'0') << 3) | (c - b'0'));
                rest = after;
            }
            _ => plain.push(*first),
        }
    }
    plain
}

/// Find the pinned programs and links below a folder, by the ids of their programs.
fn walk(folder: &Path, pins: &mut HashMap<u32, Vec<PathBuf>>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&path, pins),
            Ok(kind) if kind.is_file() => {
                if let Some(id) = pinned_program(&path) {
                    pins.entry(id).or_default().push(path);
                }
            }
            _ => (),
        }
    }
}

/// The id of the program that is pinned here, or whose link is. Opening a link opens whatever
/// is pinned; the kernel tells of both in the same words, and of maps in others.
fn pinned_program(path: &Path) -> Option<u32> {
    let object = Link::open(path).ok()?;
    let fdinfo = format!("/proc/self/fdinfo/{}", object.as_fd().as_raw_fd());
    let fdinfo = fs::read_to_string(fdinfo).ok()?;
    fdinfo.lines().find_map(|line| line.strip_prefix("prog_id:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts() {
        let mounts = b"tmpfs /mnt/\xe9\xff tmpfs rw 0 0\n\
            none /run/a\\040b\\134040 bpf rw 0 0\n\
            none /run/bpf ext4 rw 0 0\n\
            bpf /sys/fs/\xff bpf rw 0 0\n";
        let found = bpf_mounts(mounts);
        let bytes = |at: usize| found[at].as_os_str().as_encoded_bytes();
        assert_eq!(
            (found.len(), bytes(0), bytes(1)),
            (2, b"/run/a b\\040".as_slice(), b"/sys/fs/\xff".as_slice())
        );
    }
}
