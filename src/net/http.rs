//! One POST of a form over HTTP/1.1, on a line that `tls.rs` dials: its time and its answer are bounded. Never follows a
//! redirect, because a form here holds secrets; never shows what the server says. For `oauth/mod.rs` alone.

use crate::net::tls::dial;
use crate::net::{Endpoint, NetError, Tls};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Largest body of an answer, in bytes.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Largest head of an answer, in bytes.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// What came back.
pub(super) struct Answer {
    /// The status code.
    pub(super) status: u16,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// Posts a form to `path` (with its query) of a server; `time_max` runs from dialling to the last byte of the answer.
pub(super) async fn post_form(
    endpoint: &Endpoint,
    path: &str,
    form: String,
    time_max: Duration,
) -> Result<Answer, NetError> {
    timeout(time_max, exchange(endpoint, path, form)).await.map_err(|_| NetError::Timeout {
        server: endpoint.to_string(),
        what: "answer",
        seconds: time_max.as_secs(),
    })?
}

async fn exchange(endpoint: &Endpoint, path: &str, form: String) -> Result<Answer, NetError> {
    let malformed = |why| NetError::Malformed { server: endpoint.to_string(), why };
    let broken = |error: hyper::Error| {
        if error.is_parse() {
            return malformed("the answer is not HTTP/1.1");
        }
        NetError::Connect {
            server: endpoint.to_string(),
            why: "the line broke before the answer was there".to_owned(),
        }
    };
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::HOST, authority(endpoint))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json")
        .header(header::CONNECTION, "close")
        .body(Full::<Bytes>::from(form))
        .map_err(|_| malformed("its address cannot be asked for"))?;
    let line = TokioIo::new(dial(endpoint).await?);
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(HEAD_BYTES_MAX).handshake(line).await.map_err(broken)?;
    // Moves the bytes while we wait, and ends with us, however that is.
    let mut mover = JoinSet::new();
    mover.spawn(connection);
    let response = sender.send_request(request).await.map_err(broken)?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            malformed("the answer is too large")
        } else {
            NetError::Connect {
                server: endpoint.to_string(),
                why: "the line broke within the answer".to_owned(),
            }
        }
    })?;
    Ok(Answer { status, body: body.to_bytes().to_vec() })
}

/// The Host header: without the port where it is the usual one (RFC 9110 7.2).
fn authority(endpoint: &Endpoint) -> String {
    match (endpoint.tls, endpoint.port) {
        (Tls::Implicit, 443) | (Tls::None, 80) => endpoint.host.clone(),
        _ => endpoint.to_string(),
    }
}
