//! Builds programs for Windows in the folder with Debian unstable, and runs them there under Wine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::machine::{Ended, Halt, need};
use super::place::{Place, file_error};
use super::sid::Sid;

/// The packages that compile for Windows. Debian has no standard library for Windows, so rust-src builds one.
pub const COMPILER: &[&str] = &["rustc", "cargo", "rust-src", "gcc", "libc6-dev", "gcc-mingw-w64-x86-64-win32"];

/// The packages that run programs for Windows. Wine finds no adapter without a display, so Xvfb provides one.
pub const WINE: &[&str] = &[
    "wine",
    "wine64",
    "xvfb",
    "libvulkan1",
    "libx11-6",
    "libxext6",
    "libxrandr2",
    "libxi6",
    "libxcursor1",
    "libxcomposite1",
    "libxfixes3",
    "libxinerama1",
    "libxxf86vm1",
    "libxrender1",
    "libgl1",
];

/// The target of the programs.
pub const TARGET: &str = "x86_64-pc-windows-gnu";

/// The Python package with Microsoft's FXC. It is downloaded when it is used, and never committed.
const FXC_PACKAGE: &str = "kivy-deps.angle==0.5.0";

/// Cargo's variables inside. RUSTC_BOOTSTRAP lets a stable compiler build the standard library.
const CARGO: &[(&str, &str)] =
    &[("CARGO_HOME", "/opt/wgloss/cargo"), ("CARGO_TARGET_DIR", "/opt/wgloss/target"), ("RUSTC_BOOTSTRAP", "1")];

/// Wine's variables: use Microsoft's compiler instead of Wine's, and don't offer to install Mono or Gecko. Debian keeps
/// wineserver beside Wine's libraries.
const SETTINGS: &[(&str, &str)] = &[
    ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/x86_64-linux-gnu/wine"),
    ("WINEPREFIX", "/opt/wgloss/prefix"),
    ("WINEDEBUG", "-all"),
    ("WINEDLLOVERRIDES", "d3dcompiler_47=n;mscoree=;mshtml="),
];

/// Makes Wine's Direct3D 12 use Vulkan, and Vulkan use llvmpipe.
const DIRECT_X: &[(&str, &str)] = &[
    ("WINE_D3D_CONFIG", "renderer=vulkan"),
    ("VK_DRIVER_FILES", "/usr/share/vulkan/icd.d/lvp_icd.json"),
    ("WGPU_BACKEND", "dx12"),
];

/// A script that starts a display, runs a program on it, and stops the display and Wine when the program ends or the
/// script is killed.
const ON_DISPLAY: &str = r#"
cd /here
number=$(mktemp)
Xvfb -displayfd 3 -screen 0 640x480x24 3>"$number" >/dev/null 2>&1 & screen=$!
trap 'wineserver -k || true; kill $screen; rm "$number"' EXIT
trap 'exit 1' INT TERM
while ! [ -s "$number" ]; do sleep 0.2; done
export DISPLAY=":$(cat "$number")"
"$@" & wait $!
"#;

/// Builds and runs programs for Windows in Debian unstable.
pub struct Windows<'a> {
    place: &'a Place,
    sid: &'a Sid,
}

impl<'a> Windows<'a> {
    /// Installs `packages` in Debian unstable.
    pub fn with(place: &'a Place, packages: &[&[&str]]) -> Result<Self, Halt> {
        let sid = place.sid()?;
        sid.install(&packages.concat())?;
        Ok(Self { place, sid })
    }

    /// A cargo command at the project's root, inside.
    pub fn cargo(&self, arguments: &str) -> Command {
        let words: Vec<&str> = ["env", "--chdir=/here", "cargo"].into_iter().chain(arguments.split(' ')).collect();
        self.sid.command(CARGO, &words)
    }

    /// A cargo command that also builds the standard library, and runs programs under Wine.
    pub fn cargo_with_std(&self, task: &str, arguments: &str) -> Command {
        let locked = "--locked -Zbuild-std=std,panic_unwind";
        let mut cargo = self.cargo(&format!("{task} {locked} {arguments}"));
        cargo.envs(SETTINGS.iter().copied()).env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", "wine");
        cargo
    }

    /// Builds the program for Windows, with FXC beside it.
    pub fn build(&self) -> Result<(), Halt> {
        let mut cargo = self.cargo_with_std("build", &format!("--target {TARGET} -p wgloss-cli"));
        self.place.watch(&mut cargo, "build", 60)?.success("building the program for Windows")?;
        let bin = self.fxc()?;
        let built = self.sid.path_in_opt("target").join(TARGET).join("debug/wgloss.exe");
        fs::copy(&built, bin.join("wgloss.exe")).map(drop).map_err(|error| file_error(&built, &error))
    }

