//! Recognises the Linux distribution, and knows how to install its software Vulkan driver.

/// A command: the program, then its arguments.
pub type Step = &'static [&'static str];

/// A family of distributions that share a package manager and package names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// Debian, Ubuntu and their derivatives.
    Debian,
    /// Fedora, RHEL and their derivatives.
    Fedora,
}

impl Distribution {
    /// Finds the family in the text of an os-release file.
    pub fn from_os_release(text: &str) -> Option<Self> {
        // ID decides before ID_LIKE.
        let names = ["ID", "ID_LIKE"].into_iter().filter_map(|key| value(text, key));
        names.flat_map(str::split_whitespace).find_map(Self::named)
    }

    fn named(id: &str) -> Option<Self> {
        match id {
            "debian" | "ubuntu" => Some(Self::Debian),
            "fedora" | "rhel" => Some(Self::Fedora),
            _ => None,
        }
    }

    /// The commands, in order, that install Mesa's drivers (with lavapipe) and the Vulkan loader, which programs need
    /// to find a driver.
    pub fn install_steps(self) -> &'static [Step] {
        match self {
            // `env` sets the variable, because sudo drops the caller's environment.
            Self::Debian => &[
                &["apt-get", "update"],
                &[
                    "env",
                    "DEBIAN_FRONTEND=noninteractive",
                    "apt-get",
                    "install",
                    "-y",
                    "mesa-vulkan-drivers",
                    "libvulkan1",
                ],
            ],
            Self::Fedora => &[&["dnf", "install", "-y", "mesa-vulkan-drivers", "vulkan-loader"]],
        }
    }
}

/// The steps as one line for a shell, each with `prefix` before it.
pub fn shell_line(steps: &[Step], prefix: &[&str]) -> String {
    steps.iter().map(|step| [prefix, step].concat().join(" ")).collect::<Vec<_>>().join(" && ")
}

/// The distribution's own name in the text of an os-release file.
pub fn name(text: &str) -> Option<&str> {
    value(text, "PRETTY_NAME").or_else(|| value(text, "NAME"))
}

fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let value = line.strip_prefix(key)?.strip_prefix('=')?;
        Some(value.trim_matches(['"', '\'']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release_names_the_family() {
        use Distribution::{Debian, Fedora};
        for (text, family) in [
            ("PRETTY_NAME=\"Debian GNU/Linux 12\"\nVERSION_ID=\"12\"\nID=debian\n", Some(Debian)),
            ("ID=ubuntu\nID_LIKE=debian\n", Some(Debian)),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", Some(Debian)),
            ("ID=elementary\nID_LIKE=ubuntu\n", Some(Debian)),
            ("NAME=Fedora\nID=fedora\n", Some(Fedora)),
            ("ID='ol'\r\nID_LIKE='fedora'\r\n", Some(Fedora)),
            ("ID=\"rocky\"\nID_LIKE=\"rhel centos\"\n", Some(Fedora)),
            ("ID=\"rhel\"\nID_LIKE=\"fedora\"\n", Some(Fedora)),
            // ID decides, even on a later line.
            ("ID_LIKE=fedora\nID=debian\n", Some(Debian)),
            ("ID=arch\n", None),
            // Neither a longer key nor a longer name counts.
            ("VERSION_ID=debian\nID=debianish\n", None),
            ("", None),
        ] {
            assert_eq!(Distribution::from_os_release(text), family, "{text}");
        }
    }

    #[test]
    fn os_release_names_the_distribution() {
        for (text, expected) in [
            ("NAME=\"Arch Linux\"\nPRETTY_NAME=\"Arch Linux (rolling)\"\nID=arch\n", Some("Arch Linux (rolling)")),
            ("ID=void\nNAME='Void'\n", Some("Void")),
            ("ID=void\n", None),
        ] {
            assert_eq!(name(text), expected, "{text}");
        }
    }

    #[test]
    fn each_family_installs_driver_and_loader() {
        for (family, prefix, line) in [
            (
                Distribution::Debian,
                &[][..],
                "apt-get update && env DEBIAN_FRONTEND=noninteractive apt-get install -y \
                 mesa-vulkan-drivers libvulkan1",
            ),
            (
                Distribution::Debian,
                &["sudo"][..],
                "sudo apt-get update && sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y \
                 mesa-vulkan-drivers libvulkan1",
            ),
            (Distribution::Fedora, &["sudo", "-n"][..], "sudo -n dnf install -y mesa-vulkan-drivers vulkan-loader"),
        ] {
            assert_eq!(shell_line(family.install_steps(), prefix), line);
        }
    }
}
