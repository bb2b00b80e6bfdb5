//! The command line: names, options and defaults are those of the exchange contract, section 5.

mod evidence;
mod overlay;
mod tools;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use platform::config::Settings;

pub use evidence::{AssessArgs, ExperimentArgs, ExplainArgs, ReplayArgs, VerifyArgs};
pub use tools::{CallArgs, CompletionsArgs, ManArgs, SandboxArgs, SandboxCommand, SandboxDateArgs};

use crate::audit::AuditArgs;
use crate::config_check::ConfigArgs;
use crate::doctor::DoctorArgs;
use crate::drill::DrillArgs;
use crate::example_partner::PartnerArgs;
use crate::exit::Exit;
use crate::health::HealthArgs;
use crate::officer::BatchArgs;
use crate::output::{Color, Form};
use crate::partner::mapping::MappingArgs;
use crate::partner::statement::StatementArgs;
use crate::partner::upload::UploadArgs;
use crate::template::TemplateArgs;
use crate::webhook::WebhookArgs;

/// 专利金融补贴结算 Subsidies of a city for patent pledge loans and patent insurance: report, settle, check.
#[derive(Debug, Parser)]
#[command(name = "zhirong", version, propagate_version = true, after_help = Exit::help())]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Default, Args)]
pub struct GlobalArgs {
    /// 配置文件 TOML file with settings
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// 日志级别 Filter of log lines, such as info or info,sqlx=warn
    #[arg(long, global = true, value_name = "FILTER")]
    pub log_level: Option<String>,
    /// 日志格式 Form of log lines
    #[arg(long, global = true, value_enum)]
    pub log_format: Option<LogForm>,
    /// 输出形式 Form of data on standard output: a table on a terminal, else each command's plain text
    #[arg(long, global = true, value_enum, value_name = "FORM")]
    pub output: Option<Form>,
    /// 颜色 When colour is used; NO_COLOR switches auto off
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogForm {
    /// One JSON object a line
    Json,
    /// For reading in a terminal
    Text,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// 演示 Sandbox on an embedded database: loads the sample city, settles, prints and writes the batches, exits
    Demo(DemoArgs),
    /// 运行服务 Runs all services in one process, or some
    Serve(ServeArgs),
    /// 升级数据库 Brings the database's schema up to this version
    Migrate(MigrateArgs),
    /// 恢复演练 Restores a backup beside, replays every batch and checks every audit chain; changes nothing (exit 1: a difference)
    Drill(DrillArgs),
    /// 导入 Sends every exchange file of a folder through the public gRPC API (exit 3: some refused)
    Import(ImportArgs),
    /// 上传 Sends one workbook or table; brings back a copy with the bad cells marked (exit 3: some refused)
    Upload(UploadArgs),
    /// 列映射 Saves how your own headers are read: set, list, show, withdraw
    Mapping(MappingArgs),
    /// 对账单 Your monthly statement, as .xlsx or .csv
    Statement(StatementArgs),
    /// 模板 Writes an empty workbook to fill in: one sheet a file, drop-downs, notes and examples
    Template(TemplateArgs),
    /// 结算 Opens and computes a batch, in a sandbox up to its release
    Settle(SettleArgs),
    /// 批次办理 Takes a step of a batch: show, submit, return, publish, approve, release, cancel
    Batch(BatchArgs),
    /// 导出批次 Pulls a batch with everything needed to compute it again
    Export(ExportArgs),
    /// 试算 Computes a year from exchange files: no server, no database
    Assess(AssessArgs),
    /// 核验 Checks an exported batch: digests, and computed again from facts/ (exit 1: a difference)
    Verify(VerifyArgs),
    /// 逐笔说明 Explains a line, or a fact and why it earned nothing
    Explain(ExplainArgs),
    /// 重放 Computes every batch ever made again and compares digests (exit 1: a mismatch)
    Replay(ReplayArgs),
    /// 试验 Settles all history again under another policy or reading; writes nothing
    Experiment(ExperimentArgs),
    /// 审计 Checks the audit trail
    Audit(AuditArgs),
    /// 健康检查 Asks a server whether it serves (exit 1: it does not)
    Health(HealthArgs),
    /// 配置 Checks settings before they are used
    Config(ConfigArgs),
    /// 事件通知 Endpoints that events are sent to by HTTPS, and what became of the events
    Webhook(WebhookArgs),
    /// 代码表 Prints every closed list as CSV: list,code,severity,zh,en
    Codes,
    /// 调用接口 Calls any method of the API with JSON (call --list names them all)
    Call(CallArgs),
    /// 试用环境 What only a sandbox can do
    Sandbox(SandboxArgs),
    /// 示例机构 Acts as the core system of a sandbox's bank or insurer, well or badly behaved
    Partner(PartnerArgs),
    /// 体检 Checks what the program needs, each with what to do about it (exit 1: a failed check)
    Doctor(DoctorArgs),
    /// 补全 Prints completions of a shell
    Completions(CompletionsArgs),
    /// 手册 Writes man pages, one a command
    Man(ManArgs),
}

/// Options of `serve`.
#[derive(Debug, Clone, Default, Args)]
pub struct ServeArgs {
    /// 试用 Made-up city and development certificates, loopback only
    #[arg(long)]
    pub sandbox: bool,
    /// 数据目录 Folder of the embedded database, the certificates and the address of the running sandbox
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// 监听地址 Address to serve on; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// 服务 Services of this process, separated by commas; all where not given
    #[arg(long, value_name = "NAME[,NAME]", value_delimiter = ',')]
    pub role: Vec<String>,
    /// 政策文件 Rules that stand in for the shipped ones, a file a city; may be repeated. A sandbox has its own, with an invented revision
    #[arg(long, value_name = "FILE")]
    pub policy: Vec<PathBuf>,
    /// 数据库 Connection URL of PostgreSQL; an embedded server where not given
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// Folder with the programs of PostgreSQL
    #[arg(long, value_name = "DIR")]
    pub pg_bin: Option<PathBuf>,
    /// OTLP collector for traces, http://host:4317
    #[arg(long, value_name = "URL")]
    pub otlp_endpoint: Option<String>,
    /// File that receives one JSON line per finished span
    #[arg(long, value_name = "FILE")]
    pub trace_file: Option<PathBuf>,
    /// Settings with these options applied; filled in before the command runs.
    #[arg(skip)]
    pub settings: Settings,
}

/// Options of `demo`.
#[derive(Debug, Clone, Default, Args)]
pub struct DemoArgs {
    /// 输出目录 Where the batches are written
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// 数据目录 Folder of the embedded database; a temporary one where not given
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Folder with the programs of PostgreSQL
    #[arg(long, value_name = "DIR")]
    pub pg_bin: Option<PathBuf>,
    /// Settings with these options applied; filled in before the command runs.
    #[arg(skip)]
    pub settings: Settings,
}

/// Options of `migrate`.
#[derive(Debug, Clone, Default, Args)]
pub struct MigrateArgs {
    /// 数据库 Connection URL of PostgreSQL
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// Settings with these options applied; filled in before the command runs.
    #[arg(skip)]
    pub settings: Settings,
}

/// How a client command reaches the services; the sandbox of this machine where not given.
#[derive(Debug, Clone, Default, Args)]
pub struct ClientArgs {
    /// 服务地址 Address of the services; that of the sandbox running on this machine where not given
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// 证书目录 Folder with ca.pem and the caller's certificate and key; the sandbox's where not given
    #[arg(long, value_name = "DIR")]
    pub identity: Option<PathBuf>,
    /// Settings; filled in before the command runs.
    #[arg(skip)]
    pub settings: Settings,
}

/// Options of `import`.
#[derive(Debug, Clone, Default, Args)]
pub struct ImportArgs {
    /// 交换文件目录 Folder with exchange files (CSV, XLSX), or one of them
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// 拒收行目录 Where refused rows are written; DIR/rejected where not given
    #[arg(long, value_name = "DIR")]
    pub rejected: Option<PathBuf>,
    /// Where to.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// How far `settle` goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Until {
    /// 草稿 Opened and computed
    #[default]
    Draft,
    /// 放行 Released with the sandbox's own identities; refused outside a sandbox
    Released,
}

/// Options of `settle`.
#[derive(Debug, Clone, Default, Args)]
pub struct SettleArgs {
    /// 行政区划代码 The city, such as 410500
    #[arg(long, value_name = "CODE")]
    pub division: String,
    /// 年度 Policy year
    #[arg(long, value_name = "YEAR")]
    pub year: i32,
    /// 截至日 Day on which exclusions are tested, YYYY-MM-DD; today in Beijing where not given
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<String>,
    /// 直到 How far the batch goes
    #[arg(long, value_enum, default_value = "draft")]
    pub until: Until,
    /// 输出目录 Also exports the batch
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Where to.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// How a batch is pulled; all three bring the same bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// 流 One stream
    #[default]
    Stream,
    /// 分页 Pages of the same messages
    Pages,
    /// 文件 One ZIP archive; where DIR ends in .zip it is written as it came
    File,
}

/// Options of `export`.
#[derive(Debug, Clone, Default, Args)]
pub struct ExportArgs {
    /// 批次号 Batch number, such as 410500-2025-001
    #[arg(value_name = "BATCH")]
    pub batch: String,
    /// 输出目录 Folder for the batch; a name that ends in .xlsx gets its lines and findings as a workbook
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// 拉取方式 How it is pulled
    #[arg(long, value_enum, default_value_t)]
    pub by: By,
    /// Where from.
    #[command(flatten)]
    pub client: ClientArgs,
}
