//! The list that `serve` refuses to start on, by the same names.

use platform::Fault;
use platform::config::Settings;
use platform::database::{Database, Tuning};

use super::{Findings, said};
use crate::node::{SANDBOX_MARK, roles_of};
use crate::safety::{Found, Gravity, Hazard, of_database, of_machine};

/// Every finding of the list and everything that was looked for and not found; nothing where nobody would serve in earnest.
pub(super) async fn check(findings: &mut Findings, settings: &Settings) {
    let identity = settings.data.join("identity");
    // A database of one's own and a sandbox's certificates are for nobody to try out: that is a finding.
    let is_marked = identity.join(SANDBOX_MARK).exists();
    let is_sandbox = settings.sandbox || (is_marked && settings.database_url.is_none());
    let is_node = settings.database_url.is_some() || identity.is_dir();
    if is_sandbox || !is_node {
        findings.ok(
            "safety",
            said(
                "试用环境或仅作客户端，不适用正式运行的检查",
                "a sandbox, or a client alone: the list for serving in earnest does not apply",
            ),
        );
        return;
    }
    let Ok(roles) = roles_of(settings) else { return };
    let mut found = of_machine(settings, &roles);
    let mut is_asked = false;
    if let Some(url) = &settings.database_url {
        let tuning = Tuning {
            max_connections: 2,
            application_name: "zhirong doctor".to_owned(),
            ..Tuning::default()
        };
        // One that cannot be reached was told already.
        if let Ok(database) = Database::connect_url(url.expose(), &tuning).await {
            match of_database(&database, &roles).await {
                Ok(more) => {
                    found.extend(more);
                    is_asked = true;
                }
                Err(error) => findings.fail(
                    "safety",
                    said(error.message_zh(), error.message_en()),
                    said("查看数据库日志", "look into the database's log"),
                ),
            }
            database.close().await;
        }
    }
    for hazard in Hazard::ALL {
        one(findings, settings, *hazard, &found, is_asked);
    }
}

fn one(findings: &mut Findings, settings: &Settings, hazard: Hazard, found: &[Found], is_asked: bool) {
    let ((zh, en), (do_zh, do_en), name) = (hazard.words(), hazard.advice(), hazard.as_str());
    let Some(it) = found.iter().find(|it| it.hazard == hazard) else {
        if is_asked || !hazard.is_of_database() {
            findings.ok(name, said("未发现", "not found"));
        }
        return;
    };
    let what = said(format!("{zh} [{}]", it.of), format!("{en} [{}]", it.of));
    let is_let = match hazard.gravity() {
        Gravity::Told => true,
        Gravity::Acceptable => settings.accept.iter().any(|accepted| accepted == name),
        Gravity::Deadly => false,
    };
    if is_let {
        findings.warn(name, what, said(do_zh, do_en));
    } else {
        findings.fail(name, what, said(do_zh, do_en));
    }
}
