// SPDX-License-Identifier: GPL-2.0-only

//! Lines of a log, and what they are read as.

use super::*;

pub const LINE: &str = "type=UNKNOWN[1427] msg=audit(1795473545.953:38): prog-id=13 pid=54 \
    comm=\"sh\" cause=\"no-exec-from-tmp\" path=\"/tmp/x\" dev=\"tmpfs\" ino=7";

pub fn record(line: &str) -> Record {
    parse_line(line.as_bytes()).unwrap().unwrap()
}

pub fn access(fields: &str) -> Access {
    match record(&format!("type=1427 msg=audit(1.000:1): prog-id=1 {fields}")).body {
        Body::Access(access) => access,
        other => panic!("{other:?}"),
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn bare(text: &str) -> Value {
    Value::Bare(text.into())
}

#[test]
fn a_record() {
    let record = record(LINE);
    let event = &record.event;
    assert_eq!((event.time.as_millisecond(), event.serial), (1_795_473_545_953, 38));
    let Body::Access(access) = record.body else { panic!() };
    assert_eq!(access.id, 13);
    assert_eq!(access.fields.get("pid"), Some(&Value::Number(54)));
    assert_eq!(access.fields.text("cause"), Some(b"no-exec-from-tmp".as_slice()));
    assert_eq!(access.fields.0.last(), Some(&("ino".into(), Value::Number(7))));
    assert!(access.raw.starts_with("prog-id=13 pid=54 "));
}

#[test]
fn ways_to_write_a_line() {
    let body = LINE.strip_prefix("type=UNKNOWN[1427] ").unwrap();
    let plain = record(LINE);
    for head in ["type=BPF_LSM_ACCESS", "type=1427", "type=1427   ", "type=AUDIT1427"] {
        assert_eq!(record(&format!("{head} {body}\n")), plain);
    }
    assert_eq!(record(&LINE.replace("msg=", "")), plain);
    assert_eq!(record(&format!("{LINE}\x1dUID=\"root\"")), plain);
    let node = record(&format!("node=here {LINE}")).event.node;
    assert_eq!(node.as_deref(), Some(b"here".as_slice()));
    for other in ["\n", "----", "time->Tue Nov 24", "type=CWD msg=audit(1.0:1): cwd=\"/\""] {
        assert_eq!(parse_line(other.as_bytes()), Ok(None), "{other}");
    }
}

#[test]
fn other_types() {
    let body = |line| record(line).body;
    assert_eq!(body("type=BPF msg=audit(1.0:1): prog-id=3 op=LOAD"), Body::Load(3));
    assert_eq!(body("type=1334 msg=audit(1.0:1): prog-id=3 op=UNLOAD"), Body::Unload(3));
    assert_eq!(body("type=KERNEL msg=audit(1.0:1): state=initialized"), Body::Boot);
    let start = "type=DAEMON_START msg=audit(1.0:4270): op=start ver=4.0 auid=1000 res=success";
    assert_eq!(body(start), Body::DaemonStart);
    assert_eq!(body("type=EOE msg=audit(1.0:1): "), Body::End);
    let call = "type=SYSCALL msg=audit(1.0:1): syscall=59 exit=-13 uid=0 exe=2F612062 a0=5";
    let Body::Call { kind: 1300, text } = body(call) else { panic!() };
    let call = Fields::of_call(&text).unwrap();
    assert_eq!(call.text("exe"), Some(b"/a b".as_slice()));
    assert_eq!(call.get("exit"), Some(&Value::Code(-13)));
    assert_eq!((call.get("uid"), call.get("a0")), (Some(&Value::Number(0)), Some(&bare("5"))));
}

#[test]
fn profiles() {
    let call = |text: &str| Fields::of_call(format!("uid=5 {text}").as_bytes());
    for (text, subj) in [
        ("exe=\"/a\" subj=unconfined key=\"k\"", "unconfined"),
        (
            "exe=\"/a\" subj=/opt/Google Chrome/chrome (enforce) key=\"k\"",
            "/opt/Google Chrome/chrome (enforce)",
        ),
        (
            "exe=\"/a\" subj=my \"one uid=0 exe=\"/b\" key=x key=\"k\"",
            "my \"one uid=0 exe=\"/b\" key=x",
        ),
        ("exe=\"/a\" subj=x subj=y key=\"k\"", "x subj=y"),
    ] {
        let call = call(text).unwrap();
        assert_eq!(call.get("subj"), Some(&bare(subj)), "{text}");
        assert_eq!(call.get("uid"), Some(&Value::Number(5)), "{text}");
        assert_eq!(
            (call.text("exe"), call.text("key")),
            (Some(b"/a".as_slice()), Some(b"k".as_slice()))
        );
    }
    assert_eq!(call("exe=\"/a\" subj=my profile").unwrap().get("subj"), Some(&bare("my profile")));
    assert_eq!(call("comm=\"cut"), None);
    let cut = b"type=SYSCALL msg=audit(1.0:1): uid=5 comm=\"cut";
    assert_eq!(parse_line(cut), Err("has a quote that isn't closed"));
}

#[test]
fn records_in_one_line() {
    let node = format!("node=b {LINE}");
    let call = "type=SYSCALL audit(1.000:1): arch=1";
    for (line, records) in [
        (LINE.to_owned(), vec![LINE]),
        (node.clone(), vec![&node]),
        (format!("{LINE}{LINE}"), vec![LINE, LINE]),
        (format!("{LINE} {call}{LINE}"), vec![LINE, call, LINE]),
        (format!("{LINE}\x1dUID=\"root\"{LINE}"), vec![&format!("{LINE}\x1dUID=\"root\""), LINE]),
        (format!("{LINE}{node} {node}"), vec![LINE, &node, &node]),
        (format!("pid=5{LINE}"), vec!["pid=5", LINE]),
        // What isn't another record.
        (format!("{LINE} type=1427 msg=audit(1.000:x): "), vec![]),
        (format!("{LINE} fstype=ext4"), vec![]),
        (LINE.replace("sh", "type=1427_msg=audit(1.000:1):"), vec![]),
    ] {
        let begin = beginnings(line.as_bytes());
        let ends = begin.iter().skip(1).copied().chain([line.len()]);
        let parts: Vec<&str> =
            begin.iter().zip(ends).map(|(&at, end)| line[at..end].trim()).collect();
        assert_eq!(parts, if records.is_empty() { vec![line.trim()] } else { records });
    }
}

#[test]
fn values() {
    let access = access(
        "pid=? comm=? ocomm=\"?\" capability=25  saddr=2001:db8::1 src=65535 ino=18446744073709551615 \
         ioctlcmd=0x5412 name=\"\" new=41 opid=-1",
    );
    let value = |key| access.fields.get(key).unwrap();
    assert_eq!((value("pid"), value("comm")), (&Value::Unknown, &Value::Unknown));
    assert_eq!((value("ocomm"), value("name")), (&text("?"), &text("")));
    assert_eq!((value("capability"), value("ino")), (&Value::Number(25), &Value::Number(u64::MAX)));
    for (key, bare) in
        [("saddr", "2001:db8::1"), ("ioctlcmd", "0x5412"), ("new", "41"), ("opid", "-1")]
    {
        assert_eq!(value(key), &Value::Bare(bare.into()));
    }
}

#[test]
fn hex() {
    assert_eq!(access("pid=1 comm=612062").fields.text("comm"), Some(b"a b".as_slice()));
    assert_eq!(access("pid=1 comm=? path=2FFF0A").fields.text("path"), Some(b"/\xff\n".as_slice()));
    // A string that would be more fields, and a record, if it could.
    let forged = "\" cause=\"x\ntype=1427 msg=audit(1.0:1): prog-id=2";
    let digits = forged.bytes().fold(String::new(), |digits, byte| format!("{digits}{byte:02X}"));
    let access_of = access(&format!("pid=1 comm={digits} cause=\"y\""));
    assert_eq!(access_of.fields.text("comm"), Some(forged.as_bytes()));
    assert_eq!((access_of.id, access_of.fields.text("cause")), (1, Some(b"y".as_slice())));
    // Not hex, so as they are.
    for bare in ["612", "6g", "6a"] {
        assert_eq!(
            access(&format!("pid=1 comm={bare}")).fields.get("comm"),
            Some(&Value::Bare(bare.into()))
        );
    }
    // A device whose name could be taken for hex is in hex, too.
    for (netif, name) in
        [("lo", "lo"), ("BEE", "BEE"), ("3130", "10"), ("3F", "?"), ("226C6F", "\"lo")]
    {
        assert_eq!(
            access(&format!("pid=? comm=? netif={netif}")).fields.get("netif"),
            Some(&text(name))
        );
    }
}

#[test]
fn malformed() {
    let head = "type=1427 msg=audit(1.000:1): ";
    for body in [
        "",
        "pid=1",
        "prog-id=",
        "prog-id=-1",
        "prog-id=+1",
        "prog-id=4294967296",
        "prog-id=\"1\"",
        "prog-id=1 prog-id=2",
        // What is left of "prog-id=12 pid=34 comm=...".
        "prog-id=1",
        "prog-id=12 pid=3",
        "prog-id=12 pid=34 comm=\"sh",
        "prog-id=12 comm=\"sh\" pid=34",
        "prog-id=1 pid=1 comm=\"s\"h\"",
        "prog-id=1 pid=1 comm=? word",
        "prog-id=1 pid=1 comm=? =2",
        "prog-id=1 pid=1 comm=? PID=2",
        "prog-id=1 pid=1 comm=? \0=2",
    ] {
        assert!(parse_line(format!("{head}{body}").as_bytes()).is_err(), "{body}");
    }
    for line in [
        "x",
        "type=",
        "node=a",
        "type=1427 audit(",
        "type=1427 audit():",
        "type=1427 audit(1:1): prog-id=1",
        "type=1427 audit(9999999999999999999.000:1): prog-id=1",
        "type=1427 audit(9999999999999999.000:1): prog-id=1",
        "type=1427 audit(1.000:1) prog-id=1",
        "type=BPF audit(1.000:1): prog-id=1 op=RELOAD",
        "type=ACCESS audit(1.000:1): prog-id=1",
    ] {
        assert!(parse_line(line.as_bytes()).is_err(), "{line}");
    }
}

#[test]
fn nothing_panics() {
    for at in 0..LINE.len() {
        let _ = parse_line(&LINE.as_bytes()[..at]);
        for byte in 0..=u8::MAX {
            let mut line = LINE.as_bytes().to_vec();
            line[at] = byte;
            let _ = (parse_line(&line), beginnings(&line));
        }
    }
}
