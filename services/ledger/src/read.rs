//! Reading records: one by its name, or a page of a list.

use std::str::FromStr;

use api::convert::WireRecord;
use api::verbs::{GetRequest, ListRequest, StoredMessage};
use exchange::{File, Key, Owner};
use policy::ident::City;

use crate::caller::Caller;
use crate::command::Ledger;
use crate::error::Error;
use crate::report::key_cells;
use crate::store::fact::{self, Page, StoredRow};
use crate::wire;

/// Records a list answers when the caller does not say how many.
const PAGE_DEFAULT: i32 = 50;
/// Records a list answers at most.
const PAGE_MOST: i32 = 1000;

impl Ledger {
    /// The latest revision of a record, by its resource name; of `institution` where institutions own such records.
    ///
    /// # Errors
    /// `NAME_MALFORMED`, `NOT_FOUND`: another institution's record and an absent one are answered alike.
    pub async fn get<Q: GetRequest>(
        &self,
        caller: &Caller,
        body: &Q,
        institution: Option<&str>,
    ) -> Result<Q::Answer, Error> {
        let file = <Q::Stored as StoredMessage>::Record::FILE;
        let stored = self.find(caller, file, body.name(), institution).await?;
        Ok(Q::answer(message(&stored)))
    }

    async fn find(
        &self,
        caller: &Caller,
        file: File,
        name: &str,
        institution: Option<&str>,
    ) -> Result<StoredRow, Error> {
        let cells = key_cells(file, name, institution)?;
        let mut withdrawn = cells;
        // Only the key is read: a withdrawn row is its key and nothing else.
        crate::report::set(&mut withdrawn, "withdrawn", "true");
        let (row, _) = exchange::parse_row(file, &withdrawn, &exchange::Allow::stored()).map_err(|_| {
            Error::invalid(
                "name",
                "NAME_MALFORMED",
                "资源名中的标识不正确",
                "the name holds an identifier that is not valid",
            )
        })?;
        let (city, key) = (caller.city.clone(), row.key);
        let found = self.latest(caller, file, city, key).await?;
        found.ok_or_else(|| Error::NotFound {
            name: name.to_owned(),
        })
    }

    async fn latest(
        &self,
        caller: &Caller,
        file: File,
        city: City,
        key: Key,
    ) -> Result<Option<StoredRow>, Error> {
        self.database
            .read("ledger.get", &caller.scope(self.role), move |tx| {
                let (city, key) = (city.clone(), key.clone());
                Box::pin(async move { Ok(fact::revisions(tx, file, city.as_str(), &key).await?.pop()) })
            })
            .await
    }

    /// A page of the latest revisions in key order; of `institution` where institutions own such records.
    ///
    /// # Errors
    /// `PAGE_SIZE_INVALID`, `PAGE_TOKEN_INVALID`, `NAME_MALFORMED` on `parent`.
    pub async fn list<Q: ListRequest>(
        &self,
        caller: &Caller,
        body: &Q,
        institution: Option<&str>,
    ) -> Result<Q::Answer, Error> {
        let (rows, token) = self.page(caller, body, institution).await?;
        Ok(Q::answer(rows.iter().map(message).collect(), token))
    }

    async fn page<Q: ListRequest>(
        &self,
        caller: &Caller,
        query: &Q,
        institution: Option<&str>,
    ) -> Result<(Vec<StoredRow>, String), Error> {
        let file = <Q::Stored as StoredMessage>::Record::FILE;
        let size = page_size(query.page_size())?;
        let mut within: Vec<String> = Vec::new();
        if let (Owner::Institution, Some(code)) = (file.owner(), institution) {
            within.push(code.to_owned());
        }
        let parent = query.parent();
        if !parent.is_empty() {
            within.extend(parent_cells(file, &parent)?);
        }
        let page = Page {
            size: size + 1,
            after: page_key(file, query.page_token())?,
            within,
            show_withdrawn: query.show_withdrawn(),
        };
        let city = caller.city.clone();
        let mut rows: Vec<StoredRow> = self
            .database
            .read("ledger.list", &caller.scope(self.role), move |tx| {
                let (city, page) = (city.clone(), page.clone());
                Box::pin(async move { fact::list(tx, file, city.as_str(), &page).await })
            })
            .await?;
        let length = usize::try_from(size).unwrap_or(usize::MAX);
        let has_more = rows.len() > length;
        rows.truncate(length);
        let token = if has_more {
            rows.last()
                .map(|stored| page_token(&stored.row.key))
                .unwrap_or_default()
        } else {
            String::new()
        };
        Ok((rows, token))
    }
}

/// A stored record as its message.
fn message<S: StoredMessage>(stored: &StoredRow) -> S {
    let record = S::Record::from_row(&stored.row);
    S::new(record, wire::record_state(stored), stored.reported_by.clone())
}

/// Checks a page size.
///
/// # Errors
/// `PAGE_SIZE_INVALID` for a negative one; a larger one than the most is answered with the most.
pub fn page_size(asked: i32) -> Result<i64, Error> {
    match asked {
        0 => Ok(i64::from(PAGE_DEFAULT)),
        1.. => Ok(i64::from(asked.min(PAGE_MOST))),
        _ => Err(Error::invalid(
            "page_size",
            "PAGE_SIZE_INVALID",
            "每页条数不能为负",
            "a page size cannot be negative",
        )),
    }
}

fn parent_cells(file: File, parent: &str) -> Result<Vec<String>, Error> {
    let cells = api::name::parse_parent(parent, file).map_err(|error| {
        Error::invalid(
            "parent",
            "NAME_MALFORMED",
            format!("上级资源名应为 {}", error.pattern),
            error.to_string(),
        )
    })?;
    let keys = file.key_columns().map(|column| cells.get(column.name).to_owned());
    Ok(keys.filter(|value| !value.is_empty()).collect())
}

/// The refusal of a page token that is none of ours.
#[must_use]
pub fn page_token_wrong() -> Error {
    Error::invalid(
        "page_token",
        "PAGE_TOKEN_INVALID",
        "翻页标记无效",
        "the page token is not valid",
    )
}

/// What a page begins behind, where its token is a number or id; none on the first page.
///
/// # Errors
/// `PAGE_TOKEN_INVALID`.
pub fn page_behind<T: FromStr>(token: &str) -> Result<Option<T>, Error> {
    if token.is_empty() {
        return Ok(None);
    }
    token.parse().map(Some).map_err(|_| page_token_wrong())
}

/// Opaque to callers: the last key's cells in hexadecimal, so that no character of a key can break it.
fn page_token(key: &Key) -> String {
    exchange::digest::hex(key.cells().collect::<Vec<_>>().join("\u{1f}").as_bytes())
}

fn page_key(file: File, token: &str) -> Result<Option<Key>, Error> {
    if token.is_empty() {
        return Ok(None);
    }
    let bytes = exchange::digest::unhex(token).ok_or_else(page_token_wrong)?;
    let text = String::from_utf8(bytes).map_err(|_| page_token_wrong())?;
    let cells: Vec<String> = text.split('\u{1f}').map(str::to_owned).collect();
    if cells.len() == file.key_columns().count() {
        Ok(Some(Key::of_cells(cells.iter().map(String::as_str))))
    } else {
        Err(page_token_wrong())
    }
}
