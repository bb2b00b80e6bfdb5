//! Loans and policies of a random city, with their events.

use exchange::File;

use super::{LOANS, NAMES, PREMIUMS, SHARES, World, text};

impl World {
    pub(super) fn loan(&mut self, number: usize, banks: usize, enterprises: usize, patents: usize) {
        let place = self.rng.usize(0..banks);
        let (bank, person) = (&NAMES.banks[place], place % 2);
        let borrower = self.rng.usize(0..enterprises);
        let pledge = &NAMES.pledges[if self.often(85) { number } else { 4 }];
        let key = [("institution_code", bank.clone()), ("pledge_no", pledge.clone())];
        self.record(File::Pledges, &key, |world| {
            let pledgor = if world.often(96) { borrower } else { 0 };
            let pledgee = if world.often(90) {
                person
            } else {
                world.rng.usize(0..2)
            };
            // Mostly a patent of its own, so that not every pledge is blocked by an earlier one.
            let patent = if world.often(90) {
                number
            } else {
                world.rng.usize(0..patents)
            };
            let registered = if world.often(80) {
                text("2024-02-01")
            } else {
                world.day()
            };
            let cancelled = if world.often(10) {
                world.day()
            } else {
                String::new()
            };
            vec![
                ("pledgor_uscc", NAMES.enterprises[pledgor].clone()),
                ("pledgee_uscc", NAMES.persons[pledgee].clone()),
                ("registered_on", registered),
                ("cancelled_on", cancelled),
                ("patents", NAMES.patents[patent % patents].clone()),
            ]
        });
        let contract = format!("HT-{number}");
        let key = [
            ("institution_code", bank.clone()),
            ("contract_no", contract.clone()),
        ];
        self.record(File::Loans, &key, |world| {
            let mixed = world.often(15);
            let stated = mixed && world.often(85);
            let share = if stated {
                text(world.one(&SHARES))
            } else {
                String::new()
            };
            let borrower = &NAMES.enterprises[if world.often(97) { borrower } else { 0 }];
            vec![
                ("borrower_uscc", borrower.clone()),
                ("contract_amount", text(world.one(&LOANS))),
                ("signed_on", text("2024-02-01")),
                ("revolving", world.often(25).to_string()),
                ("collateral", text(if mixed { "mixed" } else { "patent" })),
                ("patent_share", share),
                ("pledge_no", pledge.clone()),
            ]
        });
        let codes = [
            "SHARE_UNSTATED",
            "DRAW_BEFORE_REGISTRATION",
            "PLEDGEE_NOT_LENDER",
            "BORROWER_CLASS",
            "LOAN_SPLITTING",
        ];
        self.decision(bank, &contract, &codes);
        for event in 0..self.rng.usize(1..=3) {
            let key = [
                ("institution_code", bank.clone()),
                ("contract_no", contract.clone()),
                ("event_no", format!("E{event}")),
            ];
            self.record(File::LoanEvents, &key, |world| {
                let reversal = event > 0 && world.often(30);
                let kind = if reversal {
                    "reversal"
                } else {
                    world.one(&["draw", "draw", "draw", "draw", "rollover"])
                };
                let reverses = if reversal { text("E0") } else { String::new() };
                let at = format!(
                    "{}T{}+08:00",
                    world.day(),
                    world.one(&["00:00:00", "12:00:00", "23:59:59"])
                );
                vec![
                    ("kind", text(kind)),
                    ("occurred_at", at),
                    ("amount", text(world.one(&LOANS))),
                    ("reverses", reverses),
                ]
            });
        }
    }

    /// What a reviewer decided on a finding of a contract or policy, sometimes: a dated fact like any other.
    fn decision(&mut self, institution: &str, reference: &str, codes: &[&'static str]) {
        if !self.often(20) {
            return;
        }
        let code = self.one(codes);
        let key = [
            ("institution_code", text(institution)),
            ("reference", text(reference)),
            ("code", text(code)),
        ];
        self.record(File::Decisions, &key, |world| {
            let accept = world.often(70);
            let share = accept && code == "SHARE_UNSTATED";
            vec![
                ("decision", text(if accept { "accept" } else { "reject" })),
                (
                    "value",
                    if share {
                        text(world.one(&SHARES))
                    } else {
                        String::new()
                    },
                ),
                ("decided_on", world.day()),
                ("reason", text("已核实")),
            ]
        });
    }

    pub(super) fn policy(&mut self, number: usize, enterprises: usize, patents: usize) {
        let insurer = &NAMES.insurers[self.rng.usize(0..2)];
        let holder = self.rng.usize(0..enterprises);
        let policy = format!("BD-{number}");
        let key = [
            ("institution_code", insurer.clone()),
            ("policy_no", policy.clone()),
        ];
        self.record(File::Policies, &key, |world| {
            let product = world.one(&["enforcement", "enforcement", "infringement_liability", "other"]);
            vec![
                ("product", text(product)),
                ("policyholder_uscc", NAMES.enterprises[holder].clone()),
                ("cover_from", text(world.one(&["2025-01-01", "2024-12-31"]))),
                ("cover_to", text("2025-12-31")),
                ("sum_insured", text("1000000.00")),
            ]
        });
        for (place, patent) in NAMES.patents[..patents].iter().enumerate() {
            let own = place % enterprises == holder;
            if !self.often(if own { 70 } else { 10 }) {
                continue;
            }
            let key = [
                ("institution_code", insurer.clone()),
                ("policy_no", policy.clone()),
                ("patent_no", patent.clone()),
            ];
            self.record(File::PolicyPatents, &key, |world| {
                let premium = if world.often(80) {
                    text(world.one(&PREMIUMS))
                } else {
                    String::new()
                };
                vec![("premium", premium)]
            });
        }
        self.decision(
            insurer,
            &policy,
            &["POLICYHOLDER_NOT_OWNER", "POLICY_SECOND", "PRODUCT_OTHER"],
        );
        for event in 0..self.rng.usize(1..=3) {
            let key = [
                ("institution_code", insurer.clone()),
                ("policy_no", policy.clone()),
                ("event_no", format!("E{event}")),
            ];
            self.record(File::PremiumEvents, &key, |world| {
                let refund = event > 0 && world.often(35);
                vec![
                    ("kind", text(if refund { "refund" } else { "payment" })),
                    ("occurred_on", world.day()),
                    ("amount", text(world.one(&PREMIUMS))),
                    ("reverses", if refund { text("E0") } else { String::new() }),
                ]
            });
        }
    }
}
