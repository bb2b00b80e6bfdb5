//! Rules 8 and 9: what is wrong only together with other records is stored and answered, is found in every batch whatever
//! the order of arrival, and pays nothing.

use std::collections::{BTreeMap, BTreeSet};

use exchange::{File, Service};
use zhirong_tests::batch;
use zhirong_tests::ids;
use zhirong_tests::import::{By, Line, everything};
use zhirong_tests::run;
use zhirong_tests::sandbox::{Sandbox, shared};

const AS_OF: &str = "2026-03-31";

/// A small world about one finding.
struct World {
    /// The finding's code.
    code: &'static str,
    /// Whom it concerns, and what each beneficiary of the world is paid for loan or premium.
    paid: Vec<(String, &'static str)>,
    lines: Vec<Line>,
}

/// What a world is made of, all from one number.
struct Maker {
    number: u32,
    lines: Vec<Line>,
}

impl Maker {
    fn new() -> Self {
        Self {
            number: ids::fresh(),
            lines: Vec::new(),
        }
    }

    fn bank(&self) -> String {
        ids::bank(self.number)
    }

    fn lender(&self) -> String {
        ids::legal_person(self.number)
    }

    fn borrower(&self) -> String {
        ids::enterprise(self.number)
    }

    fn patent(&self) -> String {
        ids::invention(self.number)
    }

    /// Unlike a contract's, a policy's number is one policy's at whatever insurer, so every world has its own.
    fn policy_no(&self) -> String {
        format!("BD-{}", self.number)
    }

    fn add(&mut self, file: File, cells: &[(&str, &str)]) {
        self.lines.push(Line::new(file, cells));
    }

    /// Adds a bank, an enterprise of a class and its invention; a bank's code may be an insurer's too.
    fn people(&mut self, kind: &str, enterprise: &str) {
        let (code, lender, patent) = (self.bank(), self.lender(), self.patent());
        self.add(
            File::Institutions,
            &[
                ("institution_code", &code),
                ("name", "机构"),
                ("kind", kind),
                ("legal_person_uscc", &lender),
                ("legal_person_name", "法人"),
                ("division_code", "410502"),
            ],
        );
        self.add(
            File::Enterprises,
            &[
                ("uscc", enterprise),
                ("name", "企业"),
                ("division_code", "410502"),
                ("registered_from", "2010-01-01"),
            ],
        );
        let cells = [
            ("patent_no", patent.as_str()),
            ("title", "方法"),
            ("patentee_uscc", enterprise),
            ("granted_on", "2018-06-01"),
        ];
        self.add(File::Patents, &cells);
    }

    fn pledge(&mut self, pledge_no: &str, pledgor: &str, pledgee: &str, on: &str) {
        let (code, patent) = (self.bank(), self.patent());
        self.add(
            File::Pledges,
            &[
                ("institution_code", &code),
                ("pledge_no", pledge_no),
                ("pledgor_uscc", pledgor),
                ("pledgee_uscc", pledgee),
                ("registered_on", on),
                ("patents", &patent),
            ],
        );
    }

    fn loan(&mut self, contract: &str, borrower: &str, pledge_no: &str, collateral: &str) {
        let code = self.bank();
        self.add(
            File::Loans,
            &[
                ("institution_code", &code),
                ("contract_no", contract),
                ("borrower_uscc", borrower),
                ("contract_amount", "8000000.00"),
                ("signed_on", "2025-02-01"),
                ("revolving", "false"),
                ("collateral", collateral),
                ("pledge_no", pledge_no),
            ],
        );
    }

    fn event(&mut self, contract: &str, event: &str, kind: &str, amount: &str, reverses: &str) {
        let code = self.bank();
        self.add(
            File::LoanEvents,
            &[
                ("institution_code", &code),
                ("contract_no", contract),
                ("event_no", event),
                ("kind", kind),
                ("occurred_at", "2025-03-01T10:00:00+08:00"),
                ("amount", amount),
                ("reverses", reverses),
            ],
        );
    }

