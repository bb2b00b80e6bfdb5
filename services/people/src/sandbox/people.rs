//! The made-up people of the sandbox's provider, and the page to choose one.

use http::StatusCode;
use policy::ident::City;

use crate::web::{self, Answer};

/// Somebody who does not exist.
#[derive(Debug)]
pub(super) struct Made {
    /// Stable id.
    pub(super) id: &'static str,
    /// Name.
    pub(super) zh: &'static str,
    /// Office, in Chinese and English.
    office: (&'static str, &'static str),
    roles: &'static [&'static str],
}

impl Made {
    /// The roles as the claim has them.
    pub(super) fn roles_in(&self, city: &City) -> Vec<String> {
        let roles = self.roles.iter();
        roles.map(|role| format!("{}:{role}", city.as_str())).collect()
    }
}

/// One for each role, and one with two: that one must say which is meant, and still cannot check what they made.
const PEOPLE: [Made; 6] = [
    Made {
        id: "wang-min",
        zh: "王敏",
        office: ("市知识产权局 审核人", "IP bureau, reviewer"),
        roles: &["bureau"],
    },
    Made {
        id: "li-qiang",
        zh: "李强",
        office: ("市财政局 经办", "finance, maker"),
        roles: &["finance-maker"],
    },
    Made {
        id: "zhang-wei",
        zh: "张伟",
        office: ("市财政局 复核", "finance, checker"),
        roles: &["finance-checker"],
    },
    Made {
        id: "liu-yang",
        zh: "刘洋",
        office: ("市财政局 放行", "finance, releaser"),
        roles: &["finance-releaser"],
    },
    Made {
        id: "chen-jing",
        zh: "陈静",
        office: ("市审计局", "auditor"),
        roles: &["auditor"],
    },
    Made {
        id: "zhao-lei",
        zh: "赵磊",
        office: ("市财政局 经办及复核", "finance, maker and checker"),
        roles: &["finance-maker", "finance-checker"],
    },
];

/// The person of an id.
pub(super) fn find(id: &str) -> Option<&'static Made> {
    PEOPLE.iter().find(|person| person.id == id)
}

/// Everybody as a link; the query goes along.
pub(super) fn page(query: &str, city: &City) -> Answer {
    let link = |person: &Made| {
        format!(
            "<li><a href=\"authorize?{}&amp;person={}\">{}</a> {} <span class=\"en\">{}</span></li>",
            web::escaped(query),
            person.id,
            person.zh,
            person.office.0,
            person.office.1,
        )
    };
    let links: String = PEOPLE.iter().map(link).collect();
    let body = format!(
        "<p>试用环境的登录页：以下人员均为虚构（城市 {0}），点击即以其身份登录。</p>\
         <p class=\"en\" lang=\"en\">Sign-in page of the sandbox: these people do not exist (city {0}); a click signs in as one of them.</p>\
         <ul>{links}</ul>",
        city.as_str(),
    );
    web::page(StatusCode::OK, "试用登录 / Sandbox sign-in", "", &body)
}
