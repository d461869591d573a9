//! Debian unstable in a folder, for newer drivers, Wine and a compiler for Windows, without changing the machine.
//!
//! Every command inside has its own mount namespace, so that nothing stays mounted when it ends or is killed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::machine::{Halt, is_installed, need, need_root, version, watch};
use crate::args::Install;
use crate::run::root;

/// The mirror of Debian's packages, if the machine's settings name none.
const MIRROR: &str = "http://deb.debian.org/debian";

/// The caller's variables that commands inside get too: the proxies.
const KEPT: &[&str] = &["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

/// A script that mounts /proc, /dev and the project (read-only, at /here), and then runs a program inside.
const ENTER: &str = r#"
sid=$1; project=$2; shift 2
mount --bind /proc "$sid/proc"
mount --rbind /dev "$sid/dev"
mount --bind "$project" "$sid/here"
mount -o remount,bind,ro "$sid/here"
exec chroot "$sid" "$@"
"#;

/// The folder with Debian unstable.
#[derive(Debug)]
pub struct Sid {
    folder: PathBuf,
}

impl Sid {
    /// The system in `folder`. Makes it if it is not there.
    pub fn made(folder: &Path, install: Install) -> Result<Self, Halt> {
        need_root()?;
        let sid = Self { folder: folder.to_path_buf() };
        if !folder.exists() {
            if install == Install::Forbidden {
                let why = format!("--no-install was given, and {} is to be made first", folder.display());
                return Err(Halt::LeftOut(why));
            }
            need(install, &["debootstrap", "debian-archive-keyring"])?;
            println!("making {} with debootstrap: about a minute", folder.display());
            sid.make()?;
        }
        Ok(sid)
    }

    fn make(&self) -> Result<(), Halt> {
        // under another name until it is complete
        let partial = Self { folder: self.folder.with_extension("partial") };
        let failed = |error: std::io::Error| Halt::Failed(format!("{}: {error}", partial.folder.display()));
        if partial.folder.exists() {
            fs::remove_dir_all(&partial.folder).map_err(failed)?;
        }
        fs::create_dir_all(&partial.folder).map_err(failed)?;
        let mut bootstrap = Command::new("unshare");
        bootstrap.args(["--mount", "debootstrap", "--variant=minbase"]);
        bootstrap.arg("--include=ca-certificates,mesa-vulkan-drivers,libvulkan1");
        bootstrap.arg("sid").arg(&partial.folder).arg(mirror());
        watch(&mut bootstrap, &self.log("debootstrap"), 30)?.success("debootstrap")?;
        fs::create_dir_all(partial.folder.join("here")).map_err(failed)?;
        fs::create_dir_all(partial.path_in_opt("cargo")).map_err(failed)?;
        partial.share_settings().map_err(failed)?;
        partial.run(&["update-ca-certificates"], "certificates", 5)?;
        fs::rename(&partial.folder, &self.folder).map_err(failed)
    }

    /// Copies the machine's certificates and cargo's settings into the system. Behind a proxy, downloads need them.
    fn share_settings(&self) -> std::io::Result<()> {
        let own = Path::new("usr/local/share/ca-certificates");
        let certificates = fs::read_dir(Path::new("/").join(own)).into_iter().flatten();
        for certificate in certificates.flatten().filter(|entry| entry.path().extension().is_some_and(|e| e == "crt")) {
            fs::copy(certificate.path(), self.folder.join(own).join(certificate.file_name()))?;
        }
        let home = || env::var_os("HOME").map(|home| Path::new(&home).join(".cargo"));
        let cargo = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home);
        let settings = cargo.into_iter().flat_map(|folder| ["config.toml", "config"].map(|name| folder.join(name)));
        if let Some(settings) = settings.into_iter().find(|path| path.exists()) {
            fs::copy(settings, self.path_in_opt("cargo").join("config.toml"))?;
        }
        Ok(())
    }

    /// Installs missing packages inside.
    pub fn install(&self, packages: &[&str]) -> Result<(), Halt> {
        let missing = |package: &&&str| !is_installed(Some(&self.folder), package);
        let missing: Vec<&str> = packages.iter().filter(missing).copied().collect();
        if missing.is_empty() {
            return Ok(());
        }
        println!("installing in {}: {}", self.folder.display(), missing.join(" "));
        let update = ["apt-get", "update", "-q"];
        if self.run(&update, "apt-update", 10).is_err() {
            // the lists of an outdated mirror may have expired
            self.run(&[&update[..], &["-o", "Acquire::Check-Valid-Until=false"]].concat(), "apt-update", 10)?;
        }
        let install = ["apt-get", "install", "-q", "-y", "--no-install-recommends"];
        self.run(&[&install[..], &missing].concat(), "apt-install", 30)?;
        Ok(())
    }

    /// Runs a command inside. Fails if the command fails.
    fn run(&self, words: &[&str], log: &str, minutes: u64) -> Result<String, Halt> {
        watch(&mut self.command(&[], words), &self.log(log), minutes)?.success(&words.join(" "))
    }

    /// A command that runs inside, with `variables` and the `KEPT` variables of the caller.
    pub fn command(&self, variables: &[(&str, &str)], words: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-e", "-c", ENTER, "sh"]).arg(&self.folder).arg(root()).args(words);
        command.current_dir("/").env_clear();
        command.envs(KEPT.iter().filter_map(|name| Some((name, env::var_os(name)?))));
        command.envs([("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("HOME", "/root"), ("LC_ALL", "C.UTF-8")]);
        command.envs([("DEBIAN_FRONTEND", "noninteractive"), ("XDG_RUNTIME_DIR", "/tmp")]);
        command.envs(variables.iter().copied());
        command
    }

    /// The path on the machine of a file that lies in /opt/wgloss inside.
    pub fn path_in_opt(&self, path: &str) -> PathBuf {
        self.folder.join("opt/wgloss").join(path)
    }

    /// The path on the machine of a file inside. `path` is relative to the root folder there, without a slash before it.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// The version of a package inside.
    pub fn version(&self, package: &str) -> String {
        version(Some(&self.folder), package)
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.with_file_name("logs").join(format!("{name}.txt"))
    }
}

/// The mirror of Debian in the machine's apt settings.
fn mirror() -> String {
    let sources = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten().map(|entry| entry.path());
    let files = [PathBuf::from("/etc/apt/sources.list")].into_iter().chain(sources);
    let texts = files.filter_map(|path| fs::read_to_string(path).ok());
    texts.filter_map(|text| mirror_in(&text)).next().unwrap_or_else(|| MIRROR.into())
}

/// The first mirror of Debian itself in a list of sources, in the old or the new format. Its path ends in `/debian`.
fn mirror_in(text: &str) -> Option<String> {
    let lines = text.lines().map(str::trim).filter(|line| line.starts_with("deb ") || line.starts_with("URIs:"));
    let words = lines.flat_map(str::split_whitespace);
    let mut mirrors = words.filter(|word| word.contains("://") && word.trim_end_matches('/').ends_with("/debian"));
    mirrors.next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::mirror_in;

    #[test]
    fn the_mirror_of_debian_itself_is_found() {
        for (text, mirror) in [
            ("Types: deb\nURIs: http://mirror/debian\nSuites: bookworm\n", Some("http://mirror/debian")),
            ("Types: deb\nURIs: http://mirror/debian-security\n", None),
            (
                "# deb http://old/debian a main\ndeb [arch=amd64] http://new/debian/ a main\n",
                Some("http://new/debian/"),
            ),
            ("deb https://others/packages a main\n", None),
            ("", None),
        ] {
            assert_eq!(mirror_in(text).as_deref(), mirror, "{text}");
        }
    }
}
