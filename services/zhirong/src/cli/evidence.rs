//! Options of the commands that compute or check: they work on folders, with or without a server.

use std::path::PathBuf;

use clap::Args;

use super::ClientArgs;

/// Options of `assess`.
#[derive(Debug, Clone, Default, Args)]
pub struct AssessArgs {
    /// 交换文件目录 Folder with exchange files
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
    /// 应有的摘要 The batch digest that is expected, had from elsewhere (a notice, a payment order): another batch, however whole, is none
    #[arg(long, value_name = "SHA256")]
    pub digest: Option<String>,
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
