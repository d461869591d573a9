//! `cargo xtask record`: writes a record of every planned kernel, and compares two records. It shows that a refactoring
//! changes no kernel.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::Command;

use crate::run::{Stop, cargo, output, read, root, run};

/// Writes a record to `file`.
pub fn record(file: &str) -> Result<(), Stop> {
    let folder = root().join("target/record");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Stop::at(&folder))?;
    }
    let test = ["test", "-p", "wgloss", "--lib", "record::every_plan_is_written_down"];
    run(cargo(&test).env("WGLOSS_RECORD", &folder))?;
    let plans = read(&folder.join("plans.tsv"))?;
    let mut modules: BTreeMap<String, SpirV> = BTreeMap::new();
    let mut digests: HashMap<(String, String), String> = HashMap::new();
    let mut lines = String::new();
    for line in plans.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [id, case, of, number, entry, groups, files, roles, block, windows] = fields[..] else {
            lines += &format!("{line}\n");
            continue;
        };
        let mut forms = Vec::new();
        for file in files.split(' ') {
            let key = (file.to_string(), roles.to_string());
            if !digests.contains_key(&key) {
                if !modules.contains_key(file) {
                    let disassembled =
                        output(Command::new("spirv-dis").args(["--raw-id", "--no-header"]).arg(folder.join(file)))?;
                    modules.insert(file.to_string(), SpirV::read(&disassembled));
                }
                digests.insert(key.clone(), modules[file].digest(roles));
            }
            forms.push(digests[&key].clone());
        }
        let (forms, roles) = (forms.join(" "), without_numbers(roles));
        lines += &format!("{id}\t{case}\t{of}\t{number}\t{entry}\t{groups}\t{forms}\t{roles}\t{block}\t{windows}\n");
    }
    fs::write(root().join(file), &lines).map_err(Stop::at(Path::new(file)))?;
    println!("{} lines of {} kernels in {file}", lines.lines().count(), modules.len());
    Ok(())
}

/// The roles of a dispatch's bindings, without their numbers.
fn without_numbers(roles: &str) -> String {
    let names: BTreeSet<&str> = roles.split(' ').filter_map(|role| Some(role.split_once('=')?.1)).collect();
    names.into_iter().collect::<Vec<_>>().join(" ")
}

/// The columns that are compared, in the line of a dispatch and in the line of a plan.
const DISPATCH: &[(usize, &str)] =
    &[(4, "entry point"), (5, "workgroups"), (6, "kernel"), (7, "bindings"), (8, "block"), (9, "windows")];
const PLAN: &[(usize, &str)] = &[(4, "parameters"), (5, "scratch memory"), (6, "longest loop")];

/// Prints each kind of difference between two records, with its count and the first place.
pub fn compare(before: &str, after: &str) -> Result<(), Stop> {
    let (before, after) = (read(&root().join(before))?, read(&root().join(after))?);
    let kinds = differences(&before, &after);
    for (kind, places) in &kinds {
        println!("{} × {kind}: first {}", places.len(), places[0]);
    }
    println!("{} and {} lines, {} kinds of difference", before.lines().count(), after.lines().count(), kinds.len());
    if kinds.is_empty() { Ok(()) } else { Err(Stop::Failed("the records differ".into())) }
}

