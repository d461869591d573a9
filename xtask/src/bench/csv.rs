//! Parses tables: `#` lines about the measurement, a line of column names, then rows. No cell contains a comma.

use std::str::FromStr;

/// A table.
#[derive(Debug, Default)]
pub struct Csv {
    /// The `#` lines: adapter, versions and so on.
    pub about: Vec<String>,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// A row. Its cells are found by the names of their columns.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    columns: &'a [String],
    cells: &'a [String],
}

impl Csv {
    /// Parses a table. Refuses a row with too few or too many cells.
    pub fn parse(text: &str) -> Result<Csv, String> {
        let (about, table): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('#'));
        let about = about.iter().map(|line| line.trim_start_matches('#').trim().to_owned()).collect();
        let mut rows = table.iter().map(|line| line.split(',').map(str::to_owned).collect::<Vec<String>>());
        let columns = rows.next().ok_or("the table has no line of columns")?;
        let rows: Vec<_> = rows.collect();
        match rows.iter().find(|row| row.len() != columns.len()) {
            Some(row) => {
                Err(format!("the row of `{}` has {} cells, and there are {} columns", row[0], row.len(), columns.len()))
            }
            None => Ok(Csv { about, columns, rows }),
        }
    }

    /// The rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|cells| Row { columns: &self.columns, cells })
    }
}

impl<'a> Row<'a> {
    /// The text of the cell in a column.
    pub fn text(self, column: &str) -> Result<&'a str, String> {
        let place = self.columns.iter().position(|name| name == column);
        place.map(|place| self.cells[place].as_str()).ok_or_else(|| format!("there is no column `{column}`"))
    }

    /// The number in the cell of a column.
    pub fn number<N: FromStr>(self, column: &str) -> Result<N, String> {
        let text = self.text(column)?;
        text.parse().map_err(|_| format!("`{text}` of column `{column}` is no number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_by_column() {
        let csv = Csv::parse("# a GPU\n# and a day\ncase,ms\nmse 10,1.5\ndice 1x2,\n").unwrap();
        assert_eq!(csv.about, ["a GPU", "and a day"]);
        let rows: Vec<Row> = csv.rows().collect();
        assert_eq!((rows[0].text("case"), rows[0].number("ms")), (Ok("mse 10"), Ok(1.5)));
        assert_eq!(rows[1].text("case"), Ok("dice 1x2"));
        assert!(rows[1].number::<f64>("ms").unwrap_err().contains("column `ms`"));
        assert!(rows[0].text("runs").unwrap_err().contains("`runs`"));
    }

    #[test]
    fn damaged_tables_are_refused() {
        assert!(Csv::parse("# nothing else\n").unwrap_err().contains("no line of columns"));
        let why = Csv::parse("case,ms\nmse 10,1,2\n").unwrap_err();
        assert!(why.contains("`mse 10` has 3 cells") && why.contains("2 columns"), "{why}");
    }
}
