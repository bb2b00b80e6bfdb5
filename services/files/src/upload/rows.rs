//! The rows, a thousand at a time, through the import of the service whose records they are.

use api::common::v1::{ImportSummary, RowVerdict, Verdict};
use api::files::v1 as pb;
use exchange::{Allow, Cells, Grid, Owner, Refusal, Service, SheetReader, print_row};
use ledger::import::{Import, ImportEntry, ROWS_MOST, count};
use ledger::{Caller, Role};
use uuid::Uuid;

use super::answer::StoredAnswer;
use super::receive::Declared;
use super::sheets::{Sheets, column_of};
use super::{REFUSED_MOST, RPC, hints};
use crate::Files;
use crate::error::Error;

/// A row that is right in itself, and its number.
type Good = (i32, Cells);

/// What became of the rows so far.
struct Taking<'a> {
    import: &'a Import,
    request_id: Uuid,
    check_only: bool,
    sheets: &'a Sheets,
    grid: &'a Grid,
    counts: ImportSummary,
    refused: Vec<pb::RefusedRow>,
    heads: Vec<api::common::v1::AuditHead>,
}

impl Files {
    /// Stores every row, or tries it out.
    pub(super) async fn rows(
        &self,
        caller: &Caller,
        declared: &Declared,
        sheets: &Sheets,
        request_id: Uuid,
    ) -> Result<StoredAnswer, Error> {
        let check_only = declared.message.check_only;
        let mut summary = pb::UploadSummary {
            request_id: declared.message.request_id.clone(),
            check_only,
            body_digest: declared.body_digest(),
            ..pb::UploadSummary::default()
        };
        let (mut total, mut refused) = (ImportSummary::default(), Vec::new());
        for grid in &sheets.grids {
            let import = self.import_of(caller, grid);
            let mut taking = Taking {
                import: &import,
                request_id,
                check_only,
                sheets,
                grid,
                counts: ImportSummary::default(),
                refused: Vec::new(),
                heads: Vec::new(),
            };
            taking.all().await?;
            add(&mut total, &taking.counts);
            summary.row_audit_heads.append(&mut taking.heads);
            refused.append(&mut taking.refused);
            refused.truncate(REFUSED_MOST);
            summary.files.push(pb::FileCounts {
                file: grid.file.as_str().to_owned(),
                counts: Some(taking.counts),
            });
        }
        summary.total = Some(total);
        summary.refused_rows_listed = i64::try_from(refused.len()).unwrap_or(i64::MAX);
        Ok(StoredAnswer {
            summary: Some(summary),
            refused_rows: refused,
            audit_head: None,
        })
    }

    /// The import of the service whose records the rows are, under that service's database role.
    fn import_of(&self, caller: &Caller, grid: &Grid) -> Import {
        let service = grid.file.service();
        let (ledger, hook) = match service {
            Service::Registry => (&self.owners.registry, Some(self.owners.registry_hook.clone())),
            Service::Pledge => (&self.owners.pledge, None),
            Service::Insurance => (&self.owners.insurance, None),
        };
        Import {
            ledger: ledger.clone(),
            caller: caller.clone(),
            rpc: RPC,
            service,
            on_behalf: caller.role == Role::Bureau && grid.file.owner() == Owner::Institution,
            hook,
        }
    }
}

impl Taking<'_> {
    async fn all(&mut self) -> Result<(), Error> {
        let mut reader = SheetReader::over(self.grid)?;
        let mut good: Vec<Good> = Vec::new();
        while let Some(read) = reader.next_row(&Allow::default())? {
            let number = i32::try_from(reader.number()).unwrap_or(i32::MAX);
            match read {
                Ok((row, _)) => good.push((number, Cells::from_values(row.file, print_row(&row)))),
                Err(row) => {
                    self.counts.rows += 1;
                    self.counts.refused += 1;
                    self.refuse(number, row.refusals);
                }
            }
            if good.len() >= ROWS_MOST {
                self.send(std::mem::take(&mut good)).await?;
            }
        }
        self.send(good).await?;
        self.refused.sort_by_key(|row| row.row);
        Ok(())
    }

    async fn send(&mut self, rows: Vec<Good>) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let file = self.grid.file;
        let entries: Vec<ImportEntry> = rows
            .into_iter()
            .map(|(number, cells)| ImportEntry::of_cells(number, file, cells, None))
            .collect();
        let answer = if self.check_only {
            self.import.check(entries, self.request_id).await?
        } else {
            self.import.store(entries, self.request_id).await?
        };
        count(&mut self.counts, &answer.verdicts);
        self.heads.extend(answer.audit_head);
        let refused = answer
            .verdicts
            .into_iter()
            .filter(|it| it.verdict() == Verdict::Refused);
        refused.for_each(|verdict| self.refuse_by_service(verdict));
        Ok(())
    }

    fn refuse_by_service(&mut self, verdict: RowVerdict) {
        let refusals = verdict
            .refusals
            .iter()
            .filter_map(|it| hints::refusal_of(self.grid.file, it));
        self.refuse(verdict.row, refusals.collect());
    }

    fn refuse(&mut self, row: i32, refusals: Vec<Refusal>) {
        if self.refused.len() >= REFUSED_MOST {
            return;
        }
        let refusals = refusals.into_iter().map(|refusal| self.cell(refusal)).collect();
        self.refused.push(pb::RefusedRow {
            file: self.grid.file.as_str().to_owned(),
            row,
            refusals,
        });
    }

    fn cell(&self, refusal: Refusal) -> pb::CellRefusal {
        let file = self.grid.file;
        let of_mapping = self.sheets.mapping.as_ref().and_then(|mapping| {
            let own = mapping
                .columns
                .iter()
                .find(|it| Some(it.column.as_str()) == refusal.column);
            own.map(|own| own.header.clone())
        });
        let of_table = || {
            let is_it =
                |header: &&String| refusal.column.is_some() && column_of(file, header) == refusal.column;
            self.grid.header.iter().find(is_it).cloned().unwrap_or_default()
        };
        let header = of_mapping.unwrap_or_else(of_table);
        let (zh, en) = hints::hint(refusal.code);
        let refusal = match &self.sheets.mapping {
            Some(mapping) => mapping.in_own_words(refusal),
            None => refusal,
        };
        pb::CellRefusal {
            refusal: Some(api::convert::refusal(&refusal)),
            header,
            hint: Some(api::convert::text(zh, en)),
        }
    }
}

fn add(total: &mut ImportSummary, counts: &ImportSummary) {
    total.rows += counts.rows;
    total.stored += counts.stored;
    total.unchanged += counts.unchanged;
    total.kept_as_history += counts.kept_as_history;
    total.refused += counts.refused;
    total.warned += counts.warned;
}
