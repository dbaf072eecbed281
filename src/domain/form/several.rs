//! Several fields in one line: labels one behind the other, labels inside a requester line, and tables that lie on their
//! side. Which words are labels is `labels.rs`.

use super::acknowledgement;
use super::labels::{Field, LABEL_CHARS_MAX, NUMBERING_BYTES_MAX, is_of_the_template, label, stands_alone};
use super::language::{Label, Languages};
use super::lines::Line;
use super::words::words;
use std::ops::Range;

/// Most words of a label inside a line.
const INLINE_WORDS_MAX: usize = 4;

/// A table whose first row holds the labels and whose second row holds the values.
pub(super) fn columns(head: &Line, row: &Line, languages: &Languages) -> Option<Vec<Field>> {
    let heads: Vec<&str> = head.text.split('|').map(str::trim).collect();
    let values: Vec<&str> = row.text.split('|').map(str::trim).collect();
    if heads.len() < 2 || heads.len() != values.len() {
        return None;
    }
    let labels: Vec<Label> = heads.iter().filter_map(|head| label(head, languages)).collect();
    let is_head = labels.len() == heads.len() && labels.iter().any(|label| is_of_the_template(*label));
    // `Scope | Number` with a label below is one field on each line, not a table on its side.
    let is_row = values.first().is_some_and(|value| !label(value, languages).is_some_and(stands_alone));
    let says_something = values.iter().any(|value| value.contains(char::is_alphanumeric));
    (is_head && is_row && says_something).then(|| {
        let pairs = labels.into_iter().zip(values);
        pairs.map(|(label, value)| Field { label, value: value.to_owned(), is_apart: false }).collect()
    })
}

/// Lines that hold several labels of the template, one behind the other, are parted before each.
pub(super) fn apart(lines: &[Line], languages: &Languages) -> Vec<Line> {
    let mut out = Vec::with_capacity(lines.len());
    for line in lines {
        let labels = inline(&line.text, languages);
        let behind = |(range, label): &&(Range<usize>, Label)| range.start > 0 && is_of_the_template(*label);
        // Only a line that begins with a label is a run of fields; a sentence may name one: `the line "Scope:" is empty`.
        let runs = labels.first().is_some_and(|(range, _)| range.start <= NUMBERING_BYTES_MAX);
        let mut starts: Vec<usize> =
            labels.iter().filter(behind).filter(|_| runs).map(|(range, _)| range.start).collect();
        // `Scope / Umfang: …` is one label in two languages.
        let is_label = |start: usize| {
            let head = line.text.get(..start).filter(|head| !head.contains([':', '=']));
            head.is_some_and(|head| label(head.trim_end_matches(['/', '(', ' ']), languages).is_some())
        };
        starts.retain(|&start| !is_label(start));
        if !starts.is_empty() {
            let parts =
                labels.iter().filter(|(_, label)| stands_alone(*label) && !is_of_the_template(*label));
            starts.extend(parts.map(|(range, _)| range.start).filter(|&start| start > 0));
            starts.extend(acknowledgement::starts_behind(&line.text, languages));
            starts.sort_unstable();
        }
        if starts.is_empty() {
            out.push(line.clone());
            continue;
        }
        let mut from = 0;
        for end in starts.into_iter().chain([line.text.len()]) {
            let piece = line
                .text
                .get(from..end)
                .unwrap_or("")
                .trim()
                .trim_end_matches([';', '|', ',', '/', ' ', '-']);
            if !piece.is_empty() {
                out.push(Line { text: piece.to_owned(), ..line.clone() });
            }
            from = end;
        }
    }
    out
}

/// Labels inside a text that a colon or an equals sign ends: where label and separator stand, and which label it is.
pub(super) fn inline(text: &str, languages: &Languages) -> Vec<(Range<usize>, Label)> {
    let separators: Vec<usize> = text.match_indices([':', '=']).map(|(at, _)| at).collect();
    if separators.is_empty() {
        return Vec::new();
    }
    let places = words(text);
    let mut found: Vec<(Range<usize>, Label)> = Vec::new();
    for at in separators {
        let behind = places.partition_point(|word| word.end <= at);
        let nearest = places.get(behind.saturating_sub(INLINE_WORDS_MAX)..behind).unwrap_or(&[]);
        let is_joined = |start: usize| {
            let between = text.get(start..at).unwrap_or("");
            !between.contains([',', ';', '|', ':', '=', '@', '\n']) && between.len() <= LABEL_CHARS_MAX
        };
        let longest =
            nearest.iter().map(|word| word.start).filter(|&start| is_joined(start)).find_map(|start| {
                let label = languages.label(text.get(start..at)?)?;
                Some((start..at + 1, label))
            });
        let overlaps = |range: &Range<usize>| found.last().is_some_and(|(last, _)| range.start < last.end);
        if let Some((range, label)) = longest.filter(|(range, _)| !overlaps(range)) {
            found.push((range, label));
        }
    }
    found
}
