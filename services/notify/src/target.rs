//! Addresses of endpoints: which URLs are taken, and which hosts may be called at all.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http::Uri;

use crate::error::{Error, invalid};
use crate::network::{Network, is_public, plain};

/// Most bytes of a URL.
const URL_BYTES: usize = 2048;
/// Ports below this are other protocols', but for the one of https.
const FIRST_FREE_PORT: u16 = 1024;
const HTTPS: u16 = 443;
/// How long the name of a host may take to look up.
const LOOK_UP: Duration = Duration::from_secs(5);

/// Which hosts may be called: those of the internet, and networks that the operator names.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    allowed: Vec<Network>,
    is_sandbox: bool,
}

impl Reach {
    /// A sandbox calls this machine too, without TLS if need be.
    ///
    /// # Errors
    /// `WEBHOOK_NETWORK_MALFORMED` where a network is not `address/prefix`.
    pub fn new(allowed: &[String], is_sandbox: bool) -> Result<Self, ledger::Error> {
        let network = |text: &String| {
            Network::parse(text).ok_or_else(|| {
                ledger::Error::invalid(
                    "webhook_allow",
                    "WEBHOOK_NETWORK_MALFORMED",
                    format!("{text} 不是网段，应形如 10.20.0.0/16"),
                    format!("{text} is no network; it has the form 10.20.0.0/16"),
                )
            })
        };
        Ok(Self {
            allowed: allowed.iter().map(network).collect::<Result<_, _>>()?,
            is_sandbox,
        })
    }

    fn may_call(&self, address: IpAddr, is_tls: bool) -> bool {
        let address = plain(address);
        if self.is_sandbox && address.is_loopback() {
            return true;
        }
        is_tls && (is_public(address) || self.allowed.iter().any(|network| network.contains(address)))
    }

    /// The addresses of a host, if every one of them may be called: a name with one address inside is refused, whichever
    /// would be taken. Whoever connects must connect to one of these, so that the name cannot mean another host by then.
    pub(crate) async fn resolve(&self, target: &Target) -> Result<Vec<SocketAddr>, Fault> {
        let looked_up = tokio::net::lookup_host((target.host.as_str(), target.port));
        let found: Vec<SocketAddr> = match tokio::time::timeout(LOOK_UP, looked_up).await {
            Ok(Ok(found)) => found.collect(),
            Ok(Err(_)) | Err(_) => return Err(Fault::HostUnknown),
        };
        if found.is_empty() {
            return Err(Fault::HostUnknown);
        }
        if found
            .iter()
            .all(|address| self.may_call(address.ip(), target.is_tls))
        {
            Ok(found)
        } else {
            Err(Fault::AddressRefused)
        }
    }

    /// Reads the URL of an endpoint and looks its host up.
    ///
    /// # Errors
    /// A refusal of the field `url`.
    pub(crate) async fn check(&self, url: &str) -> Result<(), Error> {
        let target = Target::parse(url, self.is_sandbox).map_err(Fault::refusal)?;
        self.resolve(&target).await.map_err(Fault::refusal)?;
        Ok(())
    }

    /// Reads a URL that was taken before.
    pub(crate) fn target(&self, url: &str) -> Result<Target, Fault> {
        Target::parse(url, self.is_sandbox)
    }
}

/// Why a URL is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No URL, too long, or with a fragment.
    Malformed,
    /// Another scheme than https.
    NotHttps,
    /// With a user or password.
    WithUser,
    /// A port of another protocol.
    PortRefused,
    /// The name has no address.
    HostUnknown,
    /// An address inside.
    AddressRefused,
}

impl Fault {
    const fn reason(self) -> &'static str {
        match self {
            Self::Malformed => "WEBHOOK_URL_MALFORMED",
            Self::NotHttps => "WEBHOOK_URL_NOT_HTTPS",
            Self::WithUser => "WEBHOOK_URL_WITH_USER",
            Self::PortRefused => "WEBHOOK_PORT_REFUSED",
            Self::HostUnknown => "WEBHOOK_HOST_UNKNOWN",
            Self::AddressRefused => "WEBHOOK_ADDRESS_REFUSED",
        }
    }

    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Malformed => (
                "地址应为完整的 https 网址，不超过 2048 字节，不含 # 片段",
                "the address is a whole https URL of at most 2048 bytes, without a fragment",
            ),
            Self::NotHttps => ("地址必须是 https", "the address must be https"),
            Self::WithUser => (
                "地址中不能有用户名或密码",
                "the address must not hold a user or a password",
            ),
            Self::PortRefused => (
                "端口只能是 443 或 1024 以上",
                "the port must be 443, or 1024 and above",
            ),
            Self::HostUnknown => ("域名无法解析", "the host has no address"),
            Self::AddressRefused => (
                "该主机的地址不是公网地址；内网须由运维在 webhook_allow 中放行",
                "the host's address is not a public one; the operator allows an internal network by webhook_allow",
            ),
        }
    }

    fn refusal(self) -> Error {
        let (zh, en) = self.texts();
        invalid("url", self.reason(), zh, en)
    }
}

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) is_tls: bool,
    /// Path and query.
    pub(crate) path: String,
    /// The header `host`.
    pub(crate) authority: String,
}

