//! Answers on their way out: headers, the whole or a part, from memory or from the disk.
//!
//! # Invariant
//! Only a [`Released`] answer goes out: its entry is durable.

use std::fs::File;
use std::sync::Arc;

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpResponse, HttpResponseBuilder, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use domain::Sha256Digest;
use futures::{Stream, stream};

use crate::ask::Released;
use crate::ask::release::Facts;
use crate::http::problem::{Kind, Problem};
use crate::http::wire::notice;
use crate::http::wire::range::Part;
use crate::spool::AnswerBytes;

/// RFC 9530: the digest of the whole answer, whatever part of it is sent.
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
const QUERY: HeaderName = HeaderName::from_static("reading-room-query");
const EDITION: HeaderName = HeaderName::from_static("reading-room-edition");
const SNAPSHOTS: HeaderName = HeaderName::from_static("reading-room-snapshots");
const ROWS_SHA256: HeaderName = HeaderName::from_static("reading-room-rows-sha256");
const LOG_INDEX: HeaderName = HeaderName::from_static("reading-room-log-index");
const NOTICES: HeaderName = HeaderName::from_static("reading-room-notices");
const NOTICE: HeaderName = HeaderName::from_static("reading-room-notice");
const TRUNCATED: HeaderName = HeaderName::from_static("reading-room-truncated");

/// How much of a file is read at once.
const CHUNK_BYTES: u64 = 256 << 10;

/// The strong entity tag of an answer: the digest of its bytes.
pub(crate) fn etag(sha256: &Sha256Digest) -> String {
    format!("\"{sha256}\"")
}

/// The response of an answer, or of a part of it.
pub(crate) fn respond(released: &Released, part: Part) -> HttpResponse {
    let stored = released.stored();
    let length = stored.bytes.length();
    let (status, first, count) = match part {
        Part::Whole => (StatusCode::OK, 0, length),
        Part::Bytes { first, last } => (StatusCode::PARTIAL_CONTENT, first, last + 1 - first),
        Part::Outside => return outside(length),
    };
    let mut response = HttpResponse::build(status);
    name_answer(&mut response, released.facts(), &stored.sha256);
    if let Part::Bytes { first, last } = part {
        let range = format!("bytes {first}-{last}/{length}");
        response.insert_header((header::CONTENT_RANGE, range));
    }
    match &stored.bytes {
        AnswerBytes::Memory(bytes) => response.body(slice(bytes, first, count)),
        AnswerBytes::File { file, .. } => {
            response.body(SizedStream::new(count, chunks(Arc::clone(file), first, count)))
        }
    }
}

/// The response to a caller that has the answer already.
pub(crate) fn not_modified(sha256: &Sha256Digest) -> HttpResponse {
    let mut response = HttpResponse::build(StatusCode::NOT_MODIFIED);
    name_representation(&mut response, sha256);
    response.finish()
}

/// The response to a range that the answer does not have.
pub(crate) fn outside(length: u64) -> HttpResponse {
    let problem = Kind::RangeNotSatisfiable
        .problem(format!("The answer has {length} bytes; ask for a range within them."));
    let mut response = HttpResponse::from_error(problem);
    let range = header::HeaderValue::from_str(&format!("bytes */{length}"));
    let range = range.expect("invariant: a number is visible ASCII");
    response.headers_mut().insert(header::CONTENT_RANGE, range);
    response
}

/// The headers of every answer.
fn name_answer(response: &mut HttpResponseBuilder, facts: &Facts, sha256: &Sha256Digest) {
    name_representation(response, sha256);
    let snapshots: Vec<String> =
        facts.snapshots.iter().map(|(dataset, id)| format!("{dataset}@{id}")).collect();
    response
        .content_type(facts.format.media_type())
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((REPR_DIGEST, format!("sha-256=:{}:", BASE64.encode(sha256.as_bytes()))))
        .insert_header((QUERY, facts.query.as_str()))
        .insert_header((EDITION, facts.edition.as_str()))
        .insert_header((SNAPSHOTS, snapshots.join(", ")))
        .insert_header((LOG_INDEX, facts.log_index.get().to_string()))
        .insert_header((NOTICES, facts.notices.len().to_string()));
    if !facts.notices.is_empty() {
        response.insert_header((NOTICE, notice::header(&facts.notices)));
    }
    if let Some(rows_sha256) = &facts.rows_sha256 {
        response.insert_header((ROWS_SHA256, rows_sha256.to_string()));
    }
    if facts.truncated {
        response.insert_header((TRUNCATED, "rows"));
    }
}

/// The headers by which an answer is recognised again.
fn name_representation(response: &mut HttpResponseBuilder, sha256: &Sha256Digest) {
    response
        .insert_header((header::ETAG, etag(sha256)))
        .insert_header((header::CACHE_CONTROL, "private"))
        .insert_header((header::VARY, "Authorization, Accept"));
}

/// Some bytes of a small answer.
fn slice(bytes: &Bytes, first: u64, count: u64) -> Bytes {
    let position = |number| usize::try_from(number).unwrap_or(bytes.len()).min(bytes.len());
    bytes.slice(position(first)..position(first.saturating_add(count)))
}

/// Some bytes of a large answer, a piece at a time, so that memory does not grow with it.
fn chunks(
    file: Arc<File>,
    first: u64,
    count: u64,
) -> impl Stream<Item = Result<Bytes, Problem>> + 'static {
    stream::try_unfold((first, count), move |(offset, left)| {
        let file = Arc::clone(&file);
        async move {
            if left == 0 {
                return Ok(None);
            }
            let length = usize::try_from(left.min(CHUNK_BYTES)).unwrap_or(usize::MAX);
            let read = web::block(move || AnswerBytes::read_at(&file, offset, length)).await;
            // The connection breaks off: the caller sees fewer bytes than were promised.
            let read = read.map_err(|error| Problem::internal().logged(&error))?;
            let bytes = read.map_err(|error| Problem::internal().logged(&error))?;
            let taken = bytes.len() as u64;
            Ok(Some((bytes, (offset + taken, left - taken))))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_small_answer_is_cut_out() {
        let bytes = Bytes::from_static(b"0123456789");

        assert_eq!(slice(&bytes, 2, 3), "234");
        assert_eq!(slice(&bytes, 0, 10), "0123456789");
        assert_eq!(slice(&bytes, 9, 5), "9");
    }

    #[actix_web::test]
    async fn a_part_of_a_large_answer_comes_in_pieces() {
        use futures::TryStreamExt as _;
        let mut file = tempfile::tempfile().unwrap();
        let content: Vec<u8> = (0..600_000_u32).map(|number| number.to_le_bytes()[0]).collect();
        std::io::Write::write_all(&mut file, &content).unwrap();

        let pieces: Vec<Bytes> = chunks(Arc::new(file), 10, 590_000).try_collect().await.unwrap();

        assert_eq!(pieces.len(), 3);
        assert_eq!(pieces.concat(), content[10..590_010]);
    }
}
