//! Rows of exchange files through the import streams, as they stand in the file.

use std::time::Duration;

use api::common::v1::{ImportHeader, ImportSummary, RowVerdict};
use client::{Client, within};
use exchange::{Cells, File, Service};

use crate::ids;
use crate::sandbox::Sandbox;

/// Rows a message carries.
const ROWS_A_MESSAGE: usize = 1000;

/// A row of a file, not yet checked.
#[derive(Debug, Clone)]
pub struct Line {
    /// The exchange file.
    pub file: File,
    /// Number of the row; the header is row 1.
    pub row: i32,
    /// Its cells as they stand.
    pub cells: Cells,
}

impl Line {
    /// A row with these cells; the others are empty.
    pub fn new(file: File, cells: &[(&str, &str)]) -> Self {
        let mut made = Cells::new(file);
        for (column, text) in cells {
            made.set(column, *text).unwrap();
        }
        Self {
            file,
            row: 2,
            cells: made,
        }
    }

    /// The institution whose row it is; empty for the bureau's files.
    pub fn institution(&self) -> &str {
        if self.file.service() == Service::Registry {
            ""
        } else {
            self.cells.get("institution_code")
        }
    }
}

/// What a stream answered.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// A verdict a row, in the order sent.
    pub verdicts: Vec<RowVerdict>,
    /// The counts.
    pub summary: ImportSummary,
}