    /// A loan with nothing wrong but what is given: pledgor, pledgee, day of registration, collateral.
    fn lending(
        enterprise: Option<String>,
        pledgor: Option<String>,
        pledgee: Option<String>,
        on: &str,
        collateral: &str,
    ) -> Self {
        let mut made = Self::new();
        let borrower = enterprise.unwrap_or_else(|| made.borrower());
        let (pledge_no, lender) = (ids::pledge(made.number), made.lender());
        made.people("bank", &borrower);
        made.pledge(
            &pledge_no,
            &pledgor.unwrap_or_else(|| borrower.clone()),
            &pledgee.unwrap_or(lender),
            on,
        );
        made.loan("HT", &borrower, &pledge_no, collateral);
        made.event("HT", "1", "draw", "8000000.00", "");
        made
    }

    fn policy(&mut self, code: &str, policy: &str, product: &str, holder: &str, from: &str) {
        self.add(
            File::Policies,
            &[
                ("institution_code", code),
                ("policy_no", policy),
                ("product", product),
                ("policyholder_uscc", holder),
                ("cover_from", from),
                ("cover_to", "2025-12-31"),
            ],
        );
    }

    fn insured(&mut self, code: &str, policy: &str, patent: &str) {
        self.add(
            File::PolicyPatents,
            &[
                ("institution_code", code),
                ("policy_no", policy),
                ("patent_no", patent),
            ],
        );
    }

    fn premium(&mut self, code: &str, policy: &str, event: &str, kind: &str, amount: &str, reverses: &str) {
        self.add(
            File::PremiumEvents,
            &[
                ("institution_code", code),
                ("policy_no", policy),
                ("event_no", event),
                ("kind", kind),
                ("occurred_on", "2025-03-01"),
                ("amount", amount),
                ("reverses", reverses),
            ],
        );
    }

    /// A policy of an enterprise on its invention.
    fn insuring(enterprise: Option<String>, product: &str) -> Self {
        let mut made = Self::new();
        let enterprise = enterprise.unwrap_or_else(|| made.borrower());
        let (code, policy, patent) = (ids::insurer(made.number), made.policy_no(), made.patent());
        made.people("insurer", &enterprise);
        made.lines[0]
            .cells
            .set("institution_code", code.as_str())
            .unwrap();
        made.policy(&code, &policy, product, &enterprise, "2025-01-01");
        made.insured(&code, &policy, &patent);
        made.premium(&code, &policy, "1", "payment", "10000.00", "");
        made
    }

    fn finds(self, code: &'static str, paid: Vec<(String, &'static str)>) -> World {
        World {
            code,
            paid,
            lines: self.lines,
        }
    }
}

/// The other enterprise of a world, registered like the first.
fn neighbour(made: &mut Maker) -> String {
    let uscc = ids::enterprise(ids::fresh());
    let cells = [
        ("uscc", uscc.as_str()),
        ("name", "邻居"),
        ("division_code", "410502"),
        ("registered_from", "2010-01-01"),
    ];
    made.add(File::Enterprises, &cells);
    uscc
}

fn rule_eight_loans() -> Vec<World> {
    let mut worlds = Vec::new();
    for (class, code) in [("92", "BORROWER_CLASS"), ("93", "BORROWER_CLASS")] {
        let borrower = ids::code_of_class(class, 'E', ids::fresh());
        let made = Maker::lending(Some(borrower.clone()), None, None, "2025-01-01", "patent");
        worlds.push(made.finds(code, vec![(borrower, "0.00")]));
    }
    let made = Maker::lending(None, None, None, "2025-03-02", "patent");
    let paid = vec![(made.borrower(), "0.00"), (made.lender(), "0.00")];
    worlds.push(made.finds("DRAW_BEFORE_REGISTRATION", paid));
    let stranger = ids::enterprise(ids::fresh());
    let made = Maker::lending(None, None, Some(stranger.clone()), "2025-01-01", "patent");
    let paid = vec![(made.borrower(), "0.00"), (made.lender(), "0.00")];
    worlds.push(made.finds("PLEDGEE_NOT_LENDER", paid));
    let made = Maker::lending(None, Some(stranger), None, "2025-01-01", "patent");
    let paid = vec![(made.borrower(), "0.00"), (made.lender(), "0.00")];
    worlds.push(made.finds("PLEDGOR_NOT_BORROWER", paid));
    let made = Maker::lending(None, None, None, "2025-01-01", "mixed");
    let paid = vec![(made.borrower(), "0.00"), (made.lender(), "0.00")];
    worlds.push(made.finds("SHARE_UNSTATED", paid));
    // National money holds the enterprise's subsidy, and is none of the bank's business.
    let mut made = Maker::lending(None, None, None, "2025-01-01", "patent");
    let borrower = made.borrower();
    made.add(
        File::OtherAwards,
        &[
            ("beneficiary_uscc", &borrower),
            ("measure", "loan_subsidy"),
            ("reference", "HT"),
            ("level", "national"),
            ("amount", "20000.00"),
            ("awarded_on", "2025-09-01"),
        ],
    );
    let paid = vec![(borrower, "0.00"), (made.lender(), "80000.00")];
    worlds.push(made.finds("LOAN_UPPER_MONEY", paid));
    // The patent is still under an earlier registration, which nobody drew on.
    let mut made = Maker::lending(None, None, None, "2025-01-10", "patent");
    let (borrower, lender, earlier) = (made.borrower(), made.lender(), ids::pledge(900_000 + made.number));
    made.pledge(&earlier, &borrower, &lender, "2025-01-01");
    worlds.push(made.finds("PLEDGE_DOUBLE", vec![(borrower, "0.00"), (lender, "0.00")]));
    worlds
}

