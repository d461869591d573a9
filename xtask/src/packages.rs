//! Tests of what is published: each package contains the files that its README links to, and every feature is in a table.

use std::collections::HashSet;
use std::fs;

use crate::run::{cargo, output, root};

/// The packages with a README: their manifests and their folders.
const READMES: &[(&str, &str)] = &[("Cargo.toml", ""), ("cases/Cargo.toml", "cases/"), ("burn/Cargo.toml", "burn/")];

/// The packages with features: their manifests, and the pages that have a table of them.
const FEATURES: &[(&str, &str)] = &[("Cargo.toml", "docs/crate.md"), ("burn/Cargo.toml", "burn/README.md")];

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The targets of a page's links and pictures that are files.
fn links(page: &str) -> Vec<&str> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.contains("://")).collect()
}

#[test]
fn a_package_holds_what_its_readme_links_to() {
    for (manifest, folder) in READMES {
        let list = ["package", "--list", "--allow-dirty", "--offline", "--manifest-path", manifest];
        let files = output(&mut cargo(&list)).expect("cargo lists the files");
        let files: HashSet<&str> = files.lines().collect();
        let page = read(&format!("{folder}README.md"));
        let missing: Vec<&str> = links(&page).into_iter().filter(|link| !files.contains(link)).collect();
        assert!(missing.is_empty(), "{folder}README.md links to what its package leaves out: {missing:?}");
    }
}

#[test]
fn every_feature_is_in_a_table() {
    for (manifest, page) in FEATURES {
        let (manifest, page) = (read(manifest), read(page));
        let features = manifest.split("[features]").nth(1).expect("there are features");
        let features = features.lines().skip(1).take_while(|line| !line.starts_with('['));
        let names = features.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name);
        for name in names.filter(|name| *name != "default") {
            let is_row = |line: &str| line.starts_with('|') && line.contains(&format!("`{name}`"));
            assert!(page.lines().any(is_row), "no table has the feature {name}");
        }
    }
}

#[test]
fn links_are_found_in_a_page() {
    let page = "A [link](docs/a.md#part), a ![picture](b.png), [far](https://c.d), [here](#part).";
    assert_eq!(links(page), ["docs/a.md", "b.png"]);
}
