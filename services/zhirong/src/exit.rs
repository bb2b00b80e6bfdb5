//! The exit codes, which scripts rest on: never renumbered.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, and nothing is wrong.
    Done,
    /// 1: it ran, and found a difference, a broken chain or a failed check.
    Differs,
    /// 2: it could not be carried out: the command line, the surroundings, or a service refused it.
    Stopped,
    /// 3: what was good is stored, some rows or files were refused.
    SomeRefused,
}

impl Exit {
    /// Every code, ascending.
    pub const ALL: [Self; 4] = [Self::Done, Self::Differs, Self::Stopped, Self::SomeRefused];

    /// The number that the process ends with.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Differs => 1,
            Self::Stopped => 2,
            Self::SomeRefused => 3,
        }
    }

    /// What it means, in Chinese and English.
    #[must_use]
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Done => ("完成", "done"),
            Self::Differs => (
                "已执行，但核验不符或检查未通过",
                "ran, and found a difference or a failed check",
            ),
            Self::Stopped => (
                "未能执行：命令有误、环境不备或被服务拒绝",
                "could not be carried out: the command, the surroundings, or a refusal",
            ),
            Self::SomeRefused => (
                "合格的已存，部分行或文件被拒收",
                "what was good is stored, some rows or files were refused",
            ),
        }
    }

    /// The list for `--help` and the man pages.
    #[must_use]
    pub fn help() -> String {
        let lines = Self::ALL.map(|exit| {
            let (zh, en) = exit.words();
            format!("  {}  {zh} {en}", exit.code())
        });
        format!("退出码 Exit codes:\n{}", lines.join("\n"))
    }

    /// Done, or a difference.
    #[must_use]
    pub const fn done_if(is_right: bool) -> Self {
        if is_right { Self::Done } else { Self::Differs }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