fn rule_eight_premiums() -> Vec<World> {
    let mut worlds = Vec::new();
    for class in ["92", "93"] {
        let holder = ids::code_of_class(class, 'E', ids::fresh());
        let made = Maker::insuring(Some(holder.clone()), "enforcement");
        worlds.push(made.finds("POLICYHOLDER_CLASS", vec![(holder, "0.00")]));
    }
    let mut made = Maker::insuring(None, "enforcement");
    let other = neighbour(&mut made);
    made.lines
        .iter_mut()
        .filter(|line| line.file == File::Policies)
        .for_each(|line| {
            line.cells.set("policyholder_uscc", other.as_str()).unwrap();
        });
    worlds.push(made.finds("POLICYHOLDER_NOT_OWNER", vec![(other, "0.00")]));
    let made = Maker::insuring(None, "other");
    let paid = vec![(made.borrower(), "0.00")];
    worlds.push(made.finds("PRODUCT_OTHER", paid));
    // The first policy is paid, the second of the same patent and product is not.
    let mut made = Maker::insuring(None, "enforcement");
    let (code, holder, patent) = (ids::insurer(made.number), made.borrower(), made.patent());
    let second = format!("{}-2", made.policy_no());
    made.policy(&code, &second, "enforcement", &holder, "2025-02-01");
    made.insured(&code, &second, &patent);
    made.premium(&code, &second, "1", "payment", "3000.00", "");
    worlds.push(made.finds("POLICY_SECOND", vec![(holder, "10000.00")]));
    // One number at two insurers whose products differ: all of the number is held.
    let mut made = Maker::insuring(None, "enforcement");
    let (holder, patent, second) = (made.borrower(), made.patent(), ids::insurer(ids::fresh()));
    let lender = made.lender();
    made.add(
        File::Institutions,
        &[
            ("institution_code", &second),
            ("name", "共保人"),
            ("kind", "insurer"),
            ("legal_person_uscc", &lender),
            ("legal_person_name", "法人"),
            ("division_code", "410502"),
        ],
    );
    let number = made.policy_no();
    made.policy(&second, &number, "infringement_loss", &holder, "2025-01-01");
    made.insured(&second, &number, &patent);
    made.premium(&second, &number, "1", "payment", "10000.00", "");
    worlds.push(made.finds("POLICY_COINSURANCE_DIFFERS", vec![(holder, "0.00")]));
    worlds
}