/// The differences between two records: the places of each kind.
fn differences(before: &str, after: &str) -> BTreeMap<String, Vec<String>> {
    let of = |record: &str| -> BTreeMap<String, Vec<String>> {
        let line = |line: &str| {
            let fields: Vec<String> = line.split('\t').map(str::to_string).collect();
            (fields[..fields.len().min(4)].join(" | "), fields)
        };
        record.lines().map(line).collect()
    };
    let (before, after) = (of(before), of(after));
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut add = |kind: String, place: &str| kinds.entry(kind).or_default().push(place.to_string());
    for (place, old) in &before {
        let Some(new) = after.get(place) else {
            add(format!("gone: {}", old.get(4).filter(|_| old.len() > 9).map_or("a plan", |entry| entry)), place);
            continue;
        };
        let columns = if old.len() > 9 { DISPATCH } else { PLAN };
        let entry = if old.len() > 9 { format!(" of {}", old[4]) } else { String::new() };
        for (column, name) in columns.iter().filter(|(column, _)| old.get(*column) != new.get(*column)) {
            add(format!("{name}{entry}"), &format!("{place}: {:?} => {:?}", old.get(*column), new.get(*column)));
        }
    }
    for (place, new) in after.iter().filter(|(place, _)| !before.contains_key(*place)) {
        add(format!("new: {}", new.get(4).filter(|_| new.len() > 9).map_or("a plan", |entry| entry)), place);
    }
    kinds
}

/// A SPIR-V module, parsed from the output of `spirv-dis`.
struct SpirV {
    /// The instructions of types, constants and variables, by id.
    globals: HashMap<String, Vec<String>>,
    /// The lines of each function, starting with its `OpFunction`.
    functions: HashMap<String, Vec<Vec<String>>>,
    /// The decorations of each id.
    decorations: HashMap<String, BTreeSet<String>>,
    entry: String,
    modes: BTreeSet<String>,
}

impl SpirV {
    fn read(text: &str) -> SpirV {
        let mut module = SpirV {
            globals: HashMap::new(),
            functions: HashMap::new(),
            decorations: HashMap::new(),
            entry: String::new(),
            modes: BTreeSet::new(),
        };
        let mut function = None;
        for line in text.lines() {
            let words: Vec<String> = line.split_whitespace().filter(|word| *word != "=").map(str::to_string).collect();
            let Some(first) = words.first() else { continue };
            let (result, operation) =
                if first.starts_with('%') { (Some(first.clone()), &words[1..]) } else { (None, &words[..]) };
            match (operation[0].as_str(), &function) {
                ("OpFunction", _) => {
                    function = result;
                    let id = function.clone().unwrap_or_default();
                    module.functions.insert(id, vec![words]);
                }
                ("OpFunctionEnd", _) => function = None,
                (_, Some(id)) => module.functions.entry(id.clone()).or_default().push(words),
                ("OpDecorate" | "OpMemberDecorate", None) => {
                    module.decorations.entry(words[1].clone()).or_default().insert(words[2..].join(" "));
                }
                ("OpEntryPoint", None) => module.entry.clone_from(&words[2]),
                ("OpExecutionMode", None) => drop(module.modes.insert(words[2..].join(" "))),
                _ => {
                    if let Some(result) = result {
                        module.globals.insert(result, operation.to_vec());
                    }
                }
            }
        }
        module
    }

    /// A digest of the entry point. It does not depend on the order and the ids of declarations; a binding counts by
    /// its role, not its number.
    fn digest(&self, roles: &str) -> String {
        let roles: HashMap<&str, &str> = roles.split(' ').filter_map(|role| role.split_once('=')).collect();
        let mut known = HashMap::new();
        let body = self.of_function(&self.entry, &roles, &mut known);
        format!("{:016x}", hashed(&format!("{body} {:?}", self.modes)))
    }

    fn of(&self, id: &str, roles: &HashMap<&str, &str>, known: &mut HashMap<String, String>) -> String {
        if let Some(digest) = known.get(id) {
            return digest.clone();
        }
        let digest = if self.functions.contains_key(id) {
            self.of_function(id, roles, known)
        } else {
            let words = self.globals.get(id).map(Vec::as_slice).unwrap_or_default();
            let words: Vec<String> = words
                .iter()
                .map(|word| if word.starts_with('%') { self.of(word, roles, known) } else { word.clone() })
                .collect();
            let decorations = self.decorations.get(id).into_iter().flatten();
            let decorations: Vec<String> = decorations
                .map(|decoration| match decoration.strip_prefix("Binding ") {
                    Some(number) => format!("Binding {}", roles.get(number).unwrap_or(&number)),
                    None => decoration.clone(),
                })
                .collect();
            format!("{:016x}", hashed(&format!("{words:?} {decorations:?}")))
        };
        known.insert(id.to_string(), digest.clone());
        digest
    }

