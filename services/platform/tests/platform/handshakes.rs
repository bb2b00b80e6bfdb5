//! The TLS listener: both versions of HTTP, callers with certificates only, and slow callers that hold up nobody.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::service::Routes;
use zhirong_platform::identity::{Authority, Identity, Purpose};
use zhirong_platform::serve::{Running, Server, install_crypto_provider};

async fn server(authority: &Authority) -> Running {
    let identity = authority.issue("server", Purpose::Server).unwrap();
    let server = Server::new("127.0.0.1:0".parse().unwrap(), identity);
    server
        .start(Routes::default(), std::future::pending())
        .await
        .unwrap()
}

async fn connect(
    running: &Running,
    ca_pem: &str,
    identity: Option<&Identity>,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    install_crypto_provider();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap())
        .unwrap();
    let builder = ClientConfig::builder().with_root_certificates(roots);
    let mut config = match identity {
        Some(identity) => {
            let certificate = CertificateDer::from_pem_slice(identity.certificate_pem.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
            builder.with_client_auth_cert(vec![certificate], key).unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let tcp = TcpStream::connect(running.address()).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, tcp).await
}

/// Asks for something over HTTP/1.1 and reads the head of the answer.
async fn ask(stream: &mut TlsStream<TcpStream>) -> std::io::Result<String> {
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await?;
    let mut head = vec![0; 64];
    let read = stream.read(&mut head).await?;
    head.truncate(read);
    Ok(String::from_utf8(head).unwrap())
}

#[tokio::test]
async fn callers_choose_between_http_1_1_and_http_2() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::open(dir.path()).unwrap();
    let caller = authority.issue("caller", Purpose::Client).unwrap();
    let running = server(&authority).await;
    for (offered, chosen) in [
        (&["http/1.1"][..], Some("http/1.1")),
        (&["h2"][..], Some("h2")),
        (&["http/1.1", "h2"][..], Some("h2")),
        (&[][..], None),
    ] {
        let mut stream = connect(&running, &caller.ca_pem, Some(&caller), offered)
            .await
            .unwrap();
        let agreed = stream.get_ref().1.alpn_protocol();
        assert_eq!(agreed, chosen.map(str::as_bytes), "{offered:?}");
        if chosen != Some("h2") {
            let head = ask(&mut stream).await.unwrap();
            assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        }
    }
    // Whoever speaks neither is turned away.
    let other = connect(&running, &caller.ca_pem, Some(&caller), &["spdy/3"]).await;
    assert!(other.is_err());
}

#[tokio::test]
async fn http_1_1_needs_a_certificate_of_the_authority_too() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::open(&dir.path().join("own")).unwrap();
    let foreign = Authority::open(&dir.path().join("foreign")).unwrap();
    let caller = authority.issue("caller", Purpose::Client).unwrap();
    let stranger = foreign.issue("caller", Purpose::Client).unwrap();
    let running = server(&authority).await;
    for wrong in [None, Some(&stranger)] {
        // Under TLS 1.3 the refusal comes with the first answer.
        let asked = match connect(&running, &caller.ca_pem, wrong, &["http/1.1"]).await {
            Ok(mut stream) => ask(&mut stream).await,
            Err(error) => Err(error),
        };
        assert!(
            asked.as_ref().map_or(true, String::is_empty),
            "{wrong:?} {asked:?}"
        );
    }
}

#[tokio::test]
async fn silent_callers_hold_up_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::open(dir.path()).unwrap();
    let caller = authority.issue("caller", Purpose::Client).unwrap();
    let running = server(&authority).await;
    let mut silent = Vec::new();
    // More than the server keeps; the oldest are given up for the newest.
    for _ in 0..300 {
        silent.push(TcpStream::connect(running.address()).await.unwrap());
    }
    let start = Instant::now();
    let mut stream = connect(&running, &caller.ca_pem, Some(&caller), &["http/1.1"])
        .await
        .unwrap();
    assert!(ask(&mut stream).await.unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
    // Far below the time that a handshake may take.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let mut oldest = silent.swap_remove(0);
    let end = tokio::time::timeout(Duration::from_secs(5), oldest.read(&mut [0])).await;
    assert!(matches!(end, Ok(Ok(0) | Err(_))), "the oldest was not given up");
    let mut newest = silent.pop().unwrap();
    let open = tokio::time::timeout(Duration::from_millis(200), newest.read(&mut [0])).await;
    assert!(open.is_err(), "the newest still has its time");
}

#[tokio::test]
async fn a_certificate_has_so_many_connections_and_whoever_has_none_is_counted_by_address() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::open(dir.path()).unwrap();
    let caller = authority.issue("caller", Purpose::Client).unwrap();
    let identity = authority.issue("server", Purpose::Server).unwrap();
    for needs_certificate in [true, false] {
        let mut server = Server::new("127.0.0.1:0".parse().unwrap(), identity.clone());
        server.needs_certificate = needs_certificate;
        server.limits.connections_per_certificate = 2;
        server.limits.connections_per_address = 2;
        let running = server
            .start(Routes::default(), std::future::pending())
            .await
            .unwrap();
        let own = needs_certificate.then_some(&caller);
        let mut open = Vec::new();
        for _ in 0..2 {
            let mut stream = connect(&running, &caller.ca_pem, own, &["http/1.1"])
                .await
                .unwrap();
            let head = ask(&mut stream).await.unwrap();
            assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
            open.push(stream);
        }
        // Under TLS 1.3 a client's handshake is done before the server knows whose it is.
        let further = match connect(&running, &caller.ca_pem, own, &["http/1.1"]).await {
            Ok(mut stream) => ask(&mut stream).await,
            Err(error) => Err(error),
        };
        assert!(further.as_ref().map_or(true, String::is_empty), "{further:?}");
        drop(open.pop());
        // Its place is free once the server has seen that it is gone.
        let mut taken = None;
        for _ in 0..100 {
            let asked = match connect(&running, &caller.ca_pem, own, &["http/1.1"]).await {
                Ok(mut stream) => ask(&mut stream).await,
                Err(error) => Err(error),
            };
            taken = asked.ok().filter(|head| head.starts_with("HTTP/1.1 200"));
            if taken.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(taken.is_some(), "{needs_certificate}");
    }
}