fn rule_nine() -> Vec<World> {
    let mut worlds = Vec::new();
    let mut made = Maker::lending(None, None, None, "2025-01-01", "patent");
    made.event("HT", "2", "reversal", "8000000.01", "1");
    let paid = vec![(made.borrower(), "0.00"), (made.lender(), "0.00")];
    worlds.push(made.finds("DRAW_OVER_REVERSED", paid));
    let mut made = Maker::lending(None, None, None, "2025-01-01", "patent");
    made.event("HT", "2", "reversal", "100.00", "NEVER");
    let paid = vec![(made.borrower(), "150000.00"), (made.lender(), "80000.00")];
    worlds.push(made.finds("REVERSAL_UNKNOWN", paid));
    let mut made = Maker::lending(None, None, None, "2025-01-01", "patent");
    let code = made.bank();
    made.add(
        File::Loans,
        &[
            ("institution_code", &code),
            ("contract_no", "HT"),
            ("revision", "2"),
            ("withdrawn", "true"),
        ],
    );
    let paid = vec![(made.borrower(), "0.00"), (made.lender(), "0.00")];
    worlds.push(made.finds("CONTRACT_UNKNOWN", paid));
    let mut made = Maker::lending(None, None, None, "2025-01-01", "patent");
    made.event("NEVER", "1", "draw", "1000000.00", "");
    let paid = vec![(made.borrower(), "150000.00"), (made.lender(), "80000.00")];
    worlds.push(made.finds("CONTRACT_UNKNOWN", paid));
    let mut made = Maker::insuring(None, "enforcement");
    made.premium(
        &ids::insurer(made.number),
        &made.policy_no(),
        "2",
        "refund",
        "10000.01",
        "1",
    );
    let paid = vec![(made.borrower(), "0.00")];
    worlds.push(made.finds("PAYMENT_OVER_REFUNDED", paid));
    let mut made = Maker::insuring(None, "enforcement");
    made.premium(
        &ids::insurer(made.number),
        &made.policy_no(),
        "2",
        "refund",
        "1.00",
        "NEVER",
    );
    let paid = vec![(made.borrower(), "10000.00")];
    worlds.push(made.finds("REFUND_UNKNOWN", paid));
    // Half of the premium is for a patent that nobody registered.
    let mut made = Maker::insuring(None, "enforcement");
    made.insured(
        &ids::insurer(made.number),
        &made.policy_no(),
        &ids::invention(ids::fresh()),
    );
    let paid = vec![(made.borrower(), "5000.00")];
    worlds.push(made.finds("PATENT_UNKNOWN", paid));
    worlds
}

/// What a batch came to, in texts that can be compared: lines, findings.
type Position = (Vec<String>, BTreeSet<String>);

async fn settle(
    lines: &[Line],
    by: By,
    services: &[Service],
) -> (Position, BTreeMap<String, i64>, Vec<(String, String)>) {
    let sandbox = Sandbox::start().await;
    let verdicts = everything(&sandbox, lines, by, services).await;
    for (line, verdict) in lines.iter().zip(&verdicts) {
        assert!(verdict.refusals.is_empty(), "{line:?}: {verdict:?}");
    }
    let released = batch::settle(&sandbox, 2025, AS_OF).await;
    let settled = batch::lines(&sandbox, &released.name).await;
    let mut paid: BTreeMap<String, i64> = BTreeMap::new();
    let mut texts = Vec::new();
    for line in &settled {
        let amount = zhirong_tests::answer::yuan(&line.amount);
        *paid.entry(line.beneficiary.clone()).or_insert(0) += amount.replace('.', "").parse::<i64>().unwrap();
        texts.push(format!(
            "{} {} {} {amount}",
            batch::measure_of(line),
            line.beneficiary,
            line.item
        ));
    }
    let findings = batch::findings(&sandbox, &released.name).await;
    let found = findings
        .iter()
        .map(|finding| format!("{} {} {}", finding.code, finding.beneficiary, finding.reference));
    let position = (texts, found.collect());
    let codes = findings
        .into_iter()
        .map(|finding| (finding.code, finding.beneficiary))
        .collect();
    sandbox.stop().await;
    (position, paid, codes)
}