    fn of_function(&self, id: &str, roles: &HashMap<&str, &str>, known: &mut HashMap<String, String>) -> String {
        let lines = self.functions.get(id).map(Vec::as_slice).unwrap_or_default();
        let results = lines.iter().filter_map(|words| words.first().filter(|word| word.starts_with('%')));
        let own: HashMap<String, usize> = results.enumerate().map(|(number, id)| (id.clone(), number)).collect();
        let mut body = String::new();
        for word in lines.iter().flatten() {
            body += &match own.get(word) {
                Some(number) => format!("#{number} "),
                None if word.starts_with('%') => format!("{} ", self.of(word, roles, known)),
                None => format!("{word} "),
            };
        }
        format!("{:016x}", hashed(&body))
    }
}

fn hashed(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &str = "OpEntryPoint GLCompute %9 \"main\" %5
OpExecutionMode %9 LocalSize 64 1 1
OpDecorate %5 Binding 3
%1 = OpTypeVoid
%2 = OpTypeInt 32 0
%5 = OpVariable %2 StorageBuffer
%9 = OpFunction %1 None %2
%10 = OpLabel
%11 = OpLoad %2 %5
OpReturn
OpFunctionEnd
";

    #[test]
    fn a_digest_ignores_only_the_order_and_numbers_of_declarations() {
        let of = |text: &str, roles: &str| SpirV::read(text).digest(roles);
        let plain = of(MODULE, "3=Operand");
        let renumbered = MODULE.replace("%2", "%77").replace("%5", "%6");
        assert_eq!(plain, of(&renumbered, "3=Operand"));
        let moved = MODULE.replace("Binding 3", "Binding 8");
        assert_eq!(plain, of(&moved, "8=Operand"));
        let turned = MODULE.replace("%1 = OpTypeVoid\n%2 = OpTypeInt 32 0\n", "%2 = OpTypeInt 32 0\n%1 = OpTypeVoid\n");
        assert_eq!(plain, of(&turned, "3=Operand"));
        for other in [
            MODULE.replace("Int 32 0", "Int 32 1"),
            MODULE.replace("64 1 1", "32 1 1"),
            MODULE.replace("OpLoad", "OpNot"),
        ] {
            assert_ne!(plain, of(&other, "3=Operand"), "{other}");
        }
        assert_ne!(plain, of(MODULE, "3=Upstream"));
    }

    #[test]
    fn differences_are_counted_by_kind() {
        let line = |number: u32, groups: u32, kernel: &str| {
            format!("mse\tcase\tplan\t{number}\telements\t{groups}\t{kernel}\tParams\tblock\t[]\n")
        };
        let before = [line(0, 1, "a"), line(1, 1, "b"), "mse\tcase\tplan\t\tparams\tscratch\t7\n".into()].concat();
        assert_eq!(differences(&before, &before), BTreeMap::new());
        let after = [line(0, 2, "a"), line(1, 2, "c"), "mse\tcase\tplan\t\tparams\tscratch\t8\n".into()].concat();
        let kinds: Vec<(String, usize)> =
            differences(&before, &after).into_iter().map(|(kind, places)| (kind, places.len())).collect();
        let wanted = [("kernel of elements", 1), ("longest loop", 1), ("workgroups of elements", 2)];
        assert_eq!(kinds, wanted.map(|(kind, count)| (kind.to_string(), count)));
        let shorter = differences(&before, &line(0, 1, "a"));
        assert_eq!(shorter.keys().collect::<Vec<_>>(), ["gone: a plan", "gone: elements"]);
    }
}
