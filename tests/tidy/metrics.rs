//! One list of metrics: what the code makes, what docs/metrics.md describes, what alert rules and dashboard ask for.

use std::collections::{BTreeMap, BTreeSet};

use crate::assert_none;
use crate::source::{Source, rust, text};

/// What makes an instrument with its name as the first literal.
const MAKERS: &[&str] = &[
    "Counter::new(",
    "Gauge::new(",
    "Distribution::bounded(",
    "Timing::bounded(",
    "observable_gauge(",
    "observable_up_down_counter(",
];
/// First words of the names under which Prometheus knows our figures.
const FAMILIES: &[&str] = &["zhirong_", "rpc_server_", "db_client_", "process_"];
/// What an expression may name that is a label and no figure.
const LABELS: &[&str] = &["rpc_method", "db_operation_name", "db_client_connection_state"];

/// Name and unit of each instrument that a file makes outside of tests.
fn made(source: &Source) -> BTreeMap<String, String> {
    let regions = source.test_regions();
    let mut found = BTreeMap::new();
    for maker in MAKERS {
        for (at, _) in source.code.match_indices(maker) {
            if source.is_test() || regions.iter().any(|region| region.contains(&at)) {
                continue;
            }
            let mut after = source.literals.iter().filter(|literal| literal.at >= at);
            if let (Some(name), Some(unit)) = (after.next(), after.next()) {
                found.insert(name.text.clone(), unit.text.clone());
            }
        }
    }
    found
}

/// Name, kind, unit and name in Prometheus of each row of the page.
fn described(page: &str) -> BTreeMap<String, [String; 3]> {
    let cell = |text: &str| text.trim().trim_matches('`').to_owned();
    page.lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
            (cell(cells[0]), [cell(cells[1]), cell(cells[2]), cell(cells[5])])
        })
        .collect()
}

/// The name that the collector's exporter for Prometheus gives a figure.
fn in_prometheus(name: &str, kind: &str, unit: &str) -> String {
    let unit = match unit {
        "s" => "_seconds",
        "d" => "_days",
        "%" => "_percent",
        "By" => "_bytes",
        _ => "",
    };
    let total = if kind == "counter" { "_total" } else { "" };
    format!("{}{unit}{total}", name.replace('.', "_"))
}

/// Figures that an expression asks for, without what a histogram's series add.
fn asked(expression: &str) -> BTreeSet<String> {
    let is_word = |symbol: char| symbol.is_ascii_alphanumeric() || symbol == '_';
    let words = expression.split(|symbol| !is_word(symbol));
    words
        .filter(|word| FAMILIES.iter().any(|family| word.starts_with(family)) && !LABELS.contains(word))
        .map(|word| {
            let plain = ["_bucket", "_count", "_sum"]
                .iter()
                .find_map(|end| word.strip_suffix(end));
            // A connection count is a figure of its own.
            plain
                .filter(|plain| plain.ends_with("_seconds"))
                .unwrap_or(word)
                .to_owned()
        })
        .collect()
}

/// What differs between code, page, rules and dashboard.
fn drift(made: &BTreeMap<String, String>, page: &str, rules: &str, dashboard: &str) -> Vec<String> {
    let described = described(page);
    let mut wrong = Vec::new();
    for (name, unit) in made {
        match described.get(name) {
            None => wrong.push(format!("{name} is not described")),
            Some([_, stated, _]) if stated != unit => {
                wrong.push(format!("{name} is in {unit}, the page says {stated}"))
            }
            Some(_) => {}
        }
    }
    let mut known = BTreeSet::new();
    for (name, [kind, unit, shown]) in &described {
        if !made.contains_key(name) {
            wrong.push(format!("{name} is described and never made"));
        }
        let expected = in_prometheus(name, kind, unit);
        if *shown != expected {
            wrong.push(format!(
                "{name} is {expected} in Prometheus, the page says {shown}"
            ));
        }
        known.insert(expected);
    }
    for (place, text) in [("rules", rules), ("dashboard", dashboard)] {
        let unknown = asked(text).into_iter().filter(|name| !known.contains(name));
        wrong.extend(unknown.map(|name| format!("the {place} ask for {name}, which nothing makes")));
    }
    let drawn = asked(dashboard);
    wrong.extend(
        known
            .iter()
            .filter(|name| !drawn.contains(*name))
            .map(|name| format!("{name} is not on the dashboard")),
    );
    wrong
}

/// Expressions of the dashboard.
fn expressions(dashboard: &str) -> String {
    let parsed: serde_json::Value = serde_json::from_str(dashboard).unwrap();
    let panels = parsed["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array())
        .flatten();
    targets
        .map(|target| format!("{}\n", target["expr"].as_str().unwrap()))
        .collect()
}

/// Lines of the rules that are expressions, without comments and annotations.
fn rule_expressions(rules: &str) -> String {
    let is_text = |line: &&str| !line.trim_start().starts_with(['#']) && !line.contains("summary:");
    rules
        .lines()
        .filter(is_text)
        .map(|line| format!("{line}\n"))
        .collect()
}

fn all_made() -> BTreeMap<String, String> {
    rust()
        .iter()
        .filter(|source| source.path.starts_with("services/"))
        .flat_map(made)
        .collect()
}

#[test]
fn code_page_rules_and_dashboard_know_the_same_metrics() {
    let made = all_made();
    assert!(made.len() > 15, "{made:?}");
    let (rules, dashboard) = (
        rule_expressions(&text("deploy/prometheus/alerts.yaml")),
        expressions(&text("deploy/grafana/zhirong.json")),
    );
    assert_none(&drift(&made, &text("docs/metrics.md"), &rules, &dashboard));
}

#[test]
fn red_twin_each_kind_of_drift_is_named() {
    let page = "| `a.one` | counter | `{fen}` | x | y | `a_one_total` |\n| `zhirong.two` | gauge | `d` | x | y | `zhirong_two` |\n";
    let code = "static A: Counter = Counter::new(\"a.one\", \"s\", \"x\"); static B: Gauge = Gauge::new(\"b\", \"d\", \"x\");";
    let made = made(&Source::new("services/x/src/a.rs", code));
    assert_eq!(
        drift(&made, page, "zhirong_three > 0", "rate(zhirong_two_days[5m])"),
        [
            "a.one is in s, the page says {fen}",
            "b is not described",
            "zhirong.two is described and never made",
            "zhirong.two is zhirong_two_days in Prometheus, the page says zhirong_two",
            "the rules ask for zhirong_three, which nothing makes",
            "a_one_total is not on the dashboard",
        ]
    );
}

#[test]
fn every_alert_has_its_section_in_the_runbook() {
    let (rules, runbook) = (text("deploy/prometheus/alerts.yaml"), text("docs/runbook.md"));
    let sections: BTreeSet<String> = runbook
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|title| title.to_ascii_lowercase().replace(' ', "-"))
        .collect();
    let links = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("runbook: docs/runbook.md#"));
    let alerts = rules.matches("- alert:").count();
    let found: Vec<&str> = links.collect();
    assert_eq!(found.len(), alerts, "an alert without a link");
    let missing: Vec<String> = found
        .into_iter()
        .filter(|link| !sections.contains(*link))
        .map(|link| format!("the runbook has no section {link}"))
        .collect();
    assert_none(&missing);
}