#[test]
fn every_finding_of_rules_8_and_9_pays_nothing_in_every_order_of_arrival() {
    let worlds: Vec<World> = rule_eight_loans()
        .into_iter()
        .chain(rule_eight_premiums())
        .chain(rule_nine())
        .collect();
    let lines: Vec<Line> = worlds.iter().flat_map(|world| world.lines.clone()).collect();
    use Service::{Insurance, Pledge, Registry};
    let seed = fastrand::u64(..);
    println!("shuffled with seed {seed}");
    let mut shuffled = lines.clone();
    fastrand::Rng::with_seed(seed).shuffle(&mut shuffled);
    let reversed: Vec<Line> = lines.iter().rev().cloned().collect();
    run(async {
        let (in_order, from_behind, at_random) = tokio::join!(
            settle(&lines, By::Institutions, &[Registry, Pledge, Insurance]),
            settle(&reversed, By::Bureau, &[Insurance, Pledge, Registry]),
            settle(&shuffled, By::Bureau, &[Pledge, Registry, Insurance]),
        );
        assert_eq!(in_order.0, from_behind.0);
        assert_eq!(in_order.0, at_random.0, "seed {seed}");
        let (_, paid, findings) = in_order;
        let mut wrong = Vec::new();
        for world in &worlds {
            let concerned = findings.iter().any(|(code, beneficiary)| {
                *code == world.code
                    && (beneficiary.is_empty() || world.paid.iter().any(|(who, _)| who == beneficiary))
            });
            if !concerned {
                wrong.push(format!("{} is not found", world.code));
            }
            for (who, amount) in &world.paid {
                let fen = paid.get(who).copied().unwrap_or(0);
                let expected: i64 = amount.replace('.', "").parse().unwrap();
                if fen != expected {
                    wrong.push(format!(
                        "{}: {who} is paid {fen} fen, expected {expected}",
                        world.code
                    ));
                }
            }
        }
        assert!(wrong.is_empty(), "{}\n{findings:?}", wrong.join("\n"));
    });
}

/// Findings that rest on another institution's facts, or on a record that is withdrawn or was never reported, are the
/// bureau's to see; the others are in the answer to the institution's own report.
const NOT_ANSWERED: [&str; 2] = ["POLICY_COINSURANCE_DIFFERS", "CONTRACT_UNKNOWN"];

/// Reports the world's contract or policy once more, as it stands; answers the codes that the answer names.
async fn answered(sandbox: &Sandbox, world: &World) -> BTreeSet<String> {
    use api::convert::WireRecord;
    let first = |file: File| world.lines.iter().find(|line| line.file == file);
    let mut codes = BTreeSet::new();
    if let Some(line) = first(File::Loans) {
        let request = api::pledge::v1::ReportLoanRequest {
            request_id: ids::request_id(),
            loan: Some(api::pledge::v1::Loan::from_cells(&canonical(line))),
            ..Default::default()
        };
        let answer = sandbox
            .client(line.institution())
            .pledge()
            .report_loan(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            answer.receipt.unwrap().facts[0].verdict(),
            api::common::v1::Verdict::Unchanged
        );
        let assessment = answer.assessment.unwrap();
        codes.extend(
            zhirong_tests::answer::missing(&assessment.recognised_now)
                .into_iter()
                .map(str::to_owned),
        );
        codes.extend(assessment.findings.into_iter().map(|finding| finding.code));
    }
    if let Some(line) = first(File::Policies) {
        // The second policy where there are two: the first is paid.
        let line = world
            .lines
            .iter()
            .rfind(|last| last.file == File::Policies)
            .unwrap_or(line);
        let request = api::insurance::v1::ReportPolicyRequest {
            request_id: ids::request_id(),
            policy: Some(api::insurance::v1::Policy::from_cells(&canonical(line))),
            ..Default::default()
        };
        let service = sandbox.client(line.institution());
        let answer = service
            .insurance()
            .report_policy(request)
            .await
            .unwrap()
            .into_inner();
        let assessment = answer.assessment.unwrap();
        codes.extend(assessment.findings.into_iter().map(|finding| finding.code));
    }
    codes
}

/// The cells as the parser prints them.
fn canonical(line: &Line) -> exchange::Cells {
    let (row, _) = exchange::parse_row(line.file, &line.cells, &exchange::Allow::default()).unwrap();
    exchange::Cells::from_values(line.file, exchange::print_row(&row))
}

#[test]
fn a_finding_is_in_the_answer_to_the_institution_whose_facts_show_it() {
    run(async {
        let sandbox = shared().await;
        let worlds: Vec<World> = rule_eight_loans()
            .into_iter()
            .chain(rule_eight_premiums())
            .chain(rule_nine())
            .collect();
        let lines: Vec<Line> = worlds.iter().flat_map(|world| world.lines.clone()).collect();
        use Service::{Insurance, Pledge, Registry};
        everything(sandbox, &lines, By::Institutions, &[Registry, Pledge, Insurance]).await;
        let mut wrong = Vec::new();
        for world in worlds.iter().filter(|world| !NOT_ANSWERED.contains(&world.code)) {
            let codes = answered(sandbox, world).await;
            if !codes.contains(world.code) {
                wrong.push(format!("{} is not among {codes:?}", world.code));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}
