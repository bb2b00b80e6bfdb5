//! `zhirong partner`: the core system of a sandbox's bank or insurer, which reports valid business and misbehaves when told to.
//!
//! What it does is a list of calls made beforehand ([`Step`]); they go out as any caller's, and what the services answered is printed.

mod bank;
mod insurer;
mod step;

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::Value;

use self::step::{Answered, Step};
use crate::call::{self, Caller};
use crate::cli::ClientArgs;
use crate::connection::{client, target};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::node::SANDBOX_MARK;
use crate::output::{self, Cell, Listing};
use crate::sample::{BANK, INSURER};

/// First and last policy year that the sandbox's patents and enterprises are made for.
const YEARS: std::ops::RangeInclusive<i32> = 2024..=2099;

/// Whose core system is played.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum PartnerKind {
    /// 银行 A lender of the sandbox
    #[default]
    Bank,
    /// 保险公司 An insurer of the sandbox
    Insurer,
}

/// Options of `partner`.
#[derive(Debug, Clone, Default, Args)]
pub struct PartnerArgs {
    /// 机构 Which partner
    #[arg(value_enum)]
    pub kind: PartnerKind,
    /// 种子 Another seed makes other numbers; the same one repeats the same business
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u32,
    /// 行为 What it does wrong after its good business, separated by commas; nothing where not given
    #[arg(long = "do", value_enum, value_name = "DEED", value_delimiter = ',')]
    pub deeds: Vec<Misdeed>,
    /// 年度 Policy year of its business
    #[arg(long, value_name = "YEAR", default_value_t = 2025)]
    pub year: i32,
    /// Where to.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// What a partner does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Misdeed {
    /// 迟报 An event dated in a year that may be settled already
    Late,
    /// 重复 The same request again, the same record again, and both changed
    Duplicate,
    /// 拆分 One credit cut into contracts that fit the first tier; one premium cut into payments
    Split,
    /// 一物两用 One patent pledged or insured twice
    Twice,
    /// 冲正 A draw that is reversed, a premium that is refunded
    Reversed,
    /// 单位错误 万元 reported as 元, and 元 as 分
    WrongUnit,
}

/// What was done and how it was answered.
struct Done {
    step: Step,
    answered: Answered,
}

/// Runs the command: exit 0 where every call was answered as such a call is answered, 1 where one was not.
///
/// # Errors
/// [`CommandError`] outside a sandbox, and where the services cannot be reached.
pub async fn run(args: PartnerArgs) -> Result<ExitCode, CommandError> {
    let (url, identity) = target(&args.client)?;
    if !identity.join(SANDBOX_MARK).is_file() {
        return Err(CommandError::usage(
            "PARTNER_NEEDS_SANDBOX",
            "zhirong partner 只用于试用环境：它会以机构身份报送编造的业务",
            "zhirong partner is for a sandbox only: it reports made-up business in an institution's name",
        ));
    }
    if !YEARS.contains(&args.year) {
        return Err(CommandError::usage(
            "YEAR_OUT_OF_RANGE",
            format!("--year 应在 {} 到 {} 之间", YEARS.start(), YEARS.end()),
            format!("--year is between {} and {}", YEARS.start(), YEARS.end()),
        ));
    }
    let (name, steps) = match args.kind {
        PartnerKind::Bank => (BANK, bank::plan(args.seed, args.year, &args.deeds)),
        PartnerKind::Insurer => (INSURER, insurer::plan(args.seed, args.year, &args.deeds)),
    };
    let caller = Caller::of(&client(&url, &identity, name)?);
    let mut listing = Listing::new(&[
        ("deed", "行为"),
        ("did_zh", "所做"),
        ("did_en", ""),
        ("method", "方法"),
        ("answered", "应答"),
        ("expected", "应为"),
        ("next_zh", "下一步"),
        ("next_en", ""),
    ]);
    let mut is_right = true;
    for step in steps {
        let answered = send(&caller, &step).await?;
        let done = Done { step, answered };
        is_right &= done.is_expected();
        listing.push(done.cells(), || done.text());
    }
    listing.finish();
    let (year, word) = (args.year, if is_right { "是" } else { "否" });
    output::note(&format!(
        "应答均如所料：{word}。结算：zhirong settle --division 410500 --year {year} --until released / \
         settle it: zhirong settle --division 410500 --year {year} --until released"
    ));
    Ok(Exit::done_if(is_right).into())
}

/// Sends a step; a refusal is an answer, a service out of reach is none.
async fn send(caller: &Caller, step: &Step) -> Result<Answered, CommandError> {
    let method = call::find(step.method)?;
    let parsed = method.parse(step.request.to_string());
    let bytes = parsed.map_err(|error| CommandError::from_status(step.method, error.status()))?;
    let mut answers = match caller.call(method, vec![bytes]).await {
        Ok(answers) => answers,
        Err(error) => return Answered::refused(error),
    };
    match answers.next().await {
        Ok(Some(received)) => {
            let printed = method.print(&received.bytes);
            let answer = printed.map_err(|error| CommandError::from_status(step.method, error.status()))?;
            Ok(Answered::stored(&answer))
        }
        Ok(None) => Ok(Answered::stored(&Value::Null)),
        Err(error) => Answered::refused(error),
    }
}

impl Done {
    fn is_expected(&self) -> bool {
        // Good business that was reported before answers UNCHANGED: the same run again is no fault.
        let unchanged = self.step.expected == "STORED" && self.answered.code == "UNCHANGED";
        unchanged || self.answered.code == self.step.expected
    }

    fn cells(&self) -> Vec<Cell> {
        let Self { step, answered } = self;
        let texts = [
            step.deed,
            &step.did.0,
            &step.did.1,
            step.method,
            &answered.text(),
            step.expected,
            step.next.0,
            step.next.1,
        ];
        texts.map(Cell::text).to_vec()
    }

    fn text(&self) -> String {
        let Self { step, answered } = self;
        let mark = if self.is_expected() { "ok" } else { "!!" };
        let mut text = format!(
            "{mark} {}: {} / {}\n   {} -> {}\n",
            step.deed,
            step.did.0,
            step.did.1,
            step.method,
            answered.text()
        );
        if !step.next.0.is_empty() {
            text.push_str(&format!("   {} / {}\n", step.next.0, step.next.1));
        }
        text
    }
}
