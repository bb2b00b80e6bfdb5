//! The sandbox's bank: loans on pledged patents.

use serde_json::{Value, json};

use super::Misdeed;
use super::step::{Step, day, whole, yuan};

const REPORT: &str = "PledgeService/ReportLoan";
const EVENT: &str = "PledgeService/ReportLoanEvent";
/// The legal person of the sandbox's bank.
const PLEDGEE: &str = "91410500MA3X09007K";

/// A borrower of the sandbox with a patent, and the number its pledge is registered under.
struct Borrower {
    uscc: &'static str,
    patent: &'static str,
    pledge: u32,
}

/// For good business and what is late or repeated.
const CHEMICALS: Borrower = Borrower {
    uscc: "91410505MA3X92015R",
    patent: "202019900101.7",
    pledge: 101,
};
/// For the credit that is split.
const FOOD: Borrower = Borrower {
    uscc: "91410526MA3X920232",
    patent: "202019900104.0",
    pledge: 104,
};
/// For the patent that is pledged twice.
const MATERIALS: Borrower = Borrower {
    uscc: "91410502MA3X920314",
    patent: "202089900106.8",
    pledge: 106,
};
/// For the draw that is reversed.
const DEVICES: Borrower = Borrower {
    uscc: "91410503MA3X9204XA",
    patent: "202029900108.4",
    pledge: 108,
};
/// For amounts in a wrong unit.
const MACHINES: Borrower = Borrower {
    uscc: "91410506MA3X92058M",
    patent: "202029900111.6",
    pledge: 111,
};

/// The business of a seed and year.
struct Business {
    seed: u32,
    year: i32,
}

/// What the bank does, in order: good business first.
pub(super) fn plan(seed: u32, year: i32, deeds: &[Misdeed]) -> Vec<Step> {
    let business = Business { seed, year };
    let mut steps = vec![business.good()];
    for deed in deeds {
        match deed {
            Misdeed::Late => steps.push(business.late()),
            Misdeed::Duplicate => steps.extend(business.duplicate()),
            Misdeed::Split => steps.extend(business.split()),
            Misdeed::Twice => steps.extend(business.twice()),
            Misdeed::Reversed => steps.extend(business.reversed()),
            Misdeed::WrongUnit => steps.extend(business.wrong_unit()),
        }
    }
    steps
}

impl Business {
    fn contract(&self, what: &str) -> String {
        format!("HZ-{}-{}-{what}", self.year, self.seed)
    }

    /// A pledge for the year, its number the same for every seed: one patent, one registration at a time.
    fn pledge(&self, of: &Borrower, number: u32) -> Value {
        json!({
            "pledge_no": self.pledge_no(number), "pledgor_uscc": of.uscc, "pledgee_uscc": PLEDGEE,
            "registered_on": day(self.year, 1, 15), "cancelled_on": day(self.year, 12, 31), "patents": [of.patent],
        })
    }

    fn pledge_no(&self, number: u32) -> String {
        format!("Y{}98{number:07}", self.year)
    }

    fn event(&self, number: &str, kind: &str, on: (u32, u32), amount: Value) -> Value {
        json!({
            "event_no": number, "kind": format!("LOAN_EVENT_KIND_{kind}"),
            "occurred_at": format!("{}-{:02}-{:02}", self.year, on.0, on.1), "amount": amount,
        })
    }

    /// A loan with its pledge and draws.
    fn loan(&self, of: &Borrower, contract: &str, amount: Value, events: Vec<Value>) -> Value {
        json!({
            "request_id": client::request_id(),
            "pledge": self.pledge(of, of.pledge),
            "loan": {
                "contract_no": contract, "borrower_uscc": of.uscc, "contract_amount": amount,
                "signed_on": day(self.year, 2, 10), "revolving": false, "collateral": "COLLATERAL_PATENT",
                "pledge_no": self.pledge_no(of.pledge),
            },
            "events": events,
        })
    }

    fn good_request(&self) -> Value {
        let first = whole(3_000_000 + self.seed.saturating_sub(1) % 50 * 10_000);
        let events = vec![
            self.event("1", "DRAW", (3, 5), first),
            self.event("2", "DRAW", (6, 18), whole(1_500_000)),
        ];
        self.loan(&CHEMICALS, &self.contract("1"), whole(7_000_000), events)
    }

    fn good(&self) -> Step {
        let did = ("报送一笔贷款及两次放款", "reports a loan and two draws");
        Step::new("good", did, REPORT, self.good_request()).then(
            "应答中的 assessment 说明该企业本年应得多少、适用哪一条",
            "the answer's assessment says what the enterprise's year earns, and by which clause",
        )
    }

    fn late(&self) -> Step {
        let mut event = self.event("3", "DRAW", (12, 20), whole(2_000_000));
        event["contract_no"] = Value::from(self.contract("1"));
        let did = (
            "补报年末的一次放款",
            "reports a draw of the year's last days afterwards",
        );
        let request = json!({"request_id": client::request_id(), "loan_event": event});
        Step::new("late", did, EVENT, request).then(
            "该年度如已结算，下一批只付差额：lines.csv 的 settled_before 与 amount",
            "where the year is settled, its next batch pays the difference: settled_before and amount in lines.csv",
        )
    }

