//! `zhirong serve`: all services in one process, or some.

use std::path::Path;
use std::process::ExitCode;

use platform::config::Settings;

use crate::cli::ServeArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::node::Node;
use crate::sample::BANK;
use crate::{output, sample};

/// File in the data folder that names the running server, for the client commands of this machine.
pub const ADDRESS_FILE: &str = "server";

/// File in the data folder with the sandbox's rules.
const SANDBOX_POLICY: &str = "sandbox-policy.toml";

/// Serves until it is told to stop (SIGINT, SIGTERM).
///
/// # Errors
/// [`CommandError`] with what keeps it from starting.
pub async fn run(args: ServeArgs) -> Result<ExitCode, CommandError> {
    platform::twin::check()?;
    let settings = &with_people(with_policy(args.settings)?);
    let node = Node::start(settings).await?;
    if settings.sandbox && serves_registry(settings) {
        load_sandbox(&node, settings).await?;
    }
    let address_file = settings.data.join(ADDRESS_FILE);
    std::fs::write(&address_file, node.url()).map_err(|source| {
        CommandError::io(
            "写入服务地址",
            "writing the server's address",
            &address_file,
            source,
        )
    })?;
    output::line(&format!("READY {} {}", node.url(), node.identity().display()));
    if settings.sandbox {
        output::line(&first_calls(&node)?);
    }
    platform::serve::shutdown_signal().await;
    output::note("正在停止 / stopping");
    // Another process may have taken the folder over by now; then the file is no longer ours to remove.
    if std::fs::read_to_string(&address_file).is_ok_and(|text| text == node.url()) {
        let _removed = std::fs::remove_file(&address_file);
    }
    node.stop().await?;
    Ok(Exit::Done.into())
}

/// A sandbox that is given no rules takes its own: the shipped ones, and an invented revision from 2027 on.
fn with_policy(mut settings: Settings) -> Result<Settings, CommandError> {
    if settings.sandbox && settings.policies.is_empty() {
        let path = settings.data.join(SANDBOX_POLICY);
        let failed = |source| CommandError::io("写入试用规则", "writing the sandbox's rules", &path, source);
        std::fs::create_dir_all(&settings.data).map_err(failed)?;
        std::fs::write(&path, sample::sandbox_policy()).map_err(failed)?;
        settings.policies.push(path);
    }
    Ok(settings)
}

/// A sandbox lets a browser in that has no certificate, so that signing in can be tried with no set-up.
fn with_people(mut settings: Settings) -> Settings {
    if settings.sandbox && settings.people_listen.is_none() {
        settings.people_listen = Some(([127, 0, 0, 1], 0).into());
    }
    settings
}

fn serves_registry(settings: &Settings) -> bool {
    settings.roles.is_empty() || settings.roles.iter().any(|role| role == "registry")
}

/// Registers the sandbox's city as the bureau, through the public API.
async fn load_sandbox(node: &Node, settings: &Settings) -> Result<(), CommandError> {
    let dir = settings.data.join("sandbox-records");
    sample::write(&dir, sample::SANDBOX)?;
    crate::import::send(&dir, node.url(), node.identity()).await?;
    Ok(())
}

/// The text after `READY`: a call to paste that reports a loan, and two that settle and pull it.
fn first_calls(node: &Node) -> Result<String, CommandError> {
    let identity = node
        .identity()
        .canonicalize()
        .unwrap_or_else(|_| node.identity().to_owned());
    let program = std::env::current_exe().map_err(|source| {
        CommandError::io("查找程序", "finding the program", Path::new("zhirong"), source)
    })?;
    let address = node.url().trim_start_matches("https://");
    let people = node.people_url().unwrap_or_default();
    let (folder, program, url) = (identity.display(), program.display(), node.url());
    Ok(format!(
        r#"
试用：报送一笔800万元的贷款（需 grpcurl；回答中 enterpriseYear 为 150000.00，条款 A8.1.3）
Try: report a loan of 8,000,000 (needs grpcurl; the answer's enterpriseYear is 150000.00, clause A8.1.3)

grpcurl -cacert {folder}/ca.pem -cert {folder}/{BANK}.pem -key {folder}/{BANK}.key -d '{{
  "requestId": "'$(python3 -c "import uuid; print(uuid.uuid4())")'",
  "pledge": {{"pledgeNo": "Y2025980009001", "pledgorUscc": "{ENTERPRISE}", "pledgeeUscc": "{LEGAL_PERSON}",
    "registeredOn": {{"year": 2025, "month": 3, "day": 10}}, "patents": ["{PATENT}"]}},
  "loan": {{"contractNo": "SHIYONG-2025-1", "borrowerUscc": "{ENTERPRISE}",
    "contractAmount": {{"currencyCode": "CNY", "amount": "8000000.00"}}, "signedOn": {{"year": 2025, "month": 3, "day": 5}},
    "revolving": false, "collateral": "COLLATERAL_PATENT", "pledgeNo": "Y2025980009001"}},
  "events": [{{"eventNo": "1", "kind": "LOAN_EVENT_KIND_DRAW", "occurredAt": "2025-03-12T10:20:00+08:00",
    "amount": {{"currencyCode": "CNY", "amount": "8000000.00"}}}}]
}}' {address} zhirong.pledge.v1.PledgeService/ReportLoan

结算并放行，再拉取 / settle and release, then pull:

{program} settle --division 410500 --year 2025 --until released --server {url} --identity {folder}
{program} export 410500-2025-001 --out batch --server {url} --identity {folder} && {program} verify batch

没有 grpcurl 时 / without grpcurl: {program} call --list
示例机构 / partners that behave well or badly: {program} partner bank --do late,duplicate,split,twice,reversed,wrong-unit
业务日期 / business date: {program} sandbox date 2027-01-01
在浏览器中登录（虚构人员，证书由 {folder}/ca.pem 签发）/ sign in with a browser (made-up people): {people}/auth/
2027 年起适用编造的第二版规则，仅供试用 / from 2027 on an invented second revision of the rules applies, for trying only
"#
    ))
}

/// The legal person of the sandbox's bank, the enterprise and the patent, as in `deploy/sample/sandbox`.
const LEGAL_PERSON: &str = "91410500MA3X09007K";
const ENTERPRISE: &str = "91410502MA3X09015B";
const PATENT: &str = "202019900001.4";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calls_to_paste_name_records_that_the_sandbox_has() {
        let all: String = sample::SANDBOX
            .iter()
            .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
            .collect();
        for identifier in [BANK, LEGAL_PERSON, ENTERPRISE, PATENT] {
            assert!(all.contains(identifier), "{identifier}");
        }
    }
}
