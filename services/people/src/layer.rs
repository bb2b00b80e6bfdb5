//! [`PeopleLayer`] stands around everything and answers `/auth/*`; all else goes on to the routes.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::error::Error;
use crate::flow::{self, Flow};
use crate::https::Form;
use crate::sandbox;
use crate::web::{self, Answer};
use crate::{ErrorJson, SignIn};

/// Most bytes of a form.
const FORM_BYTES: usize = 16 << 10;

type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

/// The layer around all routes.
#[derive(Clone)]
pub struct PeopleLayer {
    /// Where people sign in, if they do in this process.
    sign_in: Option<Arc<SignIn>>,
}

impl PeopleLayer {
    /// Signs people in, where that is given.
    #[must_use]
    pub fn new(sign_in: Option<SignIn>) -> Self {
        Self {
            sign_in: sign_in.map(Arc::new),
        }
    }
}

impl<S> Layer<S> for PeopleLayer {
    type Service = PeopleService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        PeopleService {
            inner,
            sign_in: self.sign_in.clone(),
        }
    }
}

/// Routes with [`PeopleLayer`] around them.
#[derive(Clone)]
pub struct PeopleService<S> {
    inner: S,
    sign_in: Option<Arc<SignIn>>,
}

/// What is asked of this crate itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Page,
    Script,
    Login,
    Callback,
    Session,
    Logout,
    IdpDocument,
    IdpKeys,
    IdpAuthorize,
    IdpToken,
}

/// Which of our pages a request asks for; all others are the gateway's to answer.
fn asked(head: &Parts, has_provider: bool) -> Option<Asked> {
    let (path, idp) = match head.uri.path().strip_prefix(sandbox::PATH) {
        Some(rest) if has_provider => (rest, true),
        _ => (head.uri.path(), false),
    };
    match (&head.method, idp, path) {
        (&Method::GET, false, "/auth/") => Some(Asked::Page),
        (&Method::GET, false, "/auth/sign-in.js") => Some(Asked::Script),
        (&Method::GET, false, "/auth/login") => Some(Asked::Login),
        (&Method::GET, false, platform::config::CALLBACK_PATH) => Some(Asked::Callback),
        (&Method::GET, false, "/auth/session") => Some(Asked::Session),
        (&Method::POST, false, "/auth/logout") => Some(Asked::Logout),
        (&Method::GET, true, "/.well-known/openid-configuration") => Some(Asked::IdpDocument),
        (&Method::GET, true, "/jwks") => Some(Asked::IdpKeys),
        (&Method::GET, true, "/authorize") => Some(Asked::IdpAuthorize),
        (&Method::POST, true, "/token") => Some(Asked::IdpToken),
        _ => None,
    }
}

/// Answers a request of ours.
async fn answer<B>(sign_in: &SignIn, asked: Asked, request: Request<B>) -> Answer
where
    B: http_body::Body<Data = Bytes> + Send,
    B::Error: Into<tonic::codegen::StdError>,
{
    let (head, body) = request.into_parts();
    let answered = match asked {
        Asked::Page => Ok(flow::sign_in_page()),
        Asked::Script => Ok(flow::sign_in_script()),
        Asked::Login => sign_in.flow.login(&head).await,
        Asked::Callback => sign_in.flow.callback_answer(&head).await,
        Asked::Session => sign_in.flow.session(&head).await,
        Asked::Logout => sign_in.flow.logout(&head).await,
        Asked::IdpDocument | Asked::IdpKeys | Asked::IdpAuthorize | Asked::IdpToken => {
            idp(&sign_in.flow, asked, &head, body).await
        }
    };
    answered.unwrap_or_else(|error| refusal(error, &head, sign_in.error_json))
}

/// What the sandbox's own provider answers.
async fn idp<B>(flow: &Flow, asked: Asked, head: &Parts, body: B) -> Result<Answer, Error>
where
    B: http_body::Body<Data = Bytes> + Send,
    B::Error: Into<tonic::codegen::StdError>,
{
    let unknown = Error::ParameterInvalid { name: "path" };
    let provider = flow.provider.built_in().ok_or(unknown)?;
    let origin = web::origin(head);
    match asked {
        Asked::IdpKeys => Ok(web::json(StatusCode::OK, &provider.keys())),
        Asked::IdpAuthorize => provider.authorize(&origin, head.uri.query().unwrap_or_default()),
        Asked::IdpToken => {
            let too_long = |_| Error::ParameterInvalid { name: "form" };
            let body = Limited::new(body, FORM_BYTES).collect().await.map_err(too_long)?;
            let authorization = head
                .headers
                .get(AUTHORIZATION)
                .and_then(|value| value.to_str().ok());
            let form = Form {
                authorization: authorization.unwrap_or_default().to_owned(),
                body: String::from_utf8_lossy(&body.to_bytes()).into_owned(),
            };
            Ok(provider.token_answer(&origin, &form))
        }
        _ => Ok(web::json(
            StatusCode::OK,
            &sandbox::SandboxProvider::document(&origin),
        )),
    }
}

/// A refusal as JSON, or as a page for a browser that shows one to a person.
fn refusal(error: Error, head: &Parts, error_json: ErrorJson) -> Answer {
    let (zh, en) = {
        use platform::Fault;
        (error.message_zh(), error.message_en())
    };
    let status = Status::from(error);
    let (code, document) = error_json(&status);
    let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let accepts = head
        .headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut answer = if accepts.contains("text/html") && status.code() != tonic::Code::Internal {
        let body = format!(
            "<p>{}</p><p class=\"en\" lang=\"en\">{}</p><p><a href=\"/auth/login\">重新登录 / Sign in</a></p>",
            web::escaped(&zh),
            web::escaped(&en),
        );
        web::page(code, "未能登录 / Not signed in", "", &body)
    } else {
        web::json(code, &document)
    };
    answer
        .headers_mut()
        .insert("grpc-status", http::HeaderValue::from(i32::from(status.code())));
    answer
}

impl<S, B, R> Service<Request<B>> for PeopleService<S>
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<tonic::codegen::StdError>,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<tonic::codegen::StdError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (head, body) = request.into_parts();
        if let Some(sign_in) = self.sign_in.clone()
            && let Some(asked) = asked(&head, sign_in.flow.provider.built_in().is_some())
        {
            let request = Request::from_parts(head, body);
            return Box::pin(async move { Ok(answer(&sign_in, asked, request).await) });
        }
        let calling = self.inner.call(Request::from_parts(head, body));
        Box::pin(async move { Ok(calling.await?.map(Body::new)) })
    }
}
