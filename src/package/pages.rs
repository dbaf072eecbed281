//! The pages that a person reads: the overview, the rights under GDPR 15(1), and plain words on how to open it all.
//! They load nothing from outside and show only the first rows; the rest stands in the tables.
//! The texts are `templates/package/`.

use super::{Counted, PackageError, PackageRequest, cells};
use crate::domain::plan::{Category, Permission};
use crate::domain::rows::RowBatch;
use crate::render::Texts;
use serde::Serialize;

/// Rows of each category that the overview shows.
const ROWS_SHOWN_MAX: usize = 20;

/// Characters of a cell that the overview shows.
const CELL_CHARS_MAX: usize = 120;

/// What the pages say about one category.
#[derive(Serialize)]
pub(super) struct Shown {
    name: String,
    title: String,
    purpose: String,
    recipients: Vec<String>,
    origin: Option<String>,
    retention_days: Option<u32>,
    keep_years: Option<u32>,
    keep_citation: Option<String>,
    withheld: Option<String>,
    has_files: bool,
    columns: Vec<String>,
    rows: Vec<Row>,
    planned: u64,
    count: u64,
    gone: u64,
    files: u64,
    files_gone: u64,
}

#[derive(Serialize)]
struct Row {
    cells: Vec<String>,
    /// Where its file lies in the package.
    link: Option<String>,
    /// What to show in its place when there is none.
    note: Option<String>,
}

impl Shown {
    /// A category that has no rows yet.
    pub(super) fn new(category: &Category) -> Self {
        let withheld = match &category.export {
            Permission::Allowed => None,
            Permission::Withheld(reason) => Some(reason.clone()),
        };
        let floor = category.keep.iter().max_by_key(|floor| floor.years);
        Self {
            name: category.name.clone(),
            title: category.title.clone(),
            purpose: category.purpose.clone(),
            recipients: category.recipients.clone(),
            origin: category.origin.clone(),
            retention_days: category.retention_days,
            keep_years: floor.map(|floor| floor.years),
            keep_citation: floor.map(|floor| floor.citation.clone()),
            withheld,
            has_files: category.files.is_some(),
            columns: category.columns.iter().map(|column| column.title.clone()).collect(),
            rows: Vec::new(),
            planned: 0,
            count: 0,
            gone: 0,
            files: 0,
            files_gone: 0,
        }
    }

    /// Takes the first rows in.
    pub(super) fn add(&mut self, batch: &RowBatch, file: impl Fn(usize) -> Option<String>) {
        let room = ROWS_SHOWN_MAX.saturating_sub(self.rows.len());
        for (at, row) in batch.rows.iter().enumerate().take(room) {
            let (link, note) = match file(at) {
                Some(name) if name.starts_with("recordings/") => (Some(name), None),
                other => (None, other),
            };
            let cells = row.iter().map(|value| cells::brief(value, CELL_CHARS_MAX)).collect();
            self.rows.push(Row { cells, link, note });
        }
    }

    /// The same with its final counts.
    pub(super) fn counted(mut self, planned: u64, counted: &Counted) -> Self {
        self.planned = planned;
        self.count = counted.rows;
        self.gone = counted.gone;
        self.files = counted.files;
        self.files_gone = counted.files_gone;
        self
    }
}

#[derive(Serialize)]
struct Context<'a> {
    reference: &'a str,
    asked_for: &'a str,
    as_of: String,
    generated_at: String,
    company: &'a str,
    contact: &'a str,
    authority: &'a str,
    automated_decisions: &'a str,
    plan_hash: &'a str,
    total_rows: u64,
    total_files: u64,
    rows_shown_max: usize,
    categories: &'a [Shown],
}

/// Every page by its name in the package.
pub(super) fn render(
    texts: &Texts,
    request: &PackageRequest,
    categories: &[Shown],
) -> Result<[(&'static str, String); 3], PackageError> {
    let told = |time: jiff::Timestamp| time.to_zoned(request.zone.clone()).to_string();
    let context = Context {
        reference: request.reference.as_str(),
        asked_for: &request.asked_for,
        as_of: told(request.as_of),
        generated_at: told(request.generated_at),
        company: &request.company.name,
        contact: &request.company.contact,
        authority: &request.company.authority,
        automated_decisions: &request.company.automated_decisions,
        plan_hash: &request.plan_hash,
        total_rows: categories.iter().map(|category| category.count).sum(),
        total_files: categories.iter().map(|category| category.files).sum(),
        rows_shown_max: ROWS_SHOWN_MAX,
        categories,
    };
    Ok([
        ("index.html", texts.render("package/index.html", &context)?),
        ("your-rights.html", texts.render("package/your-rights.html", &context)?),
        ("README.txt", texts.render("package/README.txt", &context)?),
    ])
}
