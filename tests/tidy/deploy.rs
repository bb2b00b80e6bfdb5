//! What `deploy` knows of the services is what the program has: each has its container, login, certificate and way in.

use zhirong::node::SERVICES;

use crate::assert_none;
use crate::source::text;

/// The files that must name every service.
struct Deploy {
    compose: String,
    roles: String,
    secrets: String,
    front: String,
}

impl Deploy {
    fn read() -> Self {
        Self {
            compose: text("deploy/compose.yaml"),
            roles: text("deploy/postgres/10-roles.sh"),
            secrets: text("deploy/make-secrets.sh"),
            front: text("deploy/haproxy/haproxy.cfg"),
        }
    }

    /// What one of the files lacks for a service.
    fn lacks(&self, service: &str) -> Vec<String> {
        let wanted = [
            (
                "compose.yaml",
                &self.compose,
                format!("\"--role\", \"{service}\""),
            ),
            (
                "compose.yaml",
                &self.compose,
                format!("postgres://zhirong_login_{service}@database"),
            ),
            (
                "compose.yaml",
                &self.compose,
                format!("{{source: {service}_pgpass, target: pgpass}}"),
            ),
            (
                "compose.yaml",
                &self.compose,
                format!("./identity/{service}:/var/lib/zhirong/identity:ro"),
            ),
            (
                "compose.yaml",
                &self.compose,
                format!("\"--service\", \"{service}\""),
            ),
            ("compose.yaml", &self.compose, format!("- {service}_password")),
            ("haproxy.cfg", &self.front, format!("server {service} {service}:")),
            ("haproxy.cfg", &self.front, format!(" {service}.")),
        ];
        let in_list = |text: &str, before: &str| {
            let list = text.lines().find_map(|line| line.split_once(before));
            list.is_some_and(|(_, names)| {
                names
                    .split(|c: char| !c.is_ascii_lowercase())
                    .any(|name| name == service)
            })
        };
        let mut wrong: Vec<String> = wanted
            .iter()
            .filter(|(_, text, part)| !text.contains(part.as_str()))
            .map(|(file, _, part)| format!("{file} has no {part}"))
            .collect();
        if !in_list(&self.roles, "for service in ") {
            wrong.push(format!("10-roles.sh makes no login for {service}"));
        }
        if !in_list(&self.secrets, "services=") {
            wrong.push(format!("make-secrets.sh makes nothing for {service}"));
        }
        wrong
    }
}

#[test]
fn every_service_has_its_container_login_certificate_and_way_in() {
    let deploy = Deploy::read();
    let wrong: Vec<String> = SERVICES
        .iter()
        .flat_map(|service| deploy.lacks(service))
        .collect();
    assert_none(&wrong);
}

#[test]
fn red_twin_a_service_that_deploy_does_not_know_is_named_ten_times() {
    assert_eq!(Deploy::read().lacks("nosuchservice").len(), 10);
}

#[test]
fn every_container_is_hardened_and_nothing_holds_a_password() {
    let compose = text("deploy/compose.yaml");
    let (_, services) = compose.split_once("\nservices:\n").unwrap();
    let (services, _) = services.split_once("\nnetworks:\n").unwrap();
    let is_head = |line: &&str| line.starts_with("  ") && !line.starts_with("   ") && line.ends_with(':');
    let containers = services.lines().filter(is_head).count();
    let hardened = services.matches("<<: *hardened").count()
        + services.matches("<<: *service").count()
        + services.matches("<<: *database").count();
    assert_eq!((containers, hardened), (11, 11));
    assert!(compose.contains("read_only: true") && compose.contains("no-new-privileges:true"));
    let password = compose.lines().find(|line| {
        line.contains("postgres://") && line.split('@').next().unwrap().matches(':').count() > 2
    });
    assert_eq!(password, None);
}
