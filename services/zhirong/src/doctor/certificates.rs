//! Certificates of the identity folder: there, of one authority, of their keys, valid, and their keys nobody else's to read.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chrono::TimeDelta;
use platform::Fault;
use platform::clock::Clock;
use platform::config::Settings;
use platform::identity::{Purpose, check as check_identity, load_identity};

use super::{Findings, said};
use crate::cli::ClientArgs;
use crate::connection::certificates;

/// How long before its end a certificate is told.
const SOON_DAYS: i64 = 30;

/// Every certificate of the folder, and the modes of its keys.
pub(super) fn check(findings: &mut Findings, settings: &Settings, client: &ClientArgs) {
    let own = settings.data.join("identity");
    let dir = client.identity.as_deref().unwrap_or(&own);
    let names = match certificates(dir) {
        Ok(names) if !names.is_empty() => names,
        _ => {
            let shown = dir.display();
            findings.warn(
                "certificates",
                said(format!("{shown} 中没有证书"), format!("{shown} holds no certificate")),
                said(
                    "serve 首次启动时会生成；调用方用 --identity 指明自己的证书目录（ca.pem 与本人的 .pem、.key）",
                    "serve makes them when it is first started; a caller names its folder with --identity (ca.pem, and its .pem and .key)",
                ),
            );
            return;
        }
    };
    let mut is_well = true;
    for name in &names {
        is_well &= one(findings, dir, name);
    }
    if is_well {
        let count = names.len();
        findings.ok(
            "certificates",
            said(
                format!("{count} 份证书均有效，私钥相符"),
                format!("{count} certificates are valid and of their keys"),
            ),
        );
    }
    keys(findings, dir);
}

/// One certificate: now, and in a month.
fn one(findings: &mut Findings, dir: &Path, name: &str) -> bool {
    let purpose = if name == "server" {
        Purpose::Server
    } else {
        Purpose::Client
    };
    let now = Clock::System.now();
    let at = |moment| {
        load_identity(dir, name).and_then(|identity| check_identity(&identity, purpose, name, moment))
    };
    if let Err(error) = at(now) {
        findings.fail(
            "certificates",
            said(error.message_zh(), error.message_en()),
            said(
                format!("向签发机构换领 {name} 的证书；试用环境可删除 {name}.pem 后重启 serve"),
                format!("have the certificate of {name} issued anew; in a sandbox delete {name}.pem and start serve again"),
            ),
        );
        return false;
    }
    if at(now + TimeDelta::days(SOON_DAYS)).is_err() {
        findings.warn(
            "certificates",
            said(
                format!("{name} 的证书 {SOON_DAYS} 日内到期"),
                format!("the certificate of {name} ends within {SOON_DAYS} days"),
            ),
            said("请及时换领", "have it issued anew in time"),
        );
        return false;
    }
    true
}

fn keys(findings: &mut Findings, dir: &Path) {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let is_key = |path: &Path| {
        path.extension()
            .is_some_and(|extension| extension == "key" || extension == "keys")
    };
    let is_open = |path: &Path| {
        std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
    };
    let mut open: Vec<String> = entries
        .map(|entry| entry.path())
        .filter(|path| is_key(path) && is_open(path))
        .map(|path| path.display().to_string())
        .collect();
    open.sort();
    if open.is_empty() {
        findings.ok(
            "key_modes",
            said("私钥只有本用户可读", "keys are this user's alone to read"),
        );
        return;
    }
    let list = open.join(" ");
    findings.fail(
        "key_modes",
        said(
            format!("其他用户可读的私钥：{list}"),
            format!("keys that others can read: {list}"),
        ),
        said(format!("chmod 600 {list}"), format!("chmod 600 {list}")),
    );
}
