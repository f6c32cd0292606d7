// SPDX-License-Identifier: GPL-2.0-only

//! The command line.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use clap::{ColorChoice, Parser};
use jiff::{Span, Timestamp, ZonedDateTime, civil, tz::TimeZone};

use crate::programs::Life;
use crate::record::{Access, Record, Value};

/// Show the audit records of BPF LSM programs, and which program wrote each
///
/// BPF LSM programs report accesses in audit records of type 1427 (BPF_LSM_ACCESS), which tell
/// the id of the program. This command adds the program's name, tag, hook, pinned path and load
/// time: from the kernel while the program is loaded, and from audit's own records of its LOAD
/// and UNLOAD when it is not. Ids are given anew; a record is never put down to another program
/// that has the id later.
///
/// Without a FILE it shows the records as the kernel writes them, beside the audit daemon, until
/// it is interrupted. That takes CAP_AUDIT_READ and the initial network namespace. To ask about
/// programs takes CAP_SYS_ADMIN.
#[derive(Parser)]
// Backticks would be printed.
#[expect(clippy::doc_markdown)]
#[command(version, after_help = AFTER, max_term_width = 100)]
pub struct Args {
    /// Logs of auditd, the oldest first, or "-" for standard input: read these instead
    pub file: Vec<PathBuf>,

    /// Go on with the last FILE as it grows, also when it is rotated
    #[arg(short, long, requires = "file")]
    pub follow: bool,

    /// Only records with this cause (may be repeated)
    #[arg(short, long, value_name = "TEXT")]
    pub cause: Vec<String>,

    /// Only records of the program with this id, name or tag (may be repeated)
    #[arg(short = 'P', long, value_name = "PROGRAM")]
    pub prog: Vec<String>,

    /// Only records of this process (may be repeated)
    #[arg(short, long)]
    pub pid: Vec<u64>,

    /// Only records with this path, or one below it (may be repeated)
    #[arg(long)]
    pub path: Vec<PathBuf>,

    /// Only records of this time or later: "2026-11-24", "2026-11-24 10:30", "2026-11-24T10:30Z",
    /// or how long ago: "90s", "2h 30m", "7d"
    #[arg(short, long, value_name = "TIME", value_parser = parse_time)]
    pub since: Option<Timestamp>,

    /// Write one JSON object on each line
    #[arg(short, long)]
    pub json: bool,

    /// Count instead, by program and cause, and show that at the end, or every so many SECONDS
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true,
          default_missing_value = "0")]
    pub stats: Option<u64>,

    /// Don't ask the kernel about programs: the log is another machine's
    #[arg(long)]
    pub no_kernel: bool,

    /// Whether to use colour
    #[arg(long, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
}

const AFTER: &str = "\
Exit status:
  0  all records were read; also if interrupted, or if nobody reads the output any more
  1  some could not be read or were lost, which was said
  2  it could not begin or go on

lsm-audit-log(8) has examples.";

impl Args {
    pub fn want(&self, record: &Record, access: &Access) -> bool {
        self.since.is_none_or(|since| record.time >= since)
            && any(&self.cause, |cause| access.text("cause") == Some(cause.as_bytes()))
            && any(&self.pid, |&pid| access.get("pid") == Some(&Value::Number(pid)))
            && any(&self.path, |path| access.text("path").is_some_and(|it| is_below(it, path)))
    }

    pub fn want_program(&self, id: u32, life: &Life) -> bool {
        any(&self.prog, |it| {
            let known = life.info.as_ref();
            it.parse() == Ok(id) || known.is_some_and(|info| info.name == *it || info.tag == *it)
        })
    }
}

/// Whether it is any of these; if none are named, it is.
fn any<T>(these: &[T], is: impl Fn(&T) -> bool) -> bool {
    these.is_empty() || these.iter().any(is)
}

/// As text: the record may tell of a path that isn't there.
fn is_below(path: &[u8], folder: &Path) -> bool {
    let folder = folder.as_os_str().as_bytes();
    let folder = folder.strip_suffix(b"/").unwrap_or(folder);
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

fn parse_time(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let local = TimeZone::system();
    if let Ok(time) = text.parse::<civil::DateTime>() {
        return local.to_timestamp(time).map_err(|err| err.to_string());
    }
    let ago = text.parse::<Span>().map_err(|_| "neither a time nor how long ago")?;
    let then = ZonedDateTime::now().checked_sub(ago).map_err(|err| err.to_string())?;
    Ok(then.timestamp())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_manual_page_has_every_option() {
        let page = include_str!("../lsm-audit-log.8");
        Args::command().debug_assert();
        for long in Args::command().get_arguments().filter_map(clap::Arg::get_long) {
            assert!(page.contains(&format!("Fl -{long}")), "{long}");
        }
    }

    #[test]
    fn times() {
        let now = Timestamp::now();
        assert_eq!(parse_time("2026-11-24T10:30Z").unwrap().as_second(), 1_795_516_200);
        assert!(parse_time("2026-11-24").unwrap() < parse_time("2026-11-24 10:30").unwrap());
        let ago = |text| now.duration_since(parse_time(text).unwrap()).as_secs();
        assert!((80..=90).contains(&ago("90s")) && (9000 - 10..=9000).contains(&ago("2h 30m")));
        for text in ["", "soon", "2026-13-01", "99999999y"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn paths() {
        for (path, folder, below) in [
            ("/a/b", "/a", true),
            ("/a/b", "/a/", true),
            ("/a", "/a", true),
            ("/ab", "/a", false),
            ("/a", "/", true),
            ("a", "/", false),
        ] {
            assert_eq!(is_below(path.as_bytes(), Path::new(folder)), below, "{path} {folder}");
        }
    }
}
