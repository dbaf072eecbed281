//! Where the text of an HTML mail goes: plain lines, and table rows whose cells are joined by ` | `. A row of one cell,
//! or with a long cell, is layout and stays lines. Tables nest; depth is bounded. Written by `html.rs`.

/// Deepest nesting of tables that is kept apart; deeper cells are plain text.
const TABLES_MAX: usize = 20;
/// A cell with more lines than this is layout, not data.
const CELL_LINES_MAX: usize = 6;

/// One line and how many quotes it stands in.
type Line = (usize, String);

#[derive(Default)]
struct Block {
    lines: Vec<Line>,
    current: String,
    current_quotes: usize,
}

#[derive(Default)]
struct Table {
    row: Vec<Vec<Line>>,
    cell: Option<Block>,
}

/// Collects lines while tables open and close.
#[derive(Default)]
pub(super) struct Lines {
    base: Block,
    tables: Vec<Table>,
    bytes: usize,
}

impl Lines {
    /// Bytes written so far.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds text to the line; runs of white space become one blank.
    pub(super) fn word(&mut self, c: char, quotes: usize) {
        self.bytes += c.len_utf8();
        let block = self.block();
        if c.is_whitespace() && c != '\u{a0}' {
            if !block.current.is_empty() && !block.current.ends_with(' ') {
                block.current.push(' ');
            }
            return;
        }
        if block.current.is_empty() {
            block.current_quotes = quotes;
        }
        block.current.push(c);
    }

    /// Ends the line, if there is anything on it.
    pub(super) fn end_line(&mut self) {
        self.block().end_line();
    }

    /// `<br>`: ends the line even when it is empty.
    pub(super) fn break_line(&mut self, quotes: usize) {
        self.bytes += 1;
        let block = self.block();
        if block.current.is_empty() {
            block.lines.push((quotes, String::new()));
        }
        block.end_line();
    }

    pub(super) fn open_table(&mut self) {
        self.end_line();
        if self.tables.len() < TABLES_MAX {
            self.tables.push(Table::default());
        }
    }

    pub(super) fn open_row(&mut self) {
        self.close_row();
    }

    pub(super) fn open_cell(&mut self) {
        self.close_cell();
        if let Some(table) = self.tables.last_mut() {
            table.cell = Some(Block::default());
        } else {
            self.end_line();
        }
    }

    pub(super) fn close_cell(&mut self) {
        if let Some(table) = self.tables.last_mut()
            && let Some(mut block) = table.cell.take()
        {
            block.end_line();
            table.row.push(block.lines);
        }
    }

    pub(super) fn close_row(&mut self) {
        self.close_cell();
        let Some(table) = self.tables.last_mut() else {
            self.end_line();
            return;
        };
        let row = std::mem::take(&mut table.row);
        let lines = flatten(row);
        // The row belongs to what stands around this table, which is the cell of an outer one or the page.
        let outer = self.outer_block();
        outer.end_line();
        outer.lines.extend(lines);
    }

    pub(super) fn close_table(&mut self) {
        self.close_row();
        self.tables.pop();
    }

    /// Everything as text, quoted lines marked by `>`.
    pub(super) fn finish(mut self) -> String {
        while !self.tables.is_empty() {
            self.close_table();
        }
        self.base.end_line();
        let mut text = String::new();
        for (quotes, line) in self.base.lines {
            if quotes > 0 {
                text.push_str(&">".repeat(quotes.min(9)));
                text.push(' ');
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn block(&mut self) -> &mut Block {
        self.tables.iter_mut().rev().find_map(|table| table.cell.as_mut()).unwrap_or(&mut self.base)
    }

    fn outer_block(&mut self) -> &mut Block {
        self.tables.iter_mut().rev().skip(1).find_map(|table| table.cell.as_mut()).unwrap_or(&mut self.base)
    }
}

impl Block {
    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.current);
        if !line.trim().is_empty() {
            self.lines.push((self.current_quotes, line));
        }
    }
}

fn flatten(row: Vec<Vec<Line>>) -> Vec<Line> {
    let filled: Vec<Vec<Line>> = row
        .into_iter()
        .map(|cell| cell.into_iter().filter(|(_, line)| !line.trim().is_empty()).collect::<Vec<Line>>())
        .collect();
    let data = filled.iter().filter(|cell| !cell.is_empty()).count() > 1
        && filled.iter().all(|cell| cell.len() <= CELL_LINES_MAX);
    if !data {
        return filled.into_iter().flatten().collect();
    }
    let quotes = filled.iter().flatten().map(|(quotes, _)| *quotes).max().unwrap_or(0);
    let cells = filled
        .iter()
        // A border inside a cell would be taken for one between cells.
        .map(|cell| {
            cell.iter().map(|(_, line)| line.trim()).collect::<Vec<_>>().join(", ").replace(" | ", ", ")
        })
        .collect::<Vec<_>>();
    vec![(quotes, cells.join(" | "))]
}
