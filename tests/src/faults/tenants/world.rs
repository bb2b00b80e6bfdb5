//! Two cities, and in the first one institutions that have nothing beside those of the scene, which have everything.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use api::registry::v1::InstitutionKind;
use platform::config::Settings;
use platform::database::embedded::temporary_dir;
use sqlx::{AssertSqlSafe, Connection};

use super::unwritten::Unwritten;
use crate::faults::interface::{Callers, Interface};
use crate::figure::Size;
use crate::sandbox::{Sandbox, Watchdog, watch};
use crate::scene::register_institution;
use crate::{ids, records};

/// First four digits of the other city's divisions.
const OTHER_CITY: &str = "4106";

/// Number of the first outsider of each kind.
const LENDERS: u32 = 5_000;
const INSURERS: u32 = 10_000;

/// Names of the people and offices of a city.
pub(super) const OFFICES: [&str; 5] = [
    "bureau",
    "finance-maker",
    "finance-checker",
    "finance-releaser",
    "auditor",
];

/// Somebody who calls.
#[derive(Debug, Clone)]
pub(super) struct Who {
    /// Name of the certificate.
    pub(super) certificate: String,
    /// The role.
    pub(super) role: &'static str,
}

/// Whether it is insurers that call a service, and not lenders.
pub(super) fn insures(service: &str) -> bool {
    service.contains("Insurance")
}

/// Institutions of a kind that have nothing.
struct Outsiders {
    codes: Vec<String>,
    /// Number of the first, of its legal person too.
    first: u32,
    /// The next that has never called.
    next: AtomicUsize,
}

impl Outsiders {
    async fn registered(
        sandbox: &Sandbox,
        (code, kind): (fn(u32) -> String, InstitutionKind),
        first: u32,
        number: u32,
    ) -> Self {
        let mut codes = Vec::new();
        for number in first..first + number {
            let institution = records::institution(&code(number), kind, &ids::legal_person(number));
            register_institution(sandbox, institution).await;
            codes.push(code(number));
        }
        let next = AtomicUsize::new(1);
        Self { codes, first, next }
    }

    fn person(&self, caller: &str) -> Option<String> {
        let place = self.codes.iter().position(|code| code == caller)?;
        Some(ids::legal_person(self.first + u32::try_from(place).unwrap()))
    }
}

/// A sandbox that has rules for two cities.
pub(super) async fn two_cities() -> (Watchdog, Sandbox) {
    let dir = temporary_dir("zhirong-tenants").unwrap();
    let watchdog = watch(&dir);
    let rules = policy::rulebook::ANYANG_2018_9
        .replace("city = \"4105\"", &format!("city = \"{OTHER_CITY}\""))
        .replace("410500-anzheng", "410600-anzheng");
    let path = dir.join("other-city.toml");
    std::fs::write(&path, rules).unwrap();
    let settings = Settings {
        policies: vec![path],
        ..Settings::default()
    };
    let sandbox = Sandbox::with(&dir, settings).await;
    (watchdog, sandbox)
}

/// The sandbox with everybody in it.
pub(super) struct World<'a> {
    sandbox: &'a Sandbox,
    /// The scene, played.
    pub(super) interface: Interface,
    /// Who can call.
    pub(super) callers: Callers<'a>,
    /// Everybody by whom every method is tried.
    pub(super) everybody: Vec<Who>,
    lenders: Outsiders,
    insurers: Outsiders,
    other_city: Unwritten,
    number: AtomicU32,
    /// Whether a wrong role is tried with every field too, and not only with a good request and an empty one.
    pub(super) is_deep: bool,
}

impl<'a> World<'a> {
    /// Registers outsiders beside what the scene made: one of each kind that stands, and as many as are asked for to call once.
    pub(super) async fn new(sandbox: &'a Sandbox, interface: Interface, size: Size, fresh: [u32; 2]) -> Self {
        let [lenders, insurers] = fresh;
        let lenders = Outsiders::registered(sandbox, (ids::bank, records::BANK), LENDERS, lenders + 1).await;
        let insurers =
            Outsiders::registered(sandbox, (ids::insurer, records::INSURER), INSURERS, insurers + 1).await;
        let mut everybody = Vec::new();
        for name in OFFICES {
            everybody.push(Who::new(name.to_owned(), name));
            everybody.push(Who::new(format!("{OTHER_CITY}-{name}"), name));
        }
        let institutions = [
            ids::bank(1),
            ids::insurer(1),
            lenders.codes[0].clone(),
            insurers.codes[0].clone(),
        ];
        everybody.extend(institutions.map(|code| Who::new(code, "institution")));
        Self {
            sandbox,
            interface,
            callers: Callers::new(sandbox),
            everybody,
            lenders,
            insurers,
            other_city: Unwritten::kept(sandbox, OTHER_CITY).await,
            number: AtomicU32::new(1),
            is_deep: matches!(size, Size::Full | Size::Long),
        }
    }

