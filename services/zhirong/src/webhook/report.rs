//! Endpoints and deliveries as lines for people and for `cut`: one a line, fields separated by tabs.

use std::fmt::Write;

use api::notify::v1 as pb;
use chrono::{DateTime, FixedOffset, SecondsFormat};

/// Seconds by which Beijing is ahead of UTC.
const BEIJING: i32 = 8 * 3600;

/// The last segment of a name.
fn id(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// A moment in Beijing; empty where there is none.
fn moment(stamp: Option<(i64, i32)>) -> String {
    let beijing = FixedOffset::east_opt(BEIJING);
    let utc =
        stamp.and_then(|(seconds, nanos)| DateTime::from_timestamp(seconds, u32::try_from(nanos).ok()?));
    match (utc, beijing) {
        (Some(utc), Some(beijing)) => utc
            .with_timezone(&beijing)
            .to_rfc3339_opts(SecondsFormat::Secs, false),
        _ => String::new(),
    }
}

const fn state(state: pb::WebhookEndpointState) -> &'static str {
    match state {
        pb::WebhookEndpointState::Enabled => "enabled",
        pb::WebhookEndpointState::Disabled => "disabled",
        pb::WebhookEndpointState::Gone => "gone",
        pb::WebhookEndpointState::Failing => "failing",
        pb::WebhookEndpointState::Unspecified => "",
    }
}

const fn delivery_state(state: pb::WebhookDeliveryState) -> &'static str {
    match state {
        pb::WebhookDeliveryState::Pending => "pending",
        pb::WebhookDeliveryState::Delivered => "delivered",
        pb::WebhookDeliveryState::Failed => "failed",
        pb::WebhookDeliveryState::Unspecified => "",
    }
}

/// Why an attempt did not deliver, in both languages.
const fn failure(failure: pb::WebhookFailure) -> &'static str {
    match failure {
        pb::WebhookFailure::Unspecified => "",
        pb::WebhookFailure::Status => "对方返回错误 / answered with an error",
        pb::WebhookFailure::Redirect => {
            "对方返回跳转，不予跟随 / answered with a redirect, which is not followed"
        }
        pb::WebhookFailure::Gone => "对方已撤销，端点已停用 / gone, the endpoint is disabled",
        pb::WebhookFailure::Timeout => "20 秒内无应答 / no answer within 20 s",
        pb::WebhookFailure::Unresolved => "域名无法解析 / the host has no address",
        pb::WebhookFailure::AddressRefused => "地址不允许访问 / the host's address may not be called",
        pb::WebhookFailure::Unreachable => "无法连接 / no connection",
        pb::WebhookFailure::Tls => "证书不受信任 / the certificate is not trusted",
    }
}

/// Endpoints: id, state, address, event types, description.
pub(super) fn endpoints(endpoints: &[pb::WebhookEndpoint]) -> String {
    let mut text = String::new();
    for endpoint in endpoints {
        let types = match endpoint.event_types.as_slice() {
            [] => "*".to_owned(),
            types => types.join(","),
        };
        // Writing to a text cannot fail.
        let _written = writeln!(
            text,
            "{}\t{}\t{}\t{types}\t{}",
            id(&endpoint.name),
            state(endpoint.state()),
            endpoint.url,
            endpoint.description
        );
    }
    text
}

/// Deliveries: id, state, type, when it happened, when it is tried next; below each its attempts, indented.
pub(super) fn deliveries(deliveries: &[pb::WebhookDelivery]) -> String {
    let mut text = String::new();
    for delivery in deliveries {
        let _written = writeln!(
            text,
            "{}\t{}\t{}\t{}\t{}",
            id(&delivery.name),
            delivery_state(delivery.state()),
            delivery.event_type,
            moment(delivery.created_at.as_ref().map(|at| (at.seconds, at.nanos))),
            moment(delivery.next_try_at.as_ref().map(|at| (at.seconds, at.nanos)))
        );
        for attempt in &delivery.attempts {
            let took = attempt
                .duration_ms
                .map_or_else(|| "…".to_owned(), |took| format!("{took} ms"));
            let _written = writeln!(
                text,
                "\t{}\t{}\t{took}\t{}\t{}",
                attempt.number,
                moment(attempt.started_at.as_ref().map(|at| (at.seconds, at.nanos))),
                attempt.status_code,
                failure(attempt.failure())
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_a_line_and_its_attempts_are_lines_below_it() {
        let delivery = pb::WebhookDelivery {
            name: "webhookDeliveries/7".to_owned(),
            event_type: "batch.released".to_owned(),
            state: pb::WebhookDeliveryState::Pending.into(),
            created_at: Some(Default::default()),
            attempts: vec![pb::WebhookAttempt {
                number: 1,
                duration_ms: Some(12),
                status_code: 500,
                failure: pb::WebhookFailure::Status.into(),
                ..pb::WebhookAttempt::default()
            }],
            ..pb::WebhookDelivery::default()
        };
        let wanted = "7\tpending\tbatch.released\t1970-01-01T08:00:00+08:00\t\n\
                      \t1\t\t12 ms\t500\t对方返回错误 / answered with an error\n";
        assert_eq!(deliveries(&[delivery]), wanted);
    }

    #[test]
    fn an_endpoint_is_a_line() {
        let endpoint = pb::WebhookEndpoint {
            name: "webhookEndpoints/3".to_owned(),
            url: "https://bank.example/hook".to_owned(),
            state: pb::WebhookEndpointState::Gone.into(),
            ..pb::WebhookEndpoint::default()
        };
        assert_eq!(
            endpoints(&[endpoint]),
            "3\tgone\thttps://bank.example/hook\t*\t\n"
        );
    }
}
