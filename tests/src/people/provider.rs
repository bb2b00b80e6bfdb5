//! An identity provider that issues what it is told to, over plain HTTP on this machine: for tokens that no provider should issue.

use std::sync::{Arc, Mutex};

use platform::clock::Clock;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::key::ProofKey;

/// Makes the token that is issued next, from the key of the provider and the claims of a good one.
pub type Token = Box<dyn Fn(&ProofKey, Value) -> String + Send>;

/// What the provider issues next.
pub struct Issued {
    /// The nonce of the sign-in.
    pub nonce: String,
    /// The token.
    pub token: Token,
}

struct State {
    issuer: String,
    key: ProofKey,
    next: Mutex<Option<Issued>>,
}

/// The provider.
pub struct Provider {
    state: Arc<State>,
    task: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Provider {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let state = Arc::new(State {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            key: ProofKey::new(),
            next: Mutex::default(),
        });
        let own = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let own = own.clone();
                tokio::spawn(async move { serve(stream, &own).await });
            }
        });
        Self { state, task }
    }

    /// Its issuer.
    pub fn issuer(&self) -> &str {
        &self.state.issuer
    }

    /// Its key.
    pub fn key(&self) -> &ProofKey {
        &self.state.key
    }

    /// Says what is issued for the next code.
    pub fn issue(&self, issued: Issued) {
        *self.state.next.lock().unwrap() = Some(issued);
    }
}

/// The claims of a token that would be taken.
fn good(state: &State, nonce: &str) -> Value {
    let now = Clock::System.now().timestamp();
    json!({
        "iss": state.issuer, "sub": "made-up", "aud": "zhirong", "nonce": nonce, "iat": now, "exp": now + 300,
        "acr": "two", "name": "测试", "zhirong_role": "4105:bureau",
    })
}

fn answer(state: &State, path: &str) -> Value {
    let issuer = &state.issuer;
    match path {
        "/.well-known/openid-configuration" => json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/jwks"),
        }),
        "/jwks" => {
            let mut key = state.key.jwk();
            key["kid"] = json!("one");
            json!({"keys": [key, {"kty": "oct", "kid": "shared", "k": "c2VjcmV0"}]})
        }
        "/token" => {
            let issued = state.next.lock().unwrap().take();
            match issued {
                Some(issued) => json!({"id_token": (issued.token)(&state.key, good(state, &issued.nonce))}),
                None => json!({"error": "invalid_grant"}),
            }
        }
        other => panic!("{other}"),
    }
}

/// Answers one request. Whoever goes away in between is none of the provider's business.
async fn serve(mut stream: TcpStream, state: &State) {
    let mut bytes = Vec::new();
    let head = loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                break head.to_owned();
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    };
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let body = answer(state, &path).to_string();
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let _gone = stream.write_all(answer.as_bytes()).await;
    let _gone = stream.shutdown().await;
}
