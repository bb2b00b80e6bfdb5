//! The services as a caller meets them: reachable, healthy, the certificate known, the clocks together.

use api::registry::v1::{CredentialRole, ListCredentialsRequest};
use chrono::{DateTime, Utc};
use platform::clock::Clock;
use platform::identity::load_identity;
use tonic::Code;

use super::database::skew;
use super::{Findings, said};
use crate::call::Caller;
use crate::cli::ClientArgs;
use crate::connection::{certificates, client, target};
use crate::error::{CommandError, reason_of};

/// Path of the health service, which every process answers.
const HEALTH: &str = "/grpc.health.v1.Health/Check";
/// Its answer where everything serves: field 1, value 1.
const SERVING: &[u8] = &[8, 1];

/// Everything of the server that is named, or that runs over the data folder.
pub(super) async fn check(findings: &mut Findings, args: &ClientArgs) {
    let Ok((url, identity)) = target(args) else {
        findings.warn(
            "server",
            said(
                "本机没有运行服务，未检查",
                "no services run on this machine, not checked",
            ),
            said(
                "启动 zhirong serve，或用 --server 与 --identity 指明",
                "start zhirong serve, or name them with --server and --identity",
            ),
        );
        return;
    };
    let names = certificates(&identity).unwrap_or_default();
    let names: Vec<&String> = names.iter().filter(|name| *name != "server").collect();
    let Some(first) = names.first() else {
        return;
    };
    let health = match client(&url, &identity, first) {
        Ok(client) => Caller::of(&client).raw(HEALTH).await,
        Err(error) => Err(error),
    };
    match health {
        Ok((answer, date)) if answer == SERVING => {
            findings.ok("server", said(format!("{url} 健康"), format!("{url} is healthy")));
            let date = date.and_then(|text| DateTime::parse_from_rfc2822(&text).ok());
            if let Some(date) = date {
                let apart = Clock::System.now() - date.with_timezone(&Utc);
                skew(findings, "clock_server", apart.num_seconds().abs());
            }
        }
        Ok(_) => findings.fail(
            "server",
            said(
                format!("{url} 正在停止或不健康"),
                format!("{url} is stopping or not healthy"),
            ),
            said("查看服务日志", "look into the services' log"),
        ),
        Err(error) => {
            let (zh, en) = error.sentences();
            let (do_zh, do_en) = crate::hint::of(&error).unwrap_or_default();
            findings.fail("server", said(zh, en), said(do_zh, do_en));
            return;
        }
    }
    for name in names {
        identity_of(findings, &url, &identity, name).await;
    }
}

/// Who a certificate is to the services.
async fn identity_of(findings: &mut Findings, url: &str, dir: &std::path::Path, name: &str) {
    let answer = known_as(url, dir, name).await;
    match answer {
        Ok(Some((holder, role))) => findings.ok(
            "identity",
            said(
                format!("{name} 登记为 {holder}，角色 {role}"),
                format!("{name} is registered as {holder}, role {role}"),
            ),
        ),
        Ok(None) => findings.warn(
            "identity",
            said(
                format!("{name} 的证书可用，登记信息不可见"),
                format!("the certificate of {name} is known, its registration not shown"),
            ),
            said("请知识产权局核对登记", "have the bureau look the registration up"),
        ),
        Err(CommandError::Call { status, .. }) if status.code() == Code::Unauthenticated => findings.fail(
            "identity",
            said(
                format!("{name} 的证书未登记或已撤销"),
                format!("the certificate of {name} is not registered, or revoked"),
            ),
            said(
                "请知识产权局登记（zhirong registry create-credential）",
                "have the bureau enrol it (zhirong registry create-credential)",
            ),
        ),
        // The bureau, finance and the auditor may ask; whoever else is known is an institution.
        Err(CommandError::Call { status, .. }) if reason_of(&status) == "ROLE_NOT_ALLOWED" => findings.ok(
            "identity",
            said(
                format!("{name} 已登记，角色 institution"),
                format!("{name} is registered, role institution"),
            ),
        ),
        Err(CommandError::Call { status, .. }) if status.code() == Code::Unimplemented => findings.warn(
            "identity",
            said(
                "该进程不含登记服务，无法核对",
                "this process has no registry service to ask",
            ),
            said(
                "对含 registry 的进程再检查一次",
                "check again against a process with the registry",
            ),
        ),
        Err(error) => {
            let (zh, en) = error.sentences();
            let reason = match &error {
                CommandError::Call { status, .. } => reason_of(status),
                other => other.reason(),
            };
            findings.fail(
                "identity",
                said(format!("{name}：{reason} {zh}"), format!("{name}: {reason} {en}")),
                said("", ""),
            );
        }
    }
}

/// The holder and the role that the registry has for a certificate.
async fn known_as(
    url: &str,
    dir: &std::path::Path,
    name: &str,
) -> Result<Option<(String, String)>, CommandError> {
    let digest = load_identity(dir, name)?.spki_digest()?;
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let request = ListCredentialsRequest {
        page_size: 1000,
        ..ListCredentialsRequest::default()
    };
    let answer = client(url, dir, name)?.registry().list_credentials(request).await;
    let answer = answer.map_err(|status| CommandError::call("ListCredentials", status))?;
    let found = answer
        .into_inner()
        .credentials
        .into_iter()
        .find(|it| it.spki_digest == digest);
    Ok(found.map(|credential| {
        let role = credential.role();
        (credential.holder, role_name(role))
    }))
}

fn role_name(role: CredentialRole) -> String {
    let name = role.as_str_name();
    name.strip_prefix("CREDENTIAL_ROLE_")
        .unwrap_or(name)
        .to_ascii_lowercase()
}
