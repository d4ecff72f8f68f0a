//! The HTTPS client, as the ACME library wants to use it.

use std::pin::Pin;

use axum::body::{Body, to_bytes};
use axum::http::Response;
use bytes::Bytes;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};

use crate::net::https::{ANSWER_OCTETS_MAX, Https, Request};

/// Asks by our own client: it has our resolver, our trust, and bounds.
pub(super) struct Client(pub(super) Https);

type Asked = Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>>;

impl HttpClient for Client {
    fn request(&self, request: axum::http::Request<BodyWrapper<Bytes>>) -> Asked {
        let https = self.0.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let url = https.url(&parts.uri.to_string()).map_err(other)?;
            let body = to_bytes(Body::new(body), ANSWER_OCTETS_MAX).await.map_err(other)?.to_vec();
            let request = Request { method: parts.method, url, headers: parts.headers, body };
            let answer = https.send(request).await.map_err(other)?;
            let mut response = Response::new(());
            *response.status_mut() = answer.status.try_into().map_err(other)?;
            *response.headers_mut() = answer.headers;
            let (parts, ()) = response.into_parts();
            Ok(BytesResponse { parts, body: Box::new(Bytes::from(answer.body)) })
        })
    }
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Other(Box::new(error))
}
