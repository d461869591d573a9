//! The files and streams that `wgloss eval` reads and writes.

use crate::common::{files, npy, npy_of, piped, wgloss};
use std::fs;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const BASE: [&str; 5] = ["--device", "cpu", "--target", "t.npy", "--json"];

#[test]
fn numbers_of_every_kind_are_taken() {
    let directory = files();
    let one = |descr: &str, bytes: &[u8]| npy_of(descr, &[2], bytes);
    // 1 and 3, but for bool, which is 1 and 0
    let table: [(Vec<u8>, f64); 9] = [
        (one("<f8", &[1.0f64, 3.0].map(f64::to_le_bytes).concat()), 2.125),
        (one(">f4", &[1.0f32, 3.0].map(f32::to_be_bytes).concat()), 2.125),
        (one("<f2", &[0, 0x3c, 0, 0x42]), 2.125),
        (one("|u1", &[1, 3]), 2.125),
        (one("|i1", &[1, 3]), 2.125),
        (one("<i2", &[1, 0, 3, 0]), 2.125),
        (one(">u4", &[0, 0, 0, 1, 0, 0, 0, 3]), 2.125),
        (one("<i8", &[1i64, 3].map(i64::to_le_bytes).concat()), 2.125),
        (one("|b1", &[1, 0]), 0.625),
    ];
    for (file, expected) in table {
        fs::write(directory.path().join("n.npy"), &file).unwrap();
        let run = wgloss(directory.path(), &[&["eval", "mse", "--input", "n.npy"], &BASE[..]].concat());
        let head = String::from_utf8_lossy(&file[10..30]).into_owned();
        assert!(run.out.contains(&format!("\"loss\": {expected:?}")), "{head}: {run:#?}");
    }
    // a mask of bool, and a target of whole numbers in the shape of the prediction
    fs::write(directory.path().join("m.npy"), one("|b1", &[1, 0])).unwrap();
    let masked = ["eval", "l1", "--input", "x.npy", "--mask", "m.npy"];
    let run = wgloss(directory.path(), &[&masked, &BASE[..]].concat());
    assert!(run.out.contains("\"loss\": 0.5"), "{run:#?}");
    fs::write(directory.path().join("c.npy"), npy(&[1, 2], &[0.0, 0.0])).unwrap();
    fs::write(directory.path().join("d.npy"), npy_of("<i8", &[1, 2], &[0, 1].map(i64::to_le_bytes).concat())).unwrap();
    let dense = ["eval", "cross_entropy", "--device", "cpu", "--input", "c.npy", "--target", "d.npy"];
    let run = wgloss(directory.path(), &dense);
    assert_eq!(run.out.trim_end().parse(), Ok(2f64.ln()), "{run:#?}");
}

/// An `.npz` file with `x`, stored, and `z`, deflated.
fn npz() -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, method) in [("x.npy", CompressionMethod::Stored), ("z.npy", CompressionMethod::Deflated)] {
        archive.start_file(name, SimpleFileOptions::default().compression_method(method)).unwrap();
        archive.write_all(&npy(&[2], &[1.0, 3.0])).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn arrays_of_archives_are_read_by_name() {
    let directory = files();
    let at = |name: &str| directory.path().join(name);
    let good = npz();
    fs::write(at("a.npz"), &good).unwrap();
    let spoilt: Vec<u8> = {
        // flips a bit of the number 3 in the array that is not compressed
        let place = good.windows(4).position(|bytes| bytes == 3f32.to_le_bytes()).unwrap();
        good.iter().enumerate().map(|(k, byte)| if k == place { byte ^ 1 } else { *byte }).collect()
    };
    fs::write(at("spoilt.npz"), spoilt).unwrap();
    fs::write(at("cut.npz"), &good[..good.len() / 2]).unwrap();
    let table = [
        ("a.npz:x", 0, "\"loss\": 2.125"),
        ("a.npz:z", 0, "\"loss\": 2.125"),
        ("a.npz:y", 2, "error: a.npz:y: has no such array; it has x, z"),
        ("a.npz", 2, "error: a.npz: expected FILE.npz:ARRAY; its arrays are x, z"),
        ("spoilt.npz:x", 2, "error: spoilt.npz:x: is damaged: its checksum does not match"),
        ("cut.npz:x", 2, "error: cut.npz:x: is not an .npz file, or is damaged"),
        ("none.npz:x", 2, "os error"),
    ];
    for (place, status, said) in table {
        for hold in [&[][..], &["--hold", "1e-8"]] {
            let run = wgloss(directory.path(), &[&["eval", "mse", "--input", place], &BASE[..], hold].concat());
            assert_eq!(run.status, Some(status), "{place}: {run:#?}");
            assert!((run.out + &run.err).contains(said), "{place}: {said}");
        }
    }
}

#[test]
fn a_dash_reads_standard_input_and_writes_standard_output() {
    let directory = files();
    let (x, base) = (npy(&[2], &[1.0, 3.0]), ["eval", "mse", "--device", "cpu", "--target", "t.npy", "--input", "-"]);
    let (run, _) = piped(directory.path(), &base, &x);
    assert_eq!((run.status, run.out.as_str()), (Some(0), "2.125\n"), "{run:#?}");
    let (run, bytes) =
        piped(directory.path(), &[&base[..], &["--gradient-of", "input=-", "--output", "l.npy"]].concat(), &x);
    assert_eq!(run.status, Some(0), "{run:#?}");
    let gradient = [0.5f64, 2.0].map(f64::to_le_bytes).concat();
    assert!(bytes.starts_with(b"\x93NUMPY") && bytes.ends_with(&gradient), "{run:#?}");
    // if an array goes to the standard output, the loss is printed on the standard error
    let (run, bytes) = piped(directory.path(), &[&base[..], &["--gradient-of", "input=-"]].concat(), &x);
    assert!(bytes.ends_with(&gradient), "{run:#?}");
    assert_eq!((run.status, run.err.as_str()), (Some(0), "2.125\n"), "{run:#?}");
    let long = [&x[..], b"x"].concat();
    let table: [(&[u8], &[&str], &str); 7] = [
        (&long, &[], "error: -: is damaged: more bytes follow its last element"),
        (&x[..x.len() - 1], &[], "error: -: is cut off"),
        (b"", &[], "error: -: is not an .npy file"),
        (&x, &["--weight", "-"], "error: -: is named for two inputs"),
        (&x, &["--divide-by", "-"], "error: -: is named for two inputs"),
        (&x, &["--pairs", "-"], "error: -: is named for two inputs"),
        (&x, &["--output", "-", "--json"], "are both for the standard output"),
    ];
    for (input, more, said) in table {
        let (run, _) = piped(directory.path(), &[&base[..], more].concat(), input);
        assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{run:#?}");
        assert!(run.err.contains(said), "{said}: {run:#?}");
    }
}