    /// Runs the program under Wine, on Direct3D 12.
    pub fn run(&self, arguments: &[&str], variables: &[(&str, &str)], log: &str, minutes: u64) -> Result<Ended, Halt> {
        self.boot()?;
        let program = ["sh", "-e", "-c", ON_DISPLAY, "sh", "wine", "/opt/wgloss/bin/wgloss.exe"];
        let mut command = self.sid.command(&[SETTINGS, DIRECT_X, variables].concat(), &[&program, arguments].concat());
        self.place.watch(&mut command, log, minutes)
    }

    /// A command that runs a program under Wine, without a display.
    pub fn wine(&self, words: &[&str]) -> Command {
        self.sid.command(SETTINGS, &[&["wine"], words].concat())
    }

    /// Makes Wine's folder if it is not there. Programs that start at the same time would each try to make it.
    pub fn boot(&self) -> Result<(), Halt> {
        if self.sid.path_in_opt("prefix/system.reg").exists() {
            return Ok(());
        }
        let mut boot = self.sid.command(SETTINGS, &["wineboot", "--init"]);
        self.place.watch(&mut boot, "wineboot", 10)?.success("wineboot")?;
        let mut wait = self.sid.command(SETTINGS, &["wineserver", "--wait"]);
        self.place.watch(&mut wait, "wineserver", 10)?.success("wineserver").map(drop)
    }

    /// The folder with FXC. Downloads FXC if it is not there.
    pub fn fxc(&self) -> Result<PathBuf, Halt> {
        let bin = self.sid.path_in_opt("bin");
        fs::create_dir_all(&bin).map_err(|error| file_error(&bin, &error))?;
        let library = bin.join("d3dcompiler_47.dll");
        if !library.exists() {
            let wheel = download(self.place, FXC_PACKAGE, &["--only-binary", ":all:", "--platform", "win_amd64"])?;
            let unpacked = self.place.empty_folder("downloads/unpacked")?;
            let mut unzip = Command::new("python3");
            unzip.args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&unpacked);
            self.place.watch(&mut unzip, "unpack", 5)?.success("unpacking FXC's package")?;
            let found = find(&unpacked, "d3dcompiler_47.dll")
                .ok_or_else(|| Halt::Failed(format!("{FXC_PACKAGE} has no d3dcompiler_47.dll")))?;
            fs::copy(found, &library).map_err(|error| file_error(&library, &error))?;
        }
        Ok(bin)
    }

    /// Builds the program that compiles HLSL with FXC, and returns its path inside.
    pub fn fxc_program(&self) -> Result<&'static str, Halt> {
        self.fxc()?;
        let compile = "x86_64-w64-mingw32-gcc -O1 -o /opt/wgloss/bin/fxc.exe /here/xtask/platforms/fxc.c -lole32";
        let mut compiler = self.sid.command(&[], &compile.split(' ').collect::<Vec<_>>());
        self.place.watch(&mut compiler, "program", 5)?.success("compiling fxc.c")?;
        Ok("/opt/wgloss/bin/fxc.exe")
    }

    /// Debian unstable.
    pub fn sid(&self) -> &Sid {
        self.sid
    }

    /// Wine's name and version.
    pub fn name(&self) -> String {
        format!("Wine {}", self.sid.version("wine"))
    }
}

/// Downloads a Python package, and returns its file.
pub fn download(place: &Place, package: &str, options: &[&str]) -> Result<PathBuf, Halt> {
    need(place.install, &["python3", "python3-pip"])?;
    let folder = place.empty_folder("downloads/package")?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "-q", "--no-deps"]).args(options).arg("-d").arg(&folder).arg(package);
    place.watch(&mut pip, "pip", 15)?.success(&format!("pip download {package}"))?;
    let files = super::texts::files(&folder)?;
    files.into_iter().next().ok_or_else(|| Halt::Failed(format!("pip downloaded nothing of {package}")))
}

/// Finds a file by name, anywhere in a folder.
pub fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries = super::texts::files(folder).ok()?;
    let within = |path: PathBuf| match path.is_dir() {
        true => find(&path, name),
        false => path.file_name().is_some_and(|file| file == name).then_some(path),
    };
    entries.into_iter().find_map(within)
}
