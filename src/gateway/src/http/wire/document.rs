//! Documents that go out byte for byte: signed ones, and those that are named by their digest.
//!
//! # Source
//! RFC 9110 §8.8.3 (`ETag`), §13.1.2 (`If-None-Match`); RFC 8246 (`immutable`).

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header;
use domain::Sha256Digest;

use crate::http::wire::range::is_known;

/// How long what stands at an address stays the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasting {
    /// For ever: the address names this and nothing else.
    Forever,
    /// Until something new is published.
    UntilPublished,
}

impl Lasting {
    fn cache_control(self) -> &'static str {
        match self {
            Self::Forever => "public, max-age=31536000, immutable",
            Self::UntilPublished => "public, no-cache",
        }
    }
}

/// Answers with a document, or with 304 where the caller has it already.
pub(crate) fn document(
    request: &HttpRequest,
    media_type: &'static str,
    lasting: Lasting,
    bytes: &[u8],
) -> HttpResponse {
    let etag = format!("\"{}\"", Sha256Digest::of(bytes));
    let mut response = if is_known(request.headers(), &etag) {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response.insert_header((header::ETAG, etag.clone()));
    response.insert_header((header::CACHE_CONTROL, lasting.cache_control()));
    if is_known(request.headers(), &etag) {
        return response.finish();
    }
    response.content_type(media_type).body(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_document_that_is_known_is_not_sent_again() {
        let first = TestRequest::default().to_http_request();
        let sent = document(&first, "application/json", Lasting::Forever, b"{}");
        let etag = sent.headers().get(header::ETAG).unwrap().clone();

        let again = TestRequest::default().insert_header((header::IF_NONE_MATCH, etag.clone()));
        let again = again.to_http_request();
        let spared = document(&again, "application/json", Lasting::Forever, b"{}");

        assert_eq!((sent.status(), spared.status()), (StatusCode::OK, StatusCode::NOT_MODIFIED));
        assert_eq!(spared.headers().get(header::ETAG), Some(&etag));
        let changed = document(&again, "application/json", Lasting::Forever, b"[]");
        assert_eq!(changed.status(), StatusCode::OK);
    }
}
