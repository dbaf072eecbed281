//! One filled-in template out of the fields of a mail, which may hold several: the one above a quoted one, an untouched one
//! below, or two that say different things. Two that differ are a conflict of the fields that differ, never a sum.

use super::labels::{Field as Line, is_of_the_template};
use super::language::Label;
use super::problems::{self, problem};
use super::{Field, Problem, ProblemCode, ReadingContext, Requester, requester, scoping};
use crate::domain::scope::Scope;

/// Longest legal basis that is kept, characters.
const LEGAL_BASIS_CHARS_MAX: usize = 200;
/// Lines of a mail header that make what follows them another mail's text.
const HEADER_LINES_MIN: usize = 2;

/// One template as read.
pub(super) struct Sheet {
    pub(super) scope: Scope,
    /// None when the line is missing, empty or a placeholder.
    pub(super) legal_basis: Option<String>,
    pub(super) requester: Requester,
    pub(super) problems: Vec<Problem>,
    pub(super) is_filled: bool,
}

/// The template that counts: the first one that is filled in, with a conflict where a second one differs.
pub(super) fn the_one(fields: &[Line], context: &ReadingContext) -> Sheet {
    let mut sheets: Vec<(Sheet, bool)> = apart(fields)
        .into_iter()
        .map(|(fields, is_quoted)| (Sheet::read(fields, context), is_quoted))
        .collect();
    if sheets.iter().any(|(sheet, _)| sheet.is_filled) {
        sheets.retain(|(sheet, _)| sheet.is_filled);
    }
    let mut sheets = sheets.into_iter();
    let mut first = sheets.next().map_or_else(|| Sheet::read(&[], context), |(sheet, _)| sheet);
    for (other, _) in sheets.filter(|(_, is_quoted)| !is_quoted) {
        first.compare(&other);
    }
    first
}

/// Parts the fields where a line of the template comes again, and tells whether the part is the text of a quoted mail.
fn apart(fields: &[Line]) -> Vec<(&[Line], bool)> {
    let mut starts = vec![(0, false)];
    let mut seen: Vec<Label> = Vec::new();
    let mut header_lines = 0;
    for (at, field) in fields.iter().enumerate() {
        match field.label {
            Label::Header => header_lines += 1,
            label if is_of_the_template(label) => {
                if seen.contains(&label) && seen.len() > 1 {
                    starts.push((at, header_lines >= HEADER_LINES_MIN));
                    seen.clear();
                }
                header_lines = 0;
                if !seen.contains(&label) {
                    seen.push(label);
                }
            }
            _ => {}
        }
    }
    let ends = starts.iter().skip(1).map(|(start, _)| *start).chain([fields.len()]);
    let parts = starts.iter().zip(ends);
    parts.filter_map(|(&(start, is_quoted), end)| Some((fields.get(start..end)?, is_quoted))).collect()
}

impl Sheet {
    fn read(fields: &[Line], context: &ReadingContext) -> Self {
        let mut problems = Vec::new();
        let (scope, scope_problems) = scoping::read(&scope_text(fields), context);
        let scope_is_filled = !scope.text.expose().trim().is_empty()
            && (scope.is_understood()
                || scope.from.is_some()
                || scope.to.is_some()
                || !scope_problems.iter().any(|p| p.code == ProblemCode::Placeholder));
        problems.extend(scope_problems);
        let legal_basis = legal_basis(fields, &mut problems);
        let (requester, requester_problems) = requester_of(fields, context);
        problems.extend(requester_problems);
        let is_filled = scope_is_filled || requester != Requester::default();
        Self { scope, legal_basis, requester, problems, is_filled }
    }

    /// Notes where another template of the same mail says something else.
    fn compare(&mut self, other: &Self) {
        let told = |scope: &Scope| {
            (
                scope.account.clone(),
                scope.users.clone(),
                scope.numbers.clone(),
                scope.from,
                scope.to,
                scope.everything,
            )
        };
        let conflict = |problems: &mut Vec<Problem>, conflict: Problem| {
            if !problems.contains(&conflict) {
                problems.push(conflict);
            }
        };
        if other.scope.is_understood() && told(&self.scope) != told(&other.scope) {
            conflict(&mut self.problems, problems::scope(ProblemCode::Conflict, problems::TWO_FORMS));
        }
        if other.requester.email.is_some() && self.requester.email != other.requester.email {
            conflict(&mut self.problems, problem(Field::RequesterEmail, ProblemCode::Conflict));
        }
    }
}

/// The scope line and the lines that are a part of the scope, each with the word that says what it is.
fn scope_text(fields: &[Line]) -> String {
    let parts = fields.iter().filter(|field| !field.value.is_empty()).filter_map(|field| {
        let value = &field.value;
        match field.label {
            Label::Scope | Label::Time => Some(value.clone()),
            Label::Account => Some(format!("account {value}")),
            Label::User => Some(format!("user {value}")),
            Label::Number => Some(format!("number {value}")),
            _ => None,
        }
    });
    parts.collect::<Vec<_>>().join("\n")
}

fn legal_basis(fields: &[Line], problems: &mut Vec<Problem>) -> Option<String> {
    let value = value(fields, Label::LegalBasis);
    if value.is_empty() {
        return None;
    }
    if value.starts_with('<') && value.ends_with('>') {
        problems.push(problem(Field::LegalBasis, ProblemCode::Placeholder));
        return None;
    }
    let value = value.replace('\n', " ");
    Some(value.trim_matches(['"', ' ']).chars().take(LEGAL_BASIS_CHARS_MAX).collect())
}

fn requester_of(fields: &[Line], context: &ReadingContext) -> (Requester, Vec<Problem>) {
    // A signature names a person, too, and fills nothing in.
    let near: Vec<Line> = fields.iter().filter(|field| !field.is_apart).cloned().collect();
    let parts = requester::Labelled {
        name: value(&near, Label::Name),
        role: value(&near, Label::Role),
        email: value(&near, Label::Email),
        phone: value(&near, Label::Phone),
    };
    let written = value(fields, Label::Requester);
    let line = requester::read(written, &requester::Labelled::default(), context);
    if line.0.email.is_some() && line.0.name.is_some() {
        return line;
    }
    requester::read(written, &parts, context)
}

/// The first value of a label that is not empty.
fn value(fields: &[Line], label: Label) -> &str {
    let mut values = fields.iter().filter(|field| field.label == label).map(|field| field.value.as_str());
    values.find(|value| !value.is_empty()).unwrap_or("")
}
