//! Many files: a list of pairs, or patterns that several files match.

use super::call::Call;
use crate::failure::Failure;
use crate::files;
use std::fs;
use std::path::Path;

/// The files of one evaluation among many.
pub struct Row {
    /// Its name in the output: its first file.
    pub label: String,
    /// The list and its line, if the row is one of a list.
    line: Option<String>,
    /// The operands' names and files.
    pub places: Vec<(String, String)>,
}

impl Row {
    /// The row of one evaluation, by the name of its first file.
    pub fn of(label: &str, places: Vec<(String, String)>) -> Row {
        Row { label: label.into(), line: None, places }
    }

    /// A failure of this row, with the row's line in the list in front. If the failure's text does not name a file, the row's first
    /// file and the file of the refused operand come after the line.
    pub fn failure(&self, call: &Call, failure: Failure) -> Failure {
        let name = failure.operand().and_then(|(loss, own)| call.given(loss, own));
        let place = self.places.iter().find(|(known, _)| Some(known) == name.as_ref()).map(|(_, place)| place.as_str());
        let files = match (&failure, place) {
            (Failure::Input(_), _) => None,
            (_, Some(place)) if place != self.label => Some(format!("{}, {place}", self.label)),
            _ => Some(self.label.clone()),
        };
        let at: Vec<String> = self.line.iter().cloned().chain(files).collect();
        if at.is_empty() { failure } else { failure.within(at.join(": ")) }
    }
}

/// The rows of a list whose first line names the operands, with columns separated by tabs. Every row also gets the operands
/// of `shared`.
pub fn listed(list: &str, call: &Call, shared: &[(String, String)]) -> Result<Vec<Row>, Failure> {
    let refuse = |line: usize, why: String| Failure::Input(format!("{list}:{line}: {why}"));
    let text = match list {
        files::STANDARD => std::io::read_to_string(std::io::stdin()),
        list => fs::read_to_string(list),
    };
    let text = text.map_err(|error| Failure::Input(format!("{list}: {error}")))?;
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let (place, head) = lines.next().ok_or_else(|| Failure::Input(format!("{list}: is empty")))?;
    let names: Vec<&str> = head.split('\t').map(str::trim).collect();
    let known = call.operands();
    if let Some(unknown) = names.iter().find(|name| !known.iter().any(|known| known == *name)) {
        let known = known.join(", ");
        return Err(refuse(
            place + 1,
            format!("the first line names operands, and `{unknown}` is none; there are {known}"),
        ));
    }
    let row = |(place, line): (usize, &str)| {
        let files: Vec<&str> = line.split('\t').map(str::trim).collect();
        if files.len() != names.len() || files.contains(&"") {
            return Err(refuse(
                place + 1,
                format!("has {} for {}", counted(files.len(), "file"), counted(names.len(), "operand")),
            ));
        }
        let own = names.iter().zip(&files).map(|(name, file)| (name.to_string(), file.to_string()));
        let line = Some(format!("{list}:{}", place + 1));
        Ok(Row { label: files[0].into(), line, places: own.chain(shared.iter().cloned()).collect() })
    };
    lines.map(row).collect()
}

/// A number with its noun, which ends in `s` unless the number is 1.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A row for each file that a pattern matches, in the order of the files' names. The files of several patterns are paired in
/// that order. `None` if no argument is a pattern.
pub fn matched(places: &[(String, String)]) -> Result<Option<Vec<Row>>, Failure> {
    let mut columns: Vec<(&str, &str, Vec<String>)> = Vec::new();
    for (name, place) in places.iter().filter(|(_, place)| is_pattern(place)) {
        columns.push((name, place, matching(place)?));
    }
    let Some((first, pattern, files)) = columns.first() else { return Ok(None) };
    for (name, other, found) in &columns {
        if found.len() != files.len() {
            let (count, others) = (counted(files.len(), "file"), found.len());
            let why = format!("`{first}` has {count} ({pattern}), and `{name}` has {others} ({other})");
            return Err(Failure::Input(why));
        }
    }
    let row = |place: usize| {
        let file = |(name, given): &(String, String)| {
            let column = columns.iter().find(|(own, ..)| own == name);
            (name.clone(), column.map_or(given.clone(), |(_, _, files)| files[place].clone()))
        };
        Row { label: files[place].clone(), line: None, places: places.iter().map(file).collect() }
    };
    Ok(Some((0..files.len()).map(row).collect()))
}

/// Whether a place is a pattern, and not the name of an existing file.
fn is_pattern(place: &str) -> bool {
    let (path, _) = files::split(place);
    path.contains(['*', '?', '[']) && !Path::new(&path).exists()
}

/// The places that match, sorted by name.
fn matching(place: &str) -> Result<Vec<String>, Failure> {
    let refuse = |why: String| Failure::Input(format!("{place}: {why}"));
    let (pattern, tensor) = files::split(place);
    let paths = glob::glob(&pattern).map_err(|error| refuse(format!("is no pattern: {error}")))?;
    let mut found = Vec::new();
    for path in paths {
        let path = path.map_err(|error| refuse(error.to_string()))?;
        let path = path.to_str().ok_or_else(|| refuse("matches a name that is not UTF-8".into()))?;
        found.push(tensor.map_or(path.into(), |tensor| format!("{path}:{tensor}")));
    }
    if found.is_empty() { Err(refuse("no file matches".into())) } else { Ok(found) }
}