impl Target {
    fn parse(url: &str, is_sandbox: bool) -> Result<Self, Fault> {
        // What is called is what is shown: no unseen character, and one spelling.
        let is_plain = exchange::table::text_within(url, URL_BYTES).is_ok_and(|plain| plain == url);
        if url.len() > URL_BYTES || url.contains('#') || !is_plain {
            return Err(Fault::Malformed);
        }
        let uri: Uri = url.parse().map_err(|_| Fault::Malformed)?;
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if is_sandbox => false,
            Some(_) => return Err(Fault::NotHttps),
            None => return Err(Fault::Malformed),
        };
        let authority = uri.authority().ok_or(Fault::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(Fault::WithUser);
        }
        let port = match (authority.port_u16(), is_tls) {
            (Some(port), _) => port,
            (None, true) => HTTPS,
            (None, false) => return Err(Fault::PortRefused),
        };
        if port != HTTPS && port < FIRST_FREE_PORT {
            return Err(Fault::PortRefused);
        }
        let host = authority.host().trim_matches(['[', ']']);
        if host.is_empty() {
            return Err(Fault::Malformed);
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            host: host.to_owned(),
            port,
            is_tls,
            path: path.to_owned(),
            authority: authority.as_str().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(work)
    }

    fn fault(reach: &Reach, url: &str) -> Option<Fault> {
        let target = match reach.target(url) {
            Ok(target) => target,
            Err(fault) => return Some(fault),
        };
        run(reach.resolve(&target)).err()
    }

    #[test]
    fn a_url_is_taken_or_refused_by_name() {
        let reach = Reach::default();
        for (url, wanted) in [
            ("https://1.1.1.1/hook?x=1", None),
            ("https://1.1.1.1:8443/hook", None),
            ("https://[2606:4700::1111]/", None),
            ("", Some(Fault::Malformed)),
            ("/hook", Some(Fault::Malformed)),
            ("bank.example", Some(Fault::Malformed)),
            ("https://1.1.1.1/#part", Some(Fault::Malformed)),
            ("http://1.1.1.1/hook", Some(Fault::NotHttps)),
            ("ftp://1.1.1.1/hook", Some(Fault::NotHttps)),
            ("https://user:word@1.1.1.1/", Some(Fault::WithUser)),
            ("https://1.1.1.1@127.0.0.1/", Some(Fault::WithUser)),
            ("https://1.1.1.1:22/", Some(Fault::PortRefused)),
            ("https://1.1.1.1:80/", Some(Fault::PortRefused)),
            ("https://1.1.1.1:0/", Some(Fault::PortRefused)),
            ("https://no-such-host.invalid/", Some(Fault::HostUnknown)),
            ("https://localhost/", Some(Fault::AddressRefused)),
            ("https://127.0.0.1:8443/", Some(Fault::AddressRefused)),
            ("https://127.1:8443/", Some(Fault::AddressRefused)),
            ("https://2130706433:8443/", Some(Fault::AddressRefused)),
            ("https://0x7f000001:8443/", Some(Fault::AddressRefused)),
            ("https://10.0.0.1/", Some(Fault::AddressRefused)),
            (
                "https://169.254.169.254/latest/meta-data",
                Some(Fault::AddressRefused),
            ),
            ("https://100.100.100.200/", Some(Fault::AddressRefused)),
            ("https://[::1]/", Some(Fault::AddressRefused)),
            ("https://[::ffff:127.0.0.1]/", Some(Fault::AddressRefused)),
            ("https://[fe80::1]/", Some(Fault::AddressRefused)),
            ("https://[fd00:ec2::254]/", Some(Fault::AddressRefused)),
        ] {
            assert_eq!(fault(&reach, url), wanted, "{url}");
        }
        let long = format!("https://1.1.1.1/{}", "a".repeat(URL_BYTES));
        assert_eq!(fault(&reach, &long), Some(Fault::Malformed));
    }

    #[test]
    fn the_operator_opens_a_network_and_a_sandbox_this_machine() {
        let bank = Reach::new(&["10.20.0.0/16".to_owned()], false).unwrap();
        assert_eq!(fault(&bank, "https://10.20.1.1/"), None);
        assert_eq!(fault(&bank, "https://10.21.1.1/"), Some(Fault::AddressRefused));
        assert_eq!(fault(&bank, "http://10.20.1.1:8080/"), Some(Fault::NotHttps));
        let sandbox = Reach::new(&[], true).unwrap();
        assert_eq!(fault(&sandbox, "http://127.0.0.1:8080/"), None);
        assert_eq!(fault(&sandbox, "https://localhost:8443/"), None);
        // Without TLS nothing but this machine.
        assert_eq!(
            fault(&sandbox, "http://1.1.1.1:8080/"),
            Some(Fault::AddressRefused)
        );
        assert_eq!(fault(&sandbox, "https://10.0.0.1/"), Some(Fault::AddressRefused));
        assert!(Reach::new(&["10.20.0.0/99".to_owned()], false).is_err());
    }
}
