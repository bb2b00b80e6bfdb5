//! What to do next about an error, in Chinese and English.

use std::error::Error;

use tonic::{Code, Status};

use crate::call;
use crate::error::{CommandError, reason_of};

/// What to do about an error; none where its own sentences say it.
#[must_use]
pub fn of(error: &CommandError) -> Option<(String, String)> {
    match error {
        CommandError::Call { call, status } => of_status(call, status),
        CommandError::Reading(_) => Some(both(
            "支持的取值见 zhirong codes",
            "zhirong codes lists the supported values",
        )),
        CommandError::Platform(platform::Error::Io { source, .. }) => of_io(source),
        CommandError::Io { source, .. } => of_io(source),
        CommandError::Platform(platform::Error::Database(_)) => Some(both(
            "数据库不可达：检查 --database-url 与数据库是否运行；zhirong doctor 逐项检查",
            "the database is out of reach: check --database-url and that it runs; zhirong doctor checks each part",
        )),
        CommandError::Platform(platform::Error::Identity { .. }) => Some(both(
            "证书或私钥有误：zhirong doctor 会指出是哪一个",
            "a certificate or key is unfit: zhirong doctor names which",
        )),
        _ => None,
    }
}

fn both(zh: impl Into<String>, en: impl Into<String>) -> (String, String) {
    (zh.into(), en.into())
}

fn of_io(source: &std::io::Error) -> Option<(String, String)> {
    Some(match source.kind() {
        std::io::ErrorKind::AddrInUse => both(
            "端口已被占用，可能已有服务在运行：用 --listen 127.0.0.1:0 自动选一个空闲端口，或停掉原来的服务",
            "the port is taken, perhaps by a service that runs already: --listen 127.0.0.1:0 takes a free one, or stop the other",
        ),
        std::io::ErrorKind::PermissionDenied => both(
            "没有权限：换一个目录（--data、--out），或修改其属主",
            "no right to it: name another folder (--data, --out) or change its owner",
        ),
        std::io::ErrorKind::StorageFull => {
            both("磁盘已满：请先腾出空间", "the disk is full: make room first")
        }
        _ => return None,
    })
}

fn of_status(called: &str, status: &Status) -> Option<(String, String)> {
    let reason = reason_of(status);
    Some(match (reason.as_str(), status.code()) {
        ("BATCH_ALREADY_OPEN", _) => both(
            "该年度已有在办批次：先办结放行（zhirong batch），或由经办人作废（zhirong batch cancel），再开新批",
            "a batch of this year is open: take it to its release (zhirong batch) or cancel it (zhirong batch cancel, finance-maker), \
             then settle again",
        ),
        ("METHOD_UNKNOWN", _) => both(
            "全部方法见 zhirong call --list",
            "zhirong call --list shows every method",
        ),
        ("JSON_FIELD_UNKNOWN" | "JSON_VALUE_INVALID", _) => both(
            format!("字段与示例见 zhirong call {called} --describe"),
            format!("zhirong call {called} --describe shows the fields and an example"),
        ),
        (_, Code::Unimplemented) => both(
            "该服务不提供此方法：可能是正式环境不提供试用方法，或该进程未启用该服务（--role）",
            "these services do not have this method: one of a sandbox alone, or of a service that this process does not run (--role)",
        ),
        (_, Code::Unavailable | Code::Unknown) if is_certificate(status) => both(
            "握手被拒：证书可能已过期、不是该服务认可的机构所签，或私钥不符；zhirong doctor 逐项检查",
            "the handshake was refused: the certificate may be expired, of another authority, or not of this key; zhirong doctor checks each",
        ),
        (_, Code::Unavailable) => both(
            "服务未运行或不可达：先运行 zhirong serve --sandbox，或用 --server 指明地址",
            "the services are not running or out of reach: start zhirong serve --sandbox, or name them with --server",
        ),
        (_, Code::Unauthenticated) => both(
            "证书未登记：用 --identity 指明已登记证书的目录，或请知识产权局登记（zhirong registry create-credential）",
            "the certificate is not registered: name a folder with a registered one with --identity, or have the bureau enrol it \
             (zhirong registry create-credential)",
        ),
        (_, Code::PermissionDenied) => not_allowed(called),
        (_, Code::Internal) => both(
            "服务内部错误：请凭追踪号联系运维",
            "a fault of the service: quote the trace id to the operator",
        ),
        _ => return None,
    })
}

/// Who may call, as the method's own comment says.
fn not_allowed(called: &str) -> (String, String) {
    let who = call::named_alone(called)
        .map(call::may_call)
        .filter(|who| !who.is_empty());
    match who {
        Some(who) => both(
            format!("该证书的角色无权调用；可调用者：{who}。换用 --identity 或 --as"),
            format!(
                "the role of this certificate may not do this; may call: {who}. Use another --identity or --as"
            ),
        ),
        None => both(
            "该证书的角色无权调用：换用 --identity 或 --as",
            "the role of this certificate may not do this: use another --identity or --as",
        ),
    }
}

/// Whether the other side, or our own, refused a certificate.
fn is_certificate(status: &Status) -> bool {
    let mut at: Option<&(dyn Error + 'static)> = status.source();
    while let Some(error) = at {
        let text = error.to_string();
        if text.contains("certificate") || text.contains("Certificate") || text.contains("UnknownCA") {
            return true;
        }
        at = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_role_is_told_who_may() {
        let refused = CommandError::call("ApproveBatch", Status::permission_denied("no"));
        let (zh, en) = of(&refused).unwrap();
        assert!(
            zh.contains("finance-checker") && en.contains("may call: finance-checker"),
            "{en}"
        );
    }

    #[test]
    fn a_taken_port_says_how_to_take_another() {
        let taken = CommandError::io("", "", "x", std::io::ErrorKind::AddrInUse.into());
        assert!(of(&taken).unwrap().1.contains("--listen 127.0.0.1:0"));
    }
}
