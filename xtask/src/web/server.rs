//! A web server for a folder of static files, on this machine alone.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::thread;

use crate::run::Stop;

/// The types of the files that the page has.
const TYPES: &[(&str, &str)] = &[
    ("html", "text/html; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("wasm", "application/wasm"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("wgsl", "text/plain; charset=utf-8"),
];

/// A server that is bound to its address. It answers only while [`serve`](Self::serve) runs.
pub struct Server {
    listener: TcpListener,
    folder: PathBuf,
}

impl Server {
    /// A server of a folder at 127.0.0.1, at this port or, if it is taken or 0, at a free one.
    pub fn new(folder: PathBuf, port: u16) -> Result<Self, Stop> {
        let at = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let listener = at(port).or_else(|_| at(0)).map_err(|error| Stop::Failed(format!("127.0.0.1: {error}")))?;
        Ok(Self { listener, folder })
    }

    /// The address of the page.
    pub fn address(&self) -> String {
        let port = self.listener.local_addr().map_or(0, |address| address.port());
        format!("http://127.0.0.1:{port}/")
    }

    /// Answers until the program ends.
    pub fn serve(&self) {
        for stream in self.listener.incoming().flatten() {
            let folder = self.folder.clone();
            // an error of one connection, such as a client that leaves early, does not affect the others
            thread::spawn(move || drop(answer(stream, &folder)));
        }
    }
}

fn answer(mut stream: TcpStream, folder: &Path) -> io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    // the headers are not needed, but a browser expects them to be read
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let found = asked(&request).and_then(|path| Some((fs::read(folder.join(&path)).ok()?, path)));
    let (status, kind, bytes) = match found {
        Some((bytes, path)) => ("200 OK", type_of(&path), bytes),
        None => ("404 Not Found", "text/plain", b"there is no such file".to_vec()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-cache\r\nConnection: close\r\n\r\n",
        bytes.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&bytes)
}

/// The path that a request line asks for, within the folder.
fn asked(request: &str) -> Option<PathBuf> {
    let path = request.strip_prefix("GET /")?.split([' ', '?', '#']).next()?;
    let path = Path::new(if path.is_empty() { "index.html" } else { path });
    path.components().all(|part| matches!(part, Component::Normal(_))).then(|| path.into())
}

fn type_of(path: &Path) -> &'static str {
    let extension = path.extension().unwrap_or_default();
    TYPES.iter().find(|(known, _)| extension == *known).map_or("application/octet-stream", |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn only_files_within_the_folder_are_served() {
        for (request, path) in [
            ("GET / HTTP/1.1", Some("index.html")),
            ("GET /lib/plot.js?1 HTTP/1.1", Some("lib/plot.js")),
            ("GET /../Cargo.toml HTTP/1.1", None),
            ("GET //etc/passwd HTTP/1.1", None),
            ("POST / HTTP/1.1", None),
            ("", None),
        ] {
            assert_eq!(asked(request), path.map(PathBuf::from), "{request}");
        }
        assert_eq!(type_of(Path::new("a/b.wasm")), "application/wasm");
        assert_eq!(type_of(Path::new("cases/l1.safetensors")), "application/octet-stream");
    }

    #[test]
    fn a_file_is_served_with_its_type() {
        let folder = crate::run::root().join("web/page");
        let server = Server::new(folder, 0).expect("a free port");
        let address = server.address();
        thread::spawn(move || server.serve());
        let host = address.trim_start_matches("http://").trim_end_matches('/');
        let get = |path: &str| {
            let mut stream = TcpStream::connect(host).expect("a server");
            write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("a request");
            let mut text = String::new();
            stream.read_to_string(&mut text).expect("an answer");
            text
        };
        let page = get("/");
        assert!(page.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/html"), "{page}");
        assert!(get("/nosuch.js").starts_with("HTTP/1.1 404 "));
    }
}
