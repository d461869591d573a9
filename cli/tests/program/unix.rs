//! Modes, links, signals and descriptors, which only Unix has.

use super::names;
use crate::common::{elements, files, npy, run, wgloss};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::Command;
use std::process::Stdio;
use std::time::{Duration, Instant};

const BASE: [&str; 8] = ["eval", "mse", "--device", "cpu", "--input", "x.npy", "--target", "t.npy"];

#[test]
fn an_output_keeps_its_mode_and_its_links() {
    let directory = files();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("old.npy"), "what was there").unwrap();
    fs::set_permissions(at("old.npy"), fs::Permissions::from_mode(0o600)).unwrap();
    symlink("old.npy", at("link.npy")).unwrap();
    symlink("gone.npy", at("dangling.npy")).unwrap();
    fs::write(at("one.npy"), "what was there").unwrap();
    fs::hard_link(at("one.npy"), at("other.npy")).unwrap();
    fs::write(at("fixed.npy"), "what was there").unwrap();
    fs::set_permissions(at("fixed.npy"), fs::Permissions::from_mode(0o444)).unwrap();
    let write = |place: &str| wgloss(directory.path(), &[&BASE[..], &["--output", place]].concat());
    let holds = |name: &str| elements(at(name), 1, f64::from_le_bytes) == [2.125];

    for place in ["old.npy", "link.npy"] {
        fs::write(at("old.npy"), "what was there").unwrap();
        assert_eq!(write(place).status, Some(0), "{place}");
        assert!(holds("old.npy"), "{place}");
        assert_eq!(fs::metadata(at("old.npy")).unwrap().mode() & 0o777, 0o600, "{place}");
        assert!(fs::symlink_metadata(at("link.npy")).unwrap().is_symlink());
    }
    assert_eq!(write("one.npy").status, Some(0));
    assert!(holds("one.npy") && holds("other.npy"), "two names of one file");

    let run = write("dangling.npy");
    assert_eq!(run.status, Some(2), "{run:#?}");
    assert!(run.err.contains("dangling.npy: is a link to gone.npy, which does not exist"), "{run:#?}");
    assert!(fs::symlink_metadata(at("dangling.npy")).unwrap().is_symlink());
    let run = write("fixed.npy");
    assert_eq!(run.status, Some(2), "{run:#?}");
    assert!(run.err.contains("fixed.npy: exists, but may not be written"), "{run:#?}");
    let left = names(directory.path());
    assert!(left.iter().all(|name| !name.starts_with('.')), "{left:?}");
}

// only Linux tells the program which signals it was started to ignore
#[cfg(target_os = "linux")]
#[test]
fn a_signal_ignored_at_the_start_stays_ignored() {
    let directory = files();
    // signals arrive while the program writes the report, so its handlers are installed
    let line = "trap '' HUP INT; \"$WGLOSS\" verify --device cpu --report r.json >/dev/null & \
                while kill -HUP $! && kill -INT $!; do sleep 0.01; done 2>/dev/null; wait $!; echo $?";
    let mut program = Command::new("bash");
    let program = program.current_dir(directory.path()).args(["-c", line]);
    let run = run(program.env("WGLOSS", env!("CARGO_BIN_EXE_wgloss")));
    assert_eq!(run.out, "0\n", "{run:#?}");
}

#[test]
fn a_result_that_cannot_be_printed_is_a_failure() {
    let directory = files();
    let shell = |line: &str| {
        let mut program = Command::new("bash");
        let program = program.current_dir(directory.path()).args(["-c", line]);
        run(program.env("WGLOSS", env!("CARGO_BIN_EXE_wgloss")))
    };
    let eval = "\"$WGLOSS\" eval mse --device cpu --input x.npy --target t.npy";
    let closed = shell(&format!("{eval} >&-"));
    assert_eq!(closed.status, Some(1), "{closed:#?}");
    assert!(closed.err.contains("error: standard output: is closed"), "{closed:#?}");
    let listed = shell("\"$WGLOSS\" list >&-");
    assert_eq!(listed.status, Some(1), "{listed:#?}");
    // output to a file or to /dev/null is a success
    for more in ["--output l.npy >&-", ">/dev/null", "1<>/dev/null"] {
        let run = shell(&format!("{eval} {more}"));
        assert_eq!((run.status, run.err.as_str()), (Some(0), ""), "{more}: {run:#?}");
    }
    // the reader leaves before there is output
    let left = shell(&format!("{{ sleep 0.2; {eval}; echo $? >status; }} | true; cat status"));
    assert_eq!((left.out.as_str(), left.err.as_str()), ("141\n", ""), "{left:#?}");
}

/// An evaluation that takes long has a bar on a terminal, here because the last bytes of its operand arrive late; a quick one has none.
#[cfg(target_os = "linux")]
#[test]
fn what_takes_long_has_a_bar() {
    let directory = files();
    let at_terminal = |wait: &str| {
        let eval = "\"$WGLOSS\" eval mse --device cpu --input - --target t.npy";
        let line = format!("{{ head -c -4 x.npy; sleep {wait}; tail -c 4 x.npy; }} | {eval}");
        let mut program = Command::new("script");
        let program = program.current_dir(directory.path()).args(["-qec", &line, "/dev/null"]).stdin(Stdio::null());
        run(program.env("WGLOSS", env!("CARGO_BIN_EXE_wgloss")).env("TERM", "xterm"))
    };
    let long = at_terminal("2");
    assert!(long.out.contains("2.125") && long.out.contains("B of 16 B"), "{long:#?}");
    let quick = at_terminal("0");
    assert!(quick.out.contains("2.125") && !quick.out.contains("B of 16 B"), "{quick:#?}");
}

#[test]
fn a_signal_leaves_no_temporary_files() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let elements = 1 << 22;
    for name in ["x.npy", "t.npy"] {
        fs::write(at(name), npy(&[elements], &vec![0.5; elements])).unwrap();
    }
    for (signal, number) in [("TERM", 15), ("INT", 2)] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_wgloss"));
        let mut child = program
            .current_dir(directory.path())
            .args(BASE)
            .args(["--gradient-of", "input=a.npy", "--gradient-of", "target=b.npy"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // wait for the first temporary file
        let began = Instant::now();
        let temporaries = || names(directory.path()).into_iter().filter(|name| name.starts_with(".wgloss-")).count();
        while temporaries() == 0 && child.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < Duration::from_secs(60), "nothing was written");
            std::thread::sleep(Duration::from_micros(200));
        }
        let sent = Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status().unwrap();
        assert!(sent.success(), "it ended before the signal came");
        let status = child.wait().unwrap();
        assert_eq!(temporaries(), 0, "{signal}");
        use std::os::unix::process::ExitStatusExt;
        // if the signal came too late, all files are written
        let whole = at("a.npy").exists() && at("b.npy").exists();
        assert!(status.signal() == Some(number) || whole, "{status}");
        for name in ["a.npy", "b.npy"] {
            let _ = fs::remove_file(at(name));
        }
    }
}
