//! The sandbox's insurer: patent insurance.

use serde_json::{Value, json};

use super::Misdeed;
use super::step::{Step, day, whole, yuan};

const REPORT: &str = "InsuranceService/ReportPolicy";
const EVENT: &str = "InsuranceService/ReportPremiumEvent";

/// A policyholder of the sandbox with the patents that it insures.
struct Holder {
    uscc: &'static str,
    patents: &'static [&'static str],
}

/// For good business and what is late or repeated: an invention and a utility model.
const CHEMICALS: Holder = Holder {
    uscc: "91410505MA3X92015R",
    patents: &["202019900101.7", "202029900102.7"],
};
/// For the premium that is cut: a design.
const FOOD: Holder = Holder {
    uscc: "91410526MA3X920232",
    patents: &["202039900103.7"],
};
/// For the patent that is insured twice: an international application that became a utility model.
const MATERIALS: Holder = Holder {
    uscc: "91410502MA3X920314",
    patents: &["202099900107.8"],
};
/// For the premium that is refunded: a patent with an award.
const DEVICES: Holder = Holder {
    uscc: "91410503MA3X9204XA",
    patents: &["202029900108.4"],
};
/// For amounts in a wrong unit.
const MACHINES: Holder = Holder {
    uscc: "91410506MA3X92058M",
    patents: &["202029900111.6"],
};

/// The business of a seed and year.
struct Business {
    seed: u32,
    year: i32,
}

/// What the insurer does, in order: good business first.
pub(super) fn plan(seed: u32, year: i32, deeds: &[Misdeed]) -> Vec<Step> {
    let business = Business { seed, year };
    let mut steps = vec![business.good()];
    for deed in deeds {
        match deed {
            Misdeed::Late => steps.push(business.late()),
            Misdeed::Duplicate => steps.extend(business.duplicate()),
            Misdeed::Split => steps.push(business.split()),
            Misdeed::Twice => steps.extend(business.twice()),
            Misdeed::Reversed => steps.extend(business.reversed()),
            Misdeed::WrongUnit => steps.extend(business.wrong_unit()),
        }
    }
    steps
}

impl Business {
    fn policy_no(&self, what: &str) -> String {
        format!("BD-{}-{}-{what}", self.year, self.seed)
    }

    fn event(&self, number: &str, kind: &str, on: (u32, u32), amount: Value) -> Value {
        json!({
            "event_no": number, "kind": format!("PREMIUM_EVENT_KIND_{kind}"),
            "occurred_on": day(self.year, on.0, on.1), "amount": amount,
        })
    }

    /// A policy over the year with its schedule and payments.
    fn policy(&self, of: &Holder, number: &str, events: Vec<Value>) -> Value {
        let patents: Vec<Value> = of
            .patents
            .iter()
            .map(|patent| json!({"patent_no": patent}))
            .collect();
        json!({
            "request_id": client::request_id(),
            "policy": {
                "policy_no": number, "product": "PRODUCT_ENFORCEMENT", "policyholder_uscc": of.uscc,
                "cover_from": day(self.year, 1, 1), "cover_to": day(self.year, 12, 31), "sum_insured": whole(1_000_000),
            },
            "patents": patents,
            "premium_events": events,
        })
    }

    fn good_request(&self) -> Value {
        let premium = whole(10_000 + self.seed.saturating_sub(1) % 50 * 100);
        let events = vec![self.event("1", "PAYMENT", (1, 8), premium)];
        self.policy(&CHEMICALS, &self.policy_no("1"), events)
    }

    fn good(&self) -> Step {
        let did = (
            "报送一张保单、两项专利和一次缴费",
            "reports a policy, two patents and a payment",
        );
        Step::new("good", did, REPORT, self.good_request()).then(
            "发明全额补贴，实用新型按80%",
            "the invention is in the full class, the utility model at 80%",
        )
    }

