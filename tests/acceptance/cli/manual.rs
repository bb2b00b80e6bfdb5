//! Help, completions and man pages of every command.

use std::process::{Command, Stdio};

use platform::database::embedded::temporary_dir;
use zhirong_tests::command::run;

#[test]
fn help_names_the_exit_codes() {
    zhirong_tests::run(async {
        let help = run(&["--help"]).await.ended(0);
        for line in ["  0  完成 done", "  1  ", "  2  ", "  3  "] {
            assert!(help.out.contains(line), "{line}: {}", help.out);
        }
        assert!(help.err.is_empty());
        let unknown = run(&["pament"]).await.ended(2);
        assert!(
            unknown.err.contains("payment"),
            "a near name is suggested: {}",
            unknown.err
        );
    });
}

#[test]
fn completions_are_scripts_of_their_shells() {
    zhirong_tests::run(async {
        for shell in ["bash", "zsh", "fish"] {
            let script = run(&["completions", shell]).await.ended(0).out;
            assert!(
                script.contains("list-payments") && script.contains("doctor"),
                "{shell}"
            );
            parse(shell, &script);
            // The twin: a script that breaks off is told by the same check.
            if shell == "bash" {
                assert!(!parses("bash", &script[..script.len() / 2]));
            }
        }
    });
}

/// Parses with the shell itself where this machine has it.
fn parse(shell: &str, script: &str) {
    let has_it = Command::new(shell)
        .arg("-c")
        .arg("true")
        .stdout(Stdio::null())
        .status();
    if has_it.is_ok_and(|status| status.success()) {
        assert!(parses(shell, script), "{shell}");
    }
}

fn parses(shell: &str, script: &str) -> bool {
    let dir = temporary_dir("zhirong-completions").unwrap();
    let file = dir.join("script");
    std::fs::write(&file, script).unwrap();
    let parsed = Command::new(shell)
        .arg("-n")
        .arg(&file)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    std::fs::remove_dir_all(dir).unwrap();
    parsed.success()
}

#[test]
fn every_command_has_a_man_page() {
    zhirong_tests::run(async {
        let dir = temporary_dir("zhirong-man").unwrap();
        run(&["man", "--out", dir.to_str().unwrap()]).await.ended(0);
        let mut missing = Vec::new();
        pages(
            &zhirong::commands::command().unwrap(),
            "zhirong",
            &dir,
            &mut missing,
        );
        assert!(missing.is_empty(), "{missing:?}");
        let first = std::fs::read_to_string(dir.join("zhirong.1")).unwrap();
        assert!(
            first.contains(".TH zhirong 1") && first.contains("Exit codes"),
            "{first}"
        );
        std::fs::remove_dir_all(dir).unwrap();
    });
}

fn pages(command: &clap::Command, name: &str, dir: &std::path::Path, missing: &mut Vec<String>) {
    if !dir.join(format!("{name}.1")).is_file() {
        missing.push(name.to_owned());
    }
    for inner in command.get_subcommands() {
        pages(inner, &format!("{name}-{}", inner.get_name()), dir, missing);
    }
}