    fn duplicate(&self) -> Vec<Step> {
        let first = self.good_request();
        let mut anew = first.clone();
        anew["request_id"] = Value::from(client::request_id());
        let mut reused = first.clone();
        reused["loan"]["contract_amount"] = whole(9_000_000);
        let mut conflict = anew.clone();
        conflict["request_id"] = Value::from(client::request_id());
        conflict["loan"]["contract_amount"] = whole(9_000_000);
        let step = |did, request| Step::new("duplicate", did, REPORT, request);
        vec![
            step(
                ("再报同一笔业务", "reports the same business once more"),
                first.clone(),
            )
            .answers("UNCHANGED"),
            step(("原样重发同一请求", "sends the same request again"), first)
                .answers("UNCHANGED")
                .then("两次应答逐字节相同", "both answers have the same bytes"),
            step(("换一个请求号再报", "reports it under another request_id"), anew).answers("UNCHANGED"),
            step(
                (
                    "同一请求号而内容不同",
                    "sends other content under the same request_id",
                ),
                reused,
            )
            .answers("REQUEST_ID_REUSED")
            .then(
                "更正用 AmendLoan，请求号另取",
                "a correction goes by AmendLoan, under a request_id of its own",
            ),
            step(
                (
                    "同一修订号而内容不同",
                    "sends other content under the same revision",
                ),
                conflict,
            )
            .answers("REVISION_CONFLICT")
            .then(
                "先存的有效；更正须用更高的修订号",
                "what was stored first stands; a correction has a higher revision",
            ),
        ]
    }

    fn split(&self) -> Vec<Step> {
        let one = |(number, on): (u32, (u32, u32))| {
            let did = format!("1000万元授信拆成四份，第{number}份250万元");
            let en = format!("cuts a credit of 10 million into four, part {number} of 2.5 million");
            let events = vec![self.event("1", "DRAW", on, whole(2_500_000))];
            let contract = self.contract(&format!("SPLIT-{number}"));
            let request = self.loan(&FOOD, &contract, whole(2_500_000), events);
            Step::new("split", (&did, &en), REPORT, request).then(
                "企业按年度合计分档，拆分不增加补助；批次提示 LOAN_SPLITTING",
                "the tier is that of the enterprise's year, so nothing is gained; the batch finds LOAN_SPLITTING",
            )
        };
        [(1, (4, 7)), (2, (4, 8)), (3, (4, 9)), (4, (4, 10))]
            .map(one)
            .into()
    }

    fn twice(&self) -> Vec<Step> {
        let loan = |number: &str, on, amount| {
            let events = vec![self.event("1", "DRAW", on, whole(amount))];
            self.loan(&MATERIALS, &self.contract(number), whole(amount), events)
        };
        let first = loan("TWICE-1", (5, 12), 2_000_000);
        let mut second = loan("TWICE-2", (5, 20), 5_000_000);
        // The smaller number is the earlier registration of the same day.
        let number = MATERIALS.pledge + 1_000;
        second["pledge"] = self.pledge(&MATERIALS, number);
        second["loan"]["pledge_no"] = Value::from(self.pledge_no(number));
        let step = |did, request| Step::new("twice", did, REPORT, request);
        vec![
            step(("以一项专利质押贷款", "lends on a pledged patent"), first),
            step(
                (
                    "同一专利再次质押贷款",
                    "lends on the same patent under another registration",
                ),
                second,
            )
            .then(
                "后登记的不计，批次提示 PLEDGE_DOUBLE",
                "the later registration counts nothing; the batch finds PLEDGE_DOUBLE",
            ),
        ]
    }

    fn reversed(&self) -> Vec<Step> {
        let contract = self.contract("REVERSED");
        let draw = vec![self.event("1", "DRAW", (7, 1), whole(2_000_000))];
        let mut reversal = self.event("2", "REVERSAL", (7, 2), whole(2_000_000));
        reversal["contract_no"] = Value::from(contract.as_str());
        reversal["reverses"] = Value::from("1");
        let mut above = reversal.clone();
        above["event_no"] = Value::from("3");
        above["amount"] = whole(1);
        let event = |event: Value| json!({"request_id": client::request_id(), "loan_event": event});
        let loan = self.loan(&DEVICES, &contract, whole(2_000_000), draw);
        vec![
            Step::new("reversed", ("放款", "reports a draw"), REPORT, loan),
            Step::new(
                "reversed",
                ("次日全额冲正", "reverses all of it the next day"),
                EVENT,
                event(reversal),
            ),
            Step::new(
                "reversed",
                ("再冲一元", "reverses one yuan more"),
                EVENT,
                event(above),
            )
            .then(
                "净额按零计，不付；批次提示 DRAW_OVER_REVERSED",
                "the net is 0 and nothing is paid; the batch finds DRAW_OVER_REVERSED",
            ),
        ]
    }

    fn wrong_unit(&self) -> Vec<Step> {
        let small = vec![self.event("1", "DRAW", (8, 6), yuan("450.00"))];
        let small = self.loan(&MACHINES, &self.contract("WAN"), yuan("450.00"), small);
        let large = vec![self.event("1", "DRAW", (8, 6), yuan("450000000000.00"))];
        let large = self.loan(&MACHINES, &self.contract("FEN"), yuan("450000000000.00"), large);
        vec![
            Step::new(
                "wrong-unit",
                (
                    "450万元报成450元",
                    "reports 4.5 million, counted in 万元, as 450 yuan",
                ),
                REPORT,
                small,
            )
            .then(
                "已存并提示 AMOUNT_UNIT_SUSPECT；批次提示 UNIT_SUSPECTED，由审核人处理",
                "stored with AMOUNT_UNIT_SUSPECT; the batch finds UNIT_SUSPECTED for a reviewer to decide",
            ),
            Step::new(
                "wrong-unit",
                (
                    "以分报送，超出位数",
                    "reports in fen, with more digits than an amount has",
                ),
                REPORT,
                large,
            )
            .answers("AMOUNT_OUT_OF_RANGE")
            .then("整条拒收，什么也没有存", "refused as a whole, nothing is stored"),
        ]
    }
}
