//! The names that the scene may use as `${name}`: identifiers whose check digits are right.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::ids;

/// Name to value.
pub(super) fn names() -> BTreeMap<String, Value> {
    let accounts = format!(
        "类型,持有人,户名,开户行,账号,行号,起用日\r\n\
         企业,{0},安阳测试企业{0},中国银行安阳分行,6217009988776655443,104100000004,2021-04-03\r\n",
        ids::enterprise(3)
    );
    let texts = [
        ("bank", ids::bank(1)),
        ("bank_person", ids::legal_person(1)),
        ("bank2", ids::bank(2)),
        ("bank2_person", ids::legal_person(2)),
        ("bank3", ids::bank(3)),
        ("bank3_person", ids::legal_person(3)),
        ("insurer", ids::insurer(1)),
        ("insurer_person", ids::legal_person(4)),
        ("insurer2", ids::insurer(2)),
        ("insurer2_person", ids::legal_person(5)),
        ("firm", ids::enterprise(1)),
        ("firm2", ids::enterprise(2)),
        ("firm3", ids::enterprise(3)),
        ("firm4", ids::enterprise(4)),
        ("patent", ids::invention(1)),
        ("patent2", ids::invention(2)),
        ("patent3", ids::invention(3)),
        ("patent4", ids::invention(4)),
        ("model", ids::utility_model(1)),
        ("model2", ids::utility_model(2)),
        ("pledge", ids::pledge(1)),
        ("pledge2", ids::pledge(2)),
        ("pledge3", ids::pledge(3)),
        ("accounts_csv", STANDARD.encode(accounts)),
    ];
    let named = texts.into_iter();
    named
        .map(|(name, text)| (name.to_owned(), Value::String(text)))
        .collect()
}