    fn late(&self) -> Step {
        let mut event = self.event("2", "PAYMENT", (12, 20), whole(2_000));
        event["policy_no"] = Value::from(self.policy_no("1"));
        let did = (
            "补报年末的一次缴费",
            "reports a payment of the year's last days afterwards",
        );
        let request = json!({"request_id": client::request_id(), "premium_event": event});
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
        reused["policy"]["sum_insured"] = whole(2_000_000);
        let mut conflict = reused.clone();
        conflict["request_id"] = Value::from(client::request_id());
        let step = |did, request| Step::new("duplicate", did, REPORT, request);
        vec![
            step(
                ("再报同一张保单", "reports the same policy once more"),
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
                "更正用 AmendPolicy，请求号另取",
                "a correction goes by AmendPolicy, under a request_id of its own",
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

    fn split(&self) -> Step {
        let part = |number: u32| self.event(&number.to_string(), "PAYMENT", (3, number), yuan("33.33"));
        let did = (
            "99.99元保费分三次各缴33.33元",
            "cuts a premium of 99.99 into three payments of 33.33",
        );
        let events = (1..=3).map(part).collect();
        let request = self.policy(&FOOD, &self.policy_no("SPLIT"), events);
        Step::new("split", did, REPORT, request).then(
            "每张保单每年按类别合计四舍五入一次，拆分不多得一分",
            "a policy's class is rounded once a year, so no fen is gained",
        )
    }

    fn twice(&self) -> Vec<Step> {
        let one = |what: &str, month| {
            let events = vec![self.event("1", "PAYMENT", (month, 6), whole(5_000))];
            self.policy(&MATERIALS, &self.policy_no(what), events)
        };
        let step = |did, request| Step::new("twice", did, REPORT, request);
        vec![
            step(("为一项专利承保", "insures a patent"), one("TWICE-1", 2)),
            step(
                (
                    "同一专利同一险种再次承保",
                    "insures the same patent against the same once more",
                ),
                one("TWICE-2", 4),
            )
            .then(
                "后一张保单的该专利暂缓，批次提示 POLICY_SECOND",
                "that patent of the second policy is held; the batch finds POLICY_SECOND",
            ),
        ]
    }

    fn reversed(&self) -> Vec<Step> {
        let number = self.policy_no("REVERSED");
        let paid = vec![self.event("1", "PAYMENT", (5, 6), whole(8_000))];
        let mut refund = self.event("2", "REFUND", (9, 9), whole(8_000));
        refund["policy_no"] = Value::from(number.as_str());
        refund["reverses"] = Value::from("1");
        let request = json!({"request_id": client::request_id(), "premium_event": refund});
        vec![
            Step::new(
                "reversed",
                ("缴费", "reports a payment"),
                REPORT,
                self.policy(&DEVICES, &number, paid),
            ),
            Step::new("reversed", ("全额退费", "refunds all of it"), EVENT, request).then(
                "退费冲减其所退的缴费，不付；批次提示 PREMIUM_REFUNDED_LATE",
                "a refund is booked to its payment, nothing is paid; the batch finds PREMIUM_REFUNDED_LATE",
            ),
        ]
    }

    fn wrong_unit(&self) -> Vec<Step> {
        let one = |what: &str, amount: &str| {
            let events = vec![self.event("1", "PAYMENT", (6, 6), yuan(amount))];
            self.policy(&MACHINES, &self.policy_no(what), events)
        };
        let step = |did, request| Step::new("wrong-unit", did, REPORT, request);
        vec![
            step(
                (
                    "1.2万元保费报成1.20元",
                    "reports a premium of 12,000, counted in 万元, as 1.20 yuan",
                ),
                one("WAN", "1.20"),
            )
            .then(
                "批次只按所报金额计付，更正后补差",
                "the batch pays by what was reported; a correction pays the rest",
            ),
            step(
                (
                    "以分报送，超出位数",
                    "reports in fen, with more digits than an amount has",
                ),
                one("FEN", "120000000000.00"),
            )
            .answers("AMOUNT_OUT_OF_RANGE")
            .then("整条拒收，什么也没有存", "refused as a whole, nothing is stored"),
        ]
    }
}
