//! What of this machine the services need: settings, programs, a folder, a port, room on the disk.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use platform::config::{Overlay, Settings};
use platform::database::embedded;
use platform::{Fault, signing};

use super::{Findings, said};
use crate::node::SIGNING_KEY;
use crate::serve::ADDRESS_FILE;

/// Room on the disk below which it is told, in KiB: a city's year with its batches is some hundred MiB.
const ROOM_WARN_KIB: u64 = 4 << 20;
/// Room below which nothing should be started, in KiB.
const ROOM_FAIL_KIB: u64 = 256 << 10;

/// Whether the settings can be read; where not, the built-in ones stand in for the other checks.
pub(super) fn settings(
    findings: &mut Findings,
    settings: Result<Settings, platform::Error>,
    flags: Overlay,
) -> Settings {
    match settings {
        Ok(settings) => {
            findings.ok(
                "settings",
                said("设置可用，没有未知的项", "usable, no unknown key"),
            );
            settings
        }
        Err(error) => {
            findings.fail(
                "settings",
                said(error.message_zh(), error.message_en()),
                said(
                    "改正配置文件或 ZHIRONG_ 变量中所指的项；其余检查按内置设置进行",
                    "correct that key of the settings file or that ZHIRONG_ variable; the other checks go by the built-in settings",
                ),
            );
            Settings::load(None, [], flags).unwrap_or_default()
        }
    }
}

/// Everything of the machine.
pub(super) fn check(findings: &mut Findings, settings: &Settings) {
    programs(findings, settings);
    folder(findings, &settings.data);
    room(findings, &settings.data);
    port(findings, settings);
    signing_key(findings, settings);
}

fn programs(findings: &mut Findings, settings: &Settings) {
    if settings.database_url.is_some() {
        findings.ok(
            "postgresql",
            said(
                "使用已有数据库，不需要服务器程序",
                "an existing database is used, no server programs are needed",
            ),
        );
        return;
    }
    let found = match &settings.pg_bin {
        Some(_) => embedded::find(settings.pg_bin.as_deref(), &settings.data).ok(),
        None => embedded::find_installed(&settings.data),
    };
    match found {
        Some(programs) => {
            let (major, bin) = (programs.major, programs.bin.display());
            findings.ok("postgresql", said(format!("PostgreSQL {major}，{bin}"), format!("PostgreSQL {major} in {bin}")));
        }
        None => findings.fail(
            "postgresql",
            said("没有可用的 PostgreSQL 15 到 18 服务器程序", "no usable server programs of PostgreSQL 15 to 18"),
            said(
                "安装 postgresql（Debian：apt-get install postgresql），或用 --pg-bin 指明其 bin 目录，或用 --database-url 连接已有数据库",
                "install postgresql (Debian: apt-get install postgresql), name its bin folder with --pg-bin, or an existing database with \
                 --database-url",
            ),
        ),
    }
}

fn folder(findings: &mut Findings, data: &Path) {
    let shown = data.display();
    let Ok(metadata) = std::fs::metadata(data) else {
        findings.warn(
            "data_folder",
            said(format!("{shown} 尚不存在"), format!("{shown} does not exist yet")),
            said(
                "serve 首次启动时会建立",
                "serve makes it when it is first started",
            ),
        );
        return;
    };
    let mode = metadata.permissions().mode();
    if !metadata.is_dir() || metadata.permissions().readonly() {
        findings.fail(
            "data_folder",
            said(
                format!("{shown} 不是可写的目录"),
                format!("{shown} is no folder that can be written"),
            ),
            said(
                "用 --data 指明另一目录，或修改其属主与权限",
                "name another one with --data, or change its owner and mode",
            ),
        );
    } else if mode & 0o022 != 0 {
        findings.fail(
            "data_folder",
            said(
                format!("{shown} 其他用户可写（{:o}）", mode & 0o777),
                format!("others can write into {shown} ({:o})", mode & 0o777),
            ),
            said(format!("chmod go-w {shown}"), format!("chmod go-w {shown}")),
        );
    } else {
        findings.ok(
            "data_folder",
            said(format!("{shown} 可用"), format!("{shown} is usable")),
        );
    }
}

/// Free room as `df` tells it: the one program for it that every system has.
fn room(findings: &mut Findings, data: &Path) {
    let place = data
        .ancestors()
        .find(|dir| dir.is_dir())
        .unwrap_or(Path::new("."));
    let told = Command::new("df").arg("-Pk").arg(place).output().ok();
    let text = told.map(|told| String::from_utf8_lossy(&told.stdout).into_owned());
    let free = text.and_then(|text| {
        text.lines()
            .nth(1)?
            .split_whitespace()
            .nth(3)?
            .parse::<u64>()
            .ok()
    });
    let Some(free) = free else {
        findings.warn(
            "disk",
            said("无法得知剩余空间", "the room that is left cannot be told"),
            said("自行用 df 查看", "look with df"),
        );
        return;
    };
    let found = said(
        format!("剩余 {} MiB", free / 1024),
        format!("{} MiB are free", free / 1024),
    );
    let advice = said(
        "腾出空间，或用 --data 换到别的磁盘",
        "make room, or name another disk with --data",
    );
    if free < ROOM_FAIL_KIB {
        findings.fail("disk", found, advice);
    } else if free < ROOM_WARN_KIB {
        findings.warn("disk", found, advice);
    } else {
        findings.ok("disk", found);
    }
}

fn port(findings: &mut Findings, settings: &Settings) {
    let listen = settings.listen;
    let own = std::fs::read_to_string(settings.data.join(ADDRESS_FILE)).unwrap_or_default();
    match TcpListener::bind(listen) {
        Ok(_) => findings.ok(
            "port",
            said(format!("{listen} 空闲"), format!("{listen} is free")),
        ),
        Err(_) if own.ends_with(&format!(":{}", listen.port())) => findings.ok(
            "port",
            said(
                format!("{listen} 由本数据目录的服务使用"),
                format!("{listen} is used by the services of this data folder"),
            ),
        ),
        Err(error) => findings.fail(
            "port",
            said(
                format!("{listen} 不可用：{error}"),
                format!("{listen} cannot be used: {error}"),
            ),
            said(
                "停掉占用端口的程序，或用 --listen 换一个（127.0.0.1:0 自动选取）",
                "stop what uses it, or take another with --listen (127.0.0.1:0 takes a free one)",
            ),
        ),
    }
}

fn signing_key(findings: &mut Findings, settings: &Settings) {
    let sandbox_key = settings.data.join("identity").join(format!("{SIGNING_KEY}.key"));
    let path = match &settings.signing_key {
        Some(path) => path.clone(),
        None if sandbox_key.is_file() => sandbox_key,
        None => {
            findings.warn(
                "signing_key",
                said("没有签名私钥：放行的批次将没有签名", "there is no signing key: batches are released unsigned"),
                said(
                    "生成私钥并写入 signing_key（openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256）",
                    "make one and name it in signing_key (openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256)",
                ),
            );
            return;
        }
    };
    match signing::load(&path, settings.signing_algorithm, &settings.signing_profile()) {
        Ok(signer) => {
            let (algorithm, id) = (signer.algorithm().as_str(), signer.key_id().to_owned());
            findings.ok(
                "signing_key",
                said(format!("{algorithm} {id}"), format!("{algorithm} {id}")),
            );
        }
        Err(error) => findings.fail(
            "signing_key",
            said(error.message_zh(), error.message_en()),
            said(
                "改正 signing_key 所指的文件",
                "correct the file that signing_key names",
            ),
        ),
    }
}
