//! Options of the commands around the services: calls, the sandbox, completions and manual.

use std::path::PathBuf;

use clap::{ArgAction, Args, Subcommand};

use super::ClientArgs;

/// Options of `call`.
#[derive(Debug, Clone, Default, Args)]
#[command(disable_help_flag = true)]
pub struct CallArgs {
    /// 方法 Service and method, such as PledgeService/ReportLoan
    #[arg(value_name = "METHOD")]
    pub method: Option<String>,
    /// 请求 The request as JSON, @FILE, or - for standard input; of a client stream one message a line
    #[arg(long, value_name = "JSON|@FILE|-", default_value = "{}")]
    pub data: String,
    /// 身份 Name of a certificate in the identity folder; the first who may call where not given
    #[arg(long = "as", value_name = "NAME")]
    pub caller: Option<String>,
    /// 请求文件 A call a line: {"as": NAME, "method": METHOD, "request": JSON} (exit 3: some refused)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["method", "caller"], requires = "out")]
    pub file: Option<PathBuf>,
    /// 应答文件 With --file an answer a line; else the bytes of the answer's file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// 方法清单 Lists every method
    #[arg(long, conflicts_with_all = ["method", "file"])]
    pub list: bool,
    /// 说明 Shows a method's fields and an example; --help does the same
    #[arg(long, requires = "method")]
    pub describe: bool,
    /// 帮助 Help; of a method where one is named
    #[arg(short, long, action = ArgAction::SetTrue)]
    pub help: bool,
    /// Where to.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// What only a sandbox can do.
#[derive(Debug, Clone, Args)]
pub struct SandboxArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: SandboxCommand,
}

/// The commands of `sandbox`.
#[derive(Debug, Clone, Subcommand)]
pub enum SandboxCommand {
    /// 业务日期 Shows the business date, or moves it forward to a day
    Date(SandboxDateArgs),
}

/// Options of `sandbox date`.
#[derive(Debug, Clone, Default, Args)]
pub struct SandboxDateArgs {
    /// 日期 The day to move to, YYYY-MM-DD, never back; only shown where not given
    #[arg(value_name = "DATE")]
    pub date: Option<String>,
    /// Where to.
    #[command(flatten)]
    pub client: ClientArgs,
}

impl SandboxArgs {
    /// Where the settings go.
    pub const fn client(&mut self) -> &mut ClientArgs {
        match &mut self.command {
            SandboxCommand::Date(args) => &mut args.client,
        }
    }
}

/// Options of `completions`.
#[derive(Debug, Clone, Copy, Args)]
pub struct CompletionsArgs {
    /// 外壳 The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Options of `man`.
#[derive(Debug, Clone, Default, Args)]
pub struct ManArgs {
    /// 输出目录 Folder for the pages
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}
