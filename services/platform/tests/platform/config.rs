//! Layers of settings and what is refused.

use std::path::Path;

use zhirong_platform::config::{LogFormat, Overlay, Settings};
use zhirong_platform::error::Fault;
use zhirong_platform::signing::{Algorithm, Encoding, Profile};

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file = file("data = '/file'\nlog_level = 'debug'\nroles = ['a']\ndatabase_max_connections = 3\n");
    let environment = [
        ("ZHIRONG_DATA", "/environment"),
        ("ZHIRONG_LOG_FORMAT", "text"),
        ("HOME", "/x"),
    ];
    let flags = Overlay {
        data: Some("/flag".into()),
        ..Overlay::default()
    };
    let settings = Settings::load(Some(file.path()), pairs(&environment), flags).unwrap();
    assert_eq!(settings.data, Path::new("/flag"));
    assert_eq!(settings.log_format, LogFormat::Text);
    assert_eq!(
        (settings.log_level.as_str(), settings.database_max_connections),
        ("debug", 3)
    );
    assert_eq!(settings.roles, ["a"]);
    let named = file.path().to_str().unwrap();
    let by_variable = Settings::load(
        None,
        pairs(&[("ZHIRONG_CONFIG", named), ("ZHIRONG_ROLES", "b, c")]),
        Overlay::default(),
    );
    assert_eq!(by_variable.unwrap().roles, ["b", "c"]);
    assert_eq!(
        Settings::load(None, [], Overlay::default()).unwrap(),
        Settings::default()
    );
}

#[test]
fn unknown_malformed_and_unsafe_settings_are_refused_by_name() {
    for (name, value) in [
        ("ZHIRONG_DATBASE_URL", "postgres://x"),
        ("ZHIRONG_LISTEN", "nowhere"),
        ("ZHIRONG_SANDBOX", "yes"),
        ("ZHIRONG_LOG_FORMAT", "xml"),
        ("ZHIRONG_DATABASE_MAX_CONNECTIONS", "0"),
        ("ZHIRONG_DATABASE_MAX_CONNECTIONS", "-1"),
        ("ZHIRONG_CALLS_PER_INSTITUTION", "0"),
        ("ZHIRONG_CALLS_PER_INSTITUTION", "1001"),
        ("ZHIRONG_CALLS_AT_ONCE", "unlimited"),
        ("ZHIRONG_CALLS_AT_ONCE", "10001"),
        ("ZHIRONG_CONNECTIONS", "0"),
        ("ZHIRONG_CONNECTIONS_PER_CERTIFICATE", "1001"),
        ("ZHIRONG_OTLP_ENDPOINT", "collector:4317"),
        ("ZHIRONG_LOG_LEVEL", "a=b=c"),
        ("ZHIRONG_SIGNING_ALGORITHM", "RSA"),
        ("ZHIRONG_SIGNING_ENCODING", "pem"),
    ] {
        let error = Settings::load(None, pairs(&[(name, value)]), Overlay::default()).unwrap_err();
        let shown = error.message_en().to_uppercase();
        assert!(
            shown.contains(name.trim_start_matches("ZHIRONG_")),
            "{name}: {shown}"
        );
    }
    let open_sandbox = pairs(&[("ZHIRONG_SANDBOX", "true"), ("ZHIRONG_LISTEN", "0.0.0.0:1")]);
    assert!(
        Settings::load(None, open_sandbox, Overlay::default())
            .unwrap_err()
            .to_string()
            .contains("sandbox")
    );
    let error = Settings::load(Some(file("sandbx = true\n").path()), [], Overlay::default()).unwrap_err();
    assert!(error.to_string().contains("sandbx"), "{error}");
    let missing = Settings::load(Some(Path::new("/nowhere.toml")), [], Overlay::default()).unwrap_err();
    assert!(missing.to_string().contains("/nowhere.toml"));
}

#[test]
fn how_results_are_signed_is_read_from_file_and_environment() {
    let file =
        file("signing_key = '/file'\nsigning_algorithm = 'ECDSA-P256-SHA256'\nsigning_encoding = 'der'\n");
    let environment = [
        ("ZHIRONG_SIGNING_KEY", "/environment"),
        ("ZHIRONG_SIGNING_ALGORITHM", "SM2-SM3"),
        ("ZHIRONG_SIGNING_USER_ID", "410500"),
        ("ZHIRONG_SIGNING_ENCODING", "raw"),
    ];
    let settings = Settings::load(Some(file.path()), pairs(&environment), Overlay::default()).unwrap();
    assert_eq!(settings.signing_key.as_deref(), Some(Path::new("/environment")));
    assert_eq!(settings.signing_algorithm, Some(Algorithm::Sm2Sm3));
    let profile = settings.signing_profile();
    assert_eq!(
        (profile.encoding, profile.user_id.as_deref()),
        (Encoding::Raw, Some("410500"))
    );
    let of_file = Settings::load(Some(file.path()), [], Overlay::default()).unwrap();
    assert_eq!(of_file.signing_algorithm, Some(Algorithm::EcdsaP256Sha256));
    assert_eq!(of_file.signing_profile(), Profile::default());
}

#[test]
fn secrets_are_never_printed() {
    let environment = pairs(&[("ZHIRONG_DATABASE_URL", "postgres://u:canary@localhost/x")]);
    let settings = Settings::load(None, environment, Overlay::default()).unwrap();
    assert!(!format!("{settings:?}").contains("canary"));
    assert!(settings.database_url.unwrap().expose().contains("canary"));
    let wrong = file("database_url = 'postgres://u:canary@localhost/x' wrong\n");
    let error = Settings::load(Some(wrong.path()), [], Overlay::default()).unwrap_err();
    assert!(
        !format!("{error:?} {}", error.message_zh()).contains("canary"),
        "{error:?}"
    );
}

/// Keys of the settings, or of one of their tables, as the refusal of an unknown one lists them.
fn keys_of(table: &str) -> Vec<String> {
    let file = file(&format!("{table}no_such_key = 1\n"));
    let refused = Settings::load(Some(file.path()), pairs(&[]), Overlay::default()).unwrap_err();
    let text = refused.message_en();
    let listed = text.split_once("expected one of ").unwrap().1;
    let names = listed.split('`').skip(1).step_by(2);
    names.map(|name| format!("{table}{name}")).collect()
}

/// Every key, those of tables behind a dot.
fn keys() -> Vec<String> {
    let own = keys_of("").into_iter().filter(|key| key != "oidc");
    own.chain(keys_of("oidc.")).collect()
}

/// Settings of the example by key, those that are commented out too.
fn example() -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/zhirong.example.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let mut table = String::new();
    let mut found = Vec::new();
    for line in text.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            table = format!("{name}.");
        }
        let Some((key, value)) = line.split_once(" = ") else {
            continue;
        };
        if key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            found.push((format!("{table}{key}"), value.to_owned()));
        }
    }
    found
}

#[test]
fn the_example_names_every_setting_once_and_each_of_its_values_is_taken() {
    let (mut keys, example) = (keys(), example());
    let mut named: Vec<String> = example.iter().map(|(key, _)| key.clone()).collect();
    assert!(keys.len() > 15, "{keys:?}");
    keys.sort_unstable();
    named.sort_unstable();
    assert_eq!(named, keys);
    let all: String = example
        .iter()
        .map(|(key, value)| format!("{key} = {value}\n"))
        .collect();
    Settings::load(Some(file(&all).path()), pairs(&[]), Overlay::default()).unwrap();
}