macro_rules! import_stream {
    ($(#[$doc:meta])* $name:ident: $service:ident.$rpc:ident, $package:ident, $request:ident / $request_module:ident,
     $answer_module:ident, $rows:ident, |$line:ident, $pb:ident| $row:expr) => {
        $(#[$doc])*
        pub async fn $name(client: &Client, lines: &[Line]) -> Imported {
            use api::$package::v1 as $pb;
            use $pb::$answer_module::Message as Answer;
            use $pb::$request_module::Message;
            let header = Message::Header(ImportHeader { request_id: ids::request_id() });
            let mut messages = vec![$pb::$request { message: Some(header) }];
            for chunk in lines.chunks(ROWS_A_MESSAGE) {
                let rows = chunk.iter().map(|$line| $row).collect();
                messages.push($pb::$request { message: Some(Message::Rows($pb::$rows { rows })) });
            }
            let request = within(tokio_stream::iter(messages), Duration::from_secs(600));
            let mut answers = client.$service().$rpc(request).await.unwrap().into_inner();
            let mut imported = Imported::default();
            let mut has_summary = false;
            while let Some(answer) = answers.message().await.unwrap() {
                assert!(!has_summary, "the summary is the last message");
                match answer.message.unwrap() {
                    Answer::Verdicts(verdicts) => imported.verdicts.extend(verdicts.verdicts),
                    Answer::Summary(summary) => {
                        imported.summary = summary;
                        has_summary = true;
                    }
                }
            }
            assert!(has_summary && imported.verdicts.len() == lines.len());
            imported
        }
    };
}

import_stream!(
    /// The bureau's files.
    registry: registry.import_registry, registry, ImportRegistryRequest / import_registry_request,
    import_registry_response, ImportRows,
    |line, pb| pb::ImportRow {
        row: line.row,
        record: Some(pb::import_row::Record::Raw(api::convert::raw_row(line.file, &line.cells))),
        revision: None,
        withdrawn: false,
    }
);
import_stream!(
    /// A lender's own files.
    pledge: pledge.import_pledge_facts, pledge, ImportPledgeFactsRequest / import_pledge_facts_request,
    import_pledge_facts_response, ImportRows,
    |line, pb| pb::ImportRow {
        row: line.row,
        record: Some(pb::import_row::Record::Raw(api::convert::raw_row(line.file, &line.cells))),
        revision: None,
        withdrawn: false,
    }
);
import_stream!(
    /// An insurer's own files.
    insurance: insurance.import_insurance_facts, insurance, ImportInsuranceFactsRequest / import_insurance_facts_request,
    import_insurance_facts_response, ImportRows,
    |line, pb| pb::ImportRow {
        row: line.row,
        record: Some(pb::import_row::Record::Raw(api::convert::raw_row(line.file, &line.cells))),
        revision: None,
        withdrawn: false,
    }
);
import_stream!(
    /// Lenders' files, by the bureau.
    pledge_on_behalf: pledge_on_behalf.import_pledge_facts_on_behalf, pledge,
    ImportPledgeFactsOnBehalfRequest / import_pledge_facts_on_behalf_request,
    import_pledge_facts_on_behalf_response, OnBehalfRows,
    |line, pb| pb::OnBehalfRow {
        institution_code: String::new(),
        row: Some(pb::ImportRow {
            row: line.row,
            record: Some(pb::import_row::Record::Raw(api::convert::raw_row(line.file, &line.cells))),
            revision: None,
            withdrawn: false,
        }),
    }
);
import_stream!(
    /// Insurers' files, by the bureau.
    insurance_on_behalf: insurance_on_behalf.import_insurance_facts_on_behalf, insurance,
    ImportInsuranceFactsOnBehalfRequest / import_insurance_facts_on_behalf_request,
    import_insurance_facts_on_behalf_response, OnBehalfRows,
    |line, pb| pb::OnBehalfRow {
        institution_code: String::new(),
        row: Some(pb::ImportRow {
            row: line.row,
            record: Some(pb::import_row::Record::Raw(api::convert::raw_row(line.file, &line.cells))),
            revision: None,
            withdrawn: false,
        }),
    }
);

/// Whom the rows of institutions are imported by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Each institution, with its own certificate; the bureau where there is none.
    Institutions,
    /// The bureau, on behalf.
    Bureau,
}

/// Imports rows of any files through the streams they belong to, in the order of `services`; the registry's institutions come
/// first in any case, since an institution must be registered to report. Answers the verdict of each row, in the order given.
pub async fn everything(sandbox: &Sandbox, lines: &[Line], by: By, services: &[Service]) -> Vec<RowVerdict> {
    let bureau = sandbox.client("bureau");
    let mut verdicts = vec![RowVerdict::default(); lines.len()];
    let mut groups: Vec<(Service, String, Vec<usize>)> = Vec::new();
    let institutions = |place: &usize| lines[*place].file == File::Institutions;
    let all: Vec<usize> = (0..lines.len()).collect();
    groups.push((
        Service::Registry,
        String::new(),
        all.iter().copied().filter(institutions).collect(),
    ));
    for service in services {
        let of_service = |place: &usize| lines[*place].file.service() == *service && !institutions(place);
        for place in all.iter().copied().filter(of_service) {
            let code = if by == By::Bureau {
                ""
            } else {
                lines[place].institution()
            };
            match groups
                .iter_mut()
                .skip(1)
                .find(|(group, holder, _)| group == service && holder == code)
            {
                Some((_, _, places)) => places.push(place),
                None => groups.push((*service, code.to_owned(), vec![place])),
            }
        }
    }
    for (service, code, places) in groups {
        let rows: Vec<Line> = places.iter().map(|place| lines[*place].clone()).collect();
        if rows.is_empty() {
            continue;
        }
        let own = !code.is_empty() && sandbox.knows(&code);
        let imported = match service {
            Service::Registry => registry(&bureau, &rows).await,
            Service::Pledge if own => pledge(&sandbox.client(&code), &rows).await,
            Service::Pledge => pledge_on_behalf(&bureau, &rows).await,
            Service::Insurance if own => insurance(&sandbox.client(&code), &rows).await,
            Service::Insurance => insurance_on_behalf(&bureau, &rows).await,
        };
        for (place, verdict) in places.into_iter().zip(imported.verdicts) {
            verdicts[place] = verdict;
        }
    }
    verdicts
}
