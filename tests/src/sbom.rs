//! `cargo xtask sbom`: every crate in the program, as a CycloneDX 1.5 bill of materials.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::process::Command;

use serde_json::{Value, json};

/// The crate whose binary is shipped.
const PROGRAM: &str = "zhirong";

/// Prints the bill; false where cargo cannot tell what is in the program.
pub fn print() -> bool {
    let Some(metadata) = metadata() else {
        eprintln!("cargo metadata failed");
        return false;
    };
    match bill(&metadata) {
        Some(bill) => {
            println!("{bill:#}");
            true
        }
        None => {
            eprintln!("the metadata does not hold the program");
            false
        }
    }
}

fn metadata() -> Option<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .output()
        .ok()?;
    serde_json::from_slice(&output.stdout).ok()
}

/// Packages that the program is linked from: normal dependencies only, on any platform.
fn linked<'a>(metadata: &'a Value, root: &'a str) -> Option<BTreeMap<&'a str, BTreeSet<&'a str>>> {
    let nodes: BTreeMap<&str, &Value> = metadata["resolve"]["nodes"]
        .as_array()?
        .iter()
        .filter_map(|node| Some((node["id"].as_str()?, node)))
        .collect();
    let mut found = BTreeMap::new();
    let mut waiting = VecDeque::from([root]);
    while let Some(id) = waiting.pop_front() {
        if found.contains_key(id) {
            continue;
        }
        let is_normal = |dependency: &&Value| {
            let kinds = dependency["dep_kinds"].as_array();
            kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
        };
        let own: BTreeSet<&str> = nodes.get(id)?["deps"]
            .as_array()?
            .iter()
            .filter(is_normal)
            .filter_map(|dependency| dependency["pkg"].as_str())
            .collect();
        waiting.extend(own.iter().copied());
        found.insert(id, own);
    }
    Some(found)
}

fn url(package: &Value) -> String {
    let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
    format!("pkg:cargo/{}@{}", text("name"), text("version"))
}

/// The bill of the program that the metadata describe.
pub fn bill(metadata: &Value) -> Option<Value> {
    let packages: BTreeMap<&str, &Value> = metadata["packages"]
        .as_array()?
        .iter()
        .filter_map(|package| Some((package["id"].as_str()?, package)))
        .collect();
    let root = packages.iter().find(|(_, package)| package["name"] == PROGRAM)?.0;
    let linked = linked(metadata, root)?;
    let component = |package: &Value, kind: &str| {
        let mut made = json!({
            "type": kind,
            "bom-ref": url(package),
            "name": package["name"],
            "version": package["version"],
            "purl": url(package),
        });
        if let Some(licence) = package["license"].as_str() {
            made["licenses"] = json!([{"expression": licence.replace('/', " OR ")}]);
        }
        made
    };
    let parts = linked
        .keys()
        .filter(|id| *id != root)
        .filter_map(|id| packages.get(id));
    let links = linked.iter().filter_map(|(id, own)| {
        let targets: Vec<String> = own
            .iter()
            .filter_map(|id| packages.get(id))
            .map(|package| url(package))
            .collect();
        Some(json!({"ref": url(packages.get(id)?), "dependsOn": targets}))
    });
    Some(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": component(packages.get(root)?, "application")},
        "components": parts.map(|package| component(package, "library")).collect::<Vec<Value>>(),
        "dependencies": links.collect::<Vec<Value>>(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bill_holds_what_is_linked_and_nothing_that_only_tests_need() {
        let bill = bill(&metadata().unwrap()).unwrap();
        let names: BTreeSet<&str> = bill["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| part["name"].as_str().unwrap())
            .collect();
        assert!(names.contains("tonic") && names.contains("sqlx") && names.contains("zhirong-ledger"));
        assert!(
            !names.contains("tempfile") && !names.contains("zhirong-tests"),
            "{names:?}"
        );
        let unlicensed = bill["components"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|part| part["licenses"].is_null());
        assert_eq!(unlicensed.count(), 0);
    }
}
