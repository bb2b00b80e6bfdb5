//! What one server gives to its callers. Every bound of HTTP/2 is set by hand, since tonic's own defaults are "none" for most of
//! them; none of these can say "no limit".

use std::time::Duration;

use crate::error::Error;
use crate::twin::{self, Twin};

/// Largest message a service may decode, 1 MiB.
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// What each service gives to `max_decoding_message_size`: [`MAX_MESSAGE_BYTES`].
#[must_use]
pub fn max_message_bytes() -> usize {
    if twin::is_on(Twin::NoLimits) {
        return usize::MAX;
    }
    MAX_MESSAGE_BYTES
}

/// The bounds of a server. [`Default`] are those that the product runs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Open connections, 16 to 10,000 (1,024). A further one is closed before its handshake.
    pub connections: u32,
    /// Connections of one certificate, 1 to 1,000 (64). A further one is closed behind its handshake.
    pub connections_per_certificate: u32,
    /// Connections from one IPv4 address, or IPv6 network of 64 bits, without a certificate, 1 to 10,000 (256), where a server takes such.
    pub connections_per_address: u32,
    /// Handshakes under way, 1 to 10,000 (256). For a further one the oldest is given up: an honest one takes milliseconds.
    pub handshakes: u32,
    /// Longest time for a handshake, 1 to 60 s (10 s).
    pub handshake_time: Duration,
    /// Streams that may be open on one connection, 1 to 1,000 (64). A further one is refused by HTTP/2.
    pub streams_per_connection: u32,
    /// Bytes of the names and values of a request's headers, 4 KiB to 64 KiB (16 KiB).
    pub header_bytes: u32,
    /// Bytes that a caller may send ahead on one stream, 64 KiB to 1 MiB (512 KiB).
    pub stream_window_bytes: u32,
    /// Bytes that a caller may send ahead on one connection, 64 KiB to 4 MiB (1 MiB): what its unread uploads may hold of memory.
    pub connection_window_bytes: u32,
    /// Streams that were opened and reset by the caller before they were looked at, 1 to 1,000 (20); more end the connection.
    pub pending_resets: u32,
    /// Streams that were reset here for what the caller did wrong, 1 to 10,000 (1,024); more end the connection.
    pub local_error_resets: u32,
    /// How long a silent connection is left before it is asked for a sign of life, 1 to 300 s (20 s).
    pub keepalive_interval: Duration,
    /// How long that sign may take, 1 to 60 s (10 s).
    pub keepalive_timeout: Duration,
    /// Age at which a connection takes no further calls, 60 s to a day (15 min): nobody speaks for ever under one handshake.
    pub connection_age: Duration,
    /// How long calls under way may go on after that, 1 to 600 s (30 s).
    pub connection_age_grace: Duration,
    /// Longest time until the head of an answer, 1 to 600 s (60 s), whatever longer deadline the caller states; streams go on after that.
    pub request_time: Duration,
    /// Longest time that an upload may send nothing while more of it is waited for, 1 to 600 s (30 s).
    pub upload_stall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            connections_per_certificate: 64,
            connections_per_address: 256,
            handshakes: 256,
            handshake_time: Duration::from_secs(10),
            streams_per_connection: 64,
            header_bytes: 16 << 10,
            stream_window_bytes: 512 << 10,
            connection_window_bytes: 1 << 20,
            pending_resets: 20,
            local_error_resets: 1_024,
            keepalive_interval: Duration::from_secs(20),
            keepalive_timeout: Duration::from_secs(10),
            connection_age: Duration::from_secs(15 * 60),
            connection_age_grace: Duration::from_secs(30),
            request_time: Duration::from_secs(60),
            upload_stall: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// Refuses a bound outside its range.
    ///
    /// # Errors
    /// [`Error::Config`] naming the first.
    pub fn check(&self) -> Result<(), Error> {
        let numbers = [
            ("connections", self.connections, 16, 10_000),
            (
                "connections_per_certificate",
                self.connections_per_certificate,
                1,
                1_000,
            ),
            ("connections_per_address", self.connections_per_address, 1, 10_000),
            ("handshakes", self.handshakes, 1, 10_000),
            ("streams_per_connection", self.streams_per_connection, 1, 1_000),
            ("header_bytes", self.header_bytes, 4 << 10, 64 << 10),
            ("stream_window_bytes", self.stream_window_bytes, 64 << 10, 1 << 20),
            (
                "connection_window_bytes",
                self.connection_window_bytes,
                64 << 10,
                4 << 20,
            ),
            ("pending_resets", self.pending_resets, 1, 1_000),
            ("local_error_resets", self.local_error_resets, 1, 10_000),
        ];
        for (name, value, least, most) in numbers {
            if !(least..=most).contains(&value) {
                return Err(outside(name, &least.to_string(), &most.to_string()));
            }
        }
        let times = [
            ("handshake_time", self.handshake_time, 1, 60),
            ("keepalive_interval", self.keepalive_interval, 1, 300),
            ("keepalive_timeout", self.keepalive_timeout, 1, 60),
            ("connection_age", self.connection_age, 60, 86_400),
            ("connection_age_grace", self.connection_age_grace, 1, 600),
            ("request_time", self.request_time, 1, 600),
            ("upload_stall", self.upload_stall, 1, 600),
        ];
        for (name, value, least, most) in times {
            if value < Duration::from_secs(least) || value > Duration::from_secs(most) {
                return Err(outside(name, &format!("{least} s"), &format!("{most} s")));
            }
        }
        Ok(())
    }

    /// tonic's server with every bound set. HTTP/1.1 is spoken too, for callers of the JSON interface.
    pub(super) fn builder(&self) -> tonic::transport::Server {
        let builder = tonic::transport::Server::builder()
            .accept_http1(true)
            .http2_keepalive_interval(Some(self.keepalive_interval))
            .http2_keepalive_timeout(Some(self.keepalive_timeout))
            .initial_stream_window_size(self.stream_window_bytes)
            .initial_connection_window_size(self.connection_window_bytes)
            .max_connection_age(self.connection_age)
            .max_connection_age_grace(self.connection_age_grace);
        if twin::is_on(Twin::NoLimits) {
            return builder
                .max_concurrent_streams(u32::MAX)
                .http2_max_header_list_size(1 << 30)
                .http2_max_pending_accept_reset_streams(Some(usize::MAX))
                .http2_max_local_error_reset_streams(None);
        }
        let count = |bound: u32| usize::try_from(bound).unwrap_or(usize::MAX);
        builder
            .max_concurrent_streams(self.streams_per_connection)
            .concurrency_limit_per_connection(count(self.streams_per_connection))
            .http2_max_header_list_size(self.header_bytes)
            .http2_max_pending_accept_reset_streams(Some(count(self.pending_resets)))
            .http2_max_local_error_reset_streams(Some(count(self.local_error_resets)))
    }
}

fn outside(name: &str, least: &str, most: &str) -> Error {
    Error::config(
        name,
        format!("应为 {least} 到 {most}"),
        format!("must be {least} to {most}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bound_can_be_left_off() {
        assert!(Limits::default().check().is_ok());
        let wide = [
            Limits {
                streams_per_connection: u32::MAX,
                ..Limits::default()
            },
            Limits {
                header_bytes: 0,
                ..Limits::default()
            },
            Limits {
                pending_resets: u32::MAX,
                ..Limits::default()
            },
            Limits {
                connection_age: Duration::MAX,
                ..Limits::default()
            },
            Limits {
                upload_stall: Duration::ZERO,
                ..Limits::default()
            },
        ];
        for limits in wide {
            assert!(matches!(limits.check(), Err(Error::Config { .. })), "{limits:?}");
        }
    }
}
