//! A file's text with its wrong versions beside what stands there, chosen at run time.
//!
//! Nothing but the places themselves changes and no line moves, so what the compiler says of a wrong version is found by its bytes.

use std::ops::Range;

use super::find::{Form, Site};

/// The call that tells which wrong version runs, 0 for none.
pub(super) const ACTIVE: &str = "policy::mutant::active()";

/// A numbered change at its place in the text that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    /// The number of the wrong version.
    pub(super) number: usize,
    /// Its own bytes.
    pub(super) own: Range<usize>,
    /// The bytes of everything that stands at its place.
    pub(super) around: Range<usize>,
}

/// A site with the numbers of those of its changes that are wanted.
#[derive(Debug, Clone)]
pub(super) struct Wanted<'a> {
    pub(super) site: &'a Site,
    /// Number of the wrong version, and which change of the site it is.
    pub(super) changes: Vec<(usize, usize)>,
}

/// The text with the wanted changes, and where each went.
pub(super) fn spliced(text: &str, wanted: &[Wanted<'_>]) -> (String, Vec<Placed>) {
    let mut made = Made {
        text,
        out: String::with_capacity(text.len() * 2),
        placed: Vec::new(),
    };
    made.stretch(0..text.len(), wanted);
    (made.out, made.placed)
}

struct Made<'a> {
    text: &'a str,
    out: String,
    placed: Vec<Placed>,
}

impl Made<'_> {
    /// A stretch of the file with the places in it.
    fn stretch(&mut self, range: Range<usize>, wanted: &[Wanted<'_>]) {
        let (mut at, mut rest) = (range.start, wanted);
        while let Some((place, after)) = rest.split_first() {
            let own = place.site.range.clone();
            let inside = after.partition_point(|other| other.site.range.start < own.end.max(own.start + 1));
            let inside = if own.is_empty() { 0 } else { inside };
            self.out.push_str(&self.text[at..own.start]);
            self.place(place, &after[..inside]);
            at = own.end;
            rest = &after[inside..];
        }
        self.out.push_str(&self.text[at..range.end]);
    }

    fn place(&mut self, place: &Wanted<'_>, inside: &[Wanted<'_>]) {
        let (begun, first) = (self.out.len(), self.placed.len());
        let (open, close) = match place.site.form {
            Form::Instead => ("(match ", ")"),
            Form::Early | Form::Skipped => ("match ", ""),
        };
        self.out.push_str(&format!("{open}{ACTIVE} {{ "));
        for (number, change) in &place.changes {
            self.out.push_str(&format!("{number}u32 => {{ "));
            let from = self.out.len();
            self.out.push_str(&place.site.changes[*change].text);
            let own = from..self.out.len();
            self.out.push_str(" } ");
            self.placed.push(Placed {
                number: *number,
                own,
                around: 0..0,
            });
        }
        let last = self.placed.len();
        self.out.push_str("_ => {");
        self.stretch(place.site.range.clone(), inside);
        self.out.push_str(&format!("}} }}{close}"));
        let around = begun..self.out.len();
        self.placed[first..last]
            .iter_mut()
            .for_each(|placed| placed.around = around.clone());
    }
}

/// The numbers of the wrong versions that a complaint of the compiler at these bytes is about: those whose own text it lies in, else all
/// of the innermost place around it.
pub(super) fn blamed(placed: &[Placed], bytes: &Range<usize>) -> Vec<usize> {
    let within = |range: &Range<usize>| range.start <= bytes.start && bytes.end <= range.end;
    let own: Vec<usize> = placed
        .iter()
        .filter(|it| within(&it.own))
        .map(|it| it.number)
        .collect();
    if !own.is_empty() {
        return own;
    }
    let innermost = placed
        .iter()
        .map(|it| &it.around)
        .filter(|around| within(around))
        .min_by_key(|around| around.len());
    let at_place = placed.iter().filter(|it| Some(&it.around) == innermost);
    at_place.map(|it| it.number).collect()
}

#[cfg(test)]
mod tests {
    use super::super::find::sites;
    use super::*;

    fn whole(text: &str) -> String {
        let sites = sites(text).unwrap();
        let mut number = 0;
        let wanted: Vec<Wanted<'_>> = sites
            .iter()
            .map(|site| {
                let changes = (0..site.changes.len()).map(|change| {
                    number += 1;
                    (number, change)
                });
                let changes = changes.collect();
                Wanted { site, changes }
            })
            .collect();
        spliced(text, &wanted).0
    }

    #[test]
    fn every_operator_of_a_sum_has_a_version_and_the_original_stays() {
        let text = whole("fn f(a: i64) -> i64 {\n    // 1 < 2\n    a + 2\n}\n");
        assert_eq!(
            text,
            "fn f(a: i64) -> i64 {match policy::mutant::active() { 1u32 => { return Default::default() } _ => {} }\n    // 1 < 2\n    \
             (match policy::mutant::active() { 2u32 => { (a) - (2) } _ => {a + (match policy::mutant::active() \
             { 3u32 => { 3 } 4u32 => { 1 } _ => {2} })} })\n}\n"
        );
    }

    #[test]
    fn what_cannot_be_wrong_at_run_time_is_left_alone() {
        for text in [
            "const A: i64 = 1 + 2;\n",
            "const fn f() -> i64 { 1 + 2 }\n",
            "#[cfg(test)]\nmod tests { fn f() -> bool { 1 < 2 } }\n",
            "struct S([u8; 4]);\n",
        ] {
            assert_eq!(whole(text), text);
        }
    }

    #[test]
    fn a_complaint_is_laid_to_the_version_it_lies_in() {
        let placed = |number, own, around| Placed { number, own, around };
        let all = [
            placed(1, 10..20, 0..100),
            placed(2, 30..40, 0..100),
            placed(3, 55..60, 50..80),
        ];
        assert_eq!(blamed(&all, &(12..15)), [1]);
        assert_eq!(blamed(&all, &(62..64)), [3]);
        assert_eq!(blamed(&all, &(22..24)), [1, 2]);
        assert_eq!(blamed(&all, &(122..124)), Vec::<usize>::new());
    }
}
