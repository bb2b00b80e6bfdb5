//! The command line: names, options and defaults are those of the exchange contract, section 5.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use platform::config::{LogFormat, Overlay, Secret, Settings};

use crate::audit::AuditArgs;
use crate::config_check::ConfigArgs;
use crate::health::HealthArgs;
use crate::officer::BatchArgs;
use crate::partner::mapping::MappingArgs;
use crate::partner::statement::StatementArgs;
use crate::partner::upload::UploadArgs;
use crate::template::TemplateArgs;
use crate::webhook::WebhookArgs;

/// 专利金融补贴结算 Subsidies of a city for patent pledge loans and patent insurance: report, settle, check.
#[derive(Debug, Parser)]
#[command(name = "zhirong", version, propagate_version = true)]
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

/// Options of `assess`.
#[derive(Debug, Clone, Default, Args)]
pub struct AssessArgs {
    /// 交换文件目录 Folder with exchange files (CSV, XLSX), or one of them
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// 行政区划代码 The city, such as 410500
    #[arg(long, value_name = "CODE")]
    pub division: String,
    /// 年度 Policy year
    #[arg(long, value_name = "YEAR")]
    pub year: i32,
    /// 截至日 Day on which exclusions are tested, YYYY-MM-DD; today in Beijing where not given
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<String>,
    /// 政策文件 Rules to use; the city's shipped ones where not given
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// 解释口径 Another value of a reading, such as R1=LOW; may be repeated
    #[arg(long, value_name = "READING=VALUE")]
    pub set: Vec<String>,
    /// 输出目录 Writes every file of the batch and rejected/; lines.csv goes to standard output where not given
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Options of `verify`.
#[derive(Debug, Clone, Default, Args)]
pub struct VerifyArgs {
    /// 批次目录 Folder of an exported batch, or its archive file
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// 公钥文件 The signer's public key (PEM), had from the signer and not out of the batch: the batch must be signed by it
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
}

/// Options of `explain`.
#[derive(Debug, Clone, Default, Args)]
pub struct ExplainArgs {
    /// 批次目录或批次号 Folder of an exported or assessed batch; or a batch number, asked of the server
    #[arg(value_name = "DIR|BATCH")]
    pub batch: String,
    /// 行号 Number of the line, from 1
    #[arg(value_name = "LINE_NO", required_unless_present = "fact")]
    pub line: Option<u32>,
    /// 事实 A record, such as loan_events/INSTITUTION/CONTRACT/EVENT or policy_patents/INSTITUTION/POLICY/PATENT
    #[arg(long, value_name = "FILE/KEY...", conflicts_with = "line")]
    pub fact: Option<String>,
    /// Where from, for a batch number.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Options of `replay`.
#[derive(Debug, Clone, Default, Args)]
pub struct ReplayArgs {
    /// 批次号或批次目录 Batch numbers, or folders of exported batches; every batch where not given
    #[arg(value_name = "BATCH|DIR")]
    pub batches: Vec<String>,
    /// 全部 Every batch ever computed: released, drafts and cancelled ones
    #[arg(long, conflicts_with = "batches")]
    pub all: bool,
    /// Where from.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Options of `experiment`.
#[derive(Debug, Clone, Default, Args)]
pub struct ExperimentArgs {
    /// 批次目录 Folders of batches, the last one of a year counts; the released batches of the server where not given
    #[arg(value_name = "DIR")]
    pub dirs: Vec<PathBuf>,
    /// 政策文件 Rules to try; each batch's own where not given
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// 解释口径 Another value of a reading to try, such as R3=PER_LOAN; may be repeated
    #[arg(long, value_name = "READING=VALUE")]
    pub set: Vec<String>,
    /// Where from.
    #[command(flatten)]
    pub client: ClientArgs,
}

impl Cli {
    /// The options as the top layer of the settings.
    #[must_use]
    pub fn overlay(&self) -> Overlay {
        let mut overlay = match &self.command {
            Command::Serve(args) => Overlay {
                sandbox: args.sandbox.then_some(true),
                data: args.data.clone(),
                listen: args.listen,
                roles: (!args.role.is_empty()).then(|| args.role.clone()),
                database_url: args.database_url.clone().map(Secret::new),
                pg_bin: args.pg_bin.clone(),
                otlp_endpoint: args.otlp_endpoint.clone(),
                trace_file: args.trace_file.clone(),
                ..Overlay::default()
            },
            Command::Demo(args) => Overlay {
                data: args.data.clone(),
                pg_bin: args.pg_bin.clone(),
                ..Overlay::default()
            },
            Command::Migrate(args) => Overlay {
                database_url: args.database_url.clone().map(Secret::new),
                ..Overlay::default()
            },
            Command::Import(_)
            | Command::Upload(_)
            | Command::Mapping(_)
            | Command::Statement(_)
            | Command::Settle(_)
            | Command::Export(_)
            | Command::Assess(_)
            | Command::Verify(_)
            | Command::Explain(_)
            | Command::Replay(_)
            | Command::Experiment(_)
            | Command::Audit(_)
            | Command::Batch(_)
            | Command::Health(_)
            | Command::Config(_)
            | Command::Webhook(_)
            | Command::Template(_)
            | Command::Codes => Overlay::default(),
        };
        overlay.log_level.clone_from(&self.global.log_level);
        overlay.log_format = self.global.log_format.map(|form| match form {
            LogForm::Json => LogFormat::Json,
            LogForm::Text => LogFormat::Text,
        });
        overlay
    }
}

impl Command {
    /// Hands the settings to the command that needs them.
    pub fn set_settings(&mut self, settings: &Settings) {
        let target = match self {
            Self::Serve(args) => &mut args.settings,
            Self::Demo(args) => &mut args.settings,
            Self::Migrate(args) => &mut args.settings,
            Self::Import(args) => &mut args.client.settings,
            Self::Upload(args) => &mut args.partner.client.settings,
            Self::Mapping(args) => &mut args.client().settings,
            Self::Statement(args) => &mut args.partner.client.settings,
            Self::Settle(args) => &mut args.client.settings,
            Self::Export(args) => &mut args.client.settings,
            Self::Explain(args) => &mut args.client.settings,
            Self::Replay(args) => &mut args.client.settings,
            Self::Experiment(args) => &mut args.client.settings,
            Self::Audit(args) => &mut args.client().settings,
            Self::Batch(args) => &mut args.client().settings,
            Self::Health(args) => &mut args.client.settings,
            Self::Webhook(args) => &mut args.settings,
            Self::Assess(_) | Self::Verify(_) | Self::Template(_) | Self::Config(_) | Self::Codes => return,
        };
        settings.clone_into(target);
    }
}