    /// The standing outsider of the kind that calls a service.
    pub(super) fn outsider(&self, service: &str) -> &str {
        &self.outsiders(service).codes[0]
    }

    /// An outsider that has never called: one that came again could have itself what it asks for.
    pub(super) fn fresh_outsider(&self, service: &str) -> &str {
        let outsiders = self.outsiders(service);
        let next = outsiders.next.fetch_add(1, Ordering::Relaxed);
        outsiders
            .codes
            .get(next)
            .expect("an outsider for every case that the descriptors give")
    }

    fn outsiders(&self, service: &str) -> &Outsiders {
        if insures(service) {
            &self.insurers
        } else {
            &self.lenders
        }
    }

    /// The names of a caller itself, which an answer may say: its certificate's, and an institution's own legal person.
    pub(super) fn own_names(&self, caller: &str) -> Vec<String> {
        let persons = [&self.lenders, &self.insurers].map(|outsiders| outsiders.person(caller));
        [caller.to_owned()]
            .into_iter()
            .chain(persons.into_iter().flatten())
            .collect()
    }

    /// The other city has nothing but what it had before the first case.
    pub(super) async fn clear_the_other_city(&self) {
        self.other_city.again().await;
    }

    /// Closes what it holds open.
    pub(super) async fn closed(self) {
        self.other_city.closed().await;
    }

    /// A number for names that nobody has.
    pub(super) fn number(&self) -> u32 {
        self.number.fetch_add(1, Ordering::Relaxed)
    }

    /// The offices of the other city.
    pub(super) fn other_offices(&self) -> impl Iterator<Item = &Who> {
        self.everybody
            .iter()
            .filter(|who| who.certificate.starts_with(&format!("{OTHER_CITY}-")))
    }

    /// What only the scene's own callers may see.
    pub(super) fn markers(&self, institution: bool) -> Vec<String> {
        let mut markers = vec![
            ids::bank(1),
            ids::insurer(1),
            ids::legal_person(1),
            ids::legal_person(4),
            ids::pledge(1),
            ids::pledge(3),
            "测试机构bank".to_owned(),
            "测试机构insurer".to_owned(),
        ];
        for number in 1..=6 {
            markers.push(format!("\"HT-{number}\""));
            markers.push(format!("\"BD-{number}\""));
            markers.push(format!("/HT-{number}"));
            markers.push(format!("/BD-{number}"));
        }
        if !institution {
            // The registry is a city's own; within the city everybody may know it.
            markers.extend((1..=3).map(ids::enterprise));
            markers.extend((1..=3).map(ids::invention));
            markers.push("410500".to_owned());
        }
        markers
    }

    /// The auditor of the first city.
    pub(super) fn auditor(&self) -> Who {
        Who::new("auditor".to_owned(), "auditor")
    }

    /// Red twin: the standing outsider's key speaks for the bank of the scene.
    pub(super) async fn lend_the_key_to_the_foreign_bank(&self) {
        let change = format!(
            "update registry.credential set holder = '{}' where holder = '{}'",
            ids::bank(1),
            self.lenders.codes[0]
        );
        self.change(&change).await;
    }

    /// Red twin: the auditor's key has the bureau's role.
    pub(super) async fn make_the_auditor_a_bureau(&self) {
        self.change(
            "update registry.credential set role = 'bureau' where holder = 'auditor' and city = '4105'",
        )
        .await;
    }

    /// Changes the database past the services, and waits until what they remember of it is forgotten.
    async fn change(&self, sql: &str) {
        let mut database = self.sandbox.database().await;
        let changed = sqlx::query(AssertSqlSafe(sql.to_owned()))
            .execute(&mut database)
            .await
            .unwrap();
        assert!(changed.rows_affected() > 0, "{sql}");
        database.close().await.unwrap();
        tokio::time::sleep(FORGOTTEN).await;
    }
}

/// For how long a service may remember who a key speaks for, and a little.
const FORGOTTEN: std::time::Duration = std::time::Duration::from_millis(2_200);

impl Who {
    fn new(certificate: String, role: &'static str) -> Self {
        Self { certificate, role }
    }
}
