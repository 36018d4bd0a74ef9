//! GET, HEAD and DELETE: published files, and the replies of an upload-reply server.

use super::path;
use super::state::Shared;
use super::storage::Storage;
use super::wire::{Head, Wire};
use crate::bits::server::Reply;
use http::{HeaderValue, Method, StatusCode};
use percent_encoding::percent_decode_str;
use std::io;
use std::time::SystemTime;
use tokio::io::AsyncReadExt;

/// Bytes of a file sent at a time.
const PIECE: usize = 256 * 1024;

/// Answers a GET, HEAD or DELETE; returns the status.
pub(super) async fn answer(shared: &Shared, wire: &mut Wire, head: &Head) -> io::Result<StatusCode> {
    if head.method == Method::DELETE {
        return delete(shared, wire, head).await;
    }
    let get = head.method == Method::GET;
    if let Some(id) = reply_of(&head.target) {
        let known =
            shared.core().server.sessions().any(|(_, session)| session.id().as_bytes() == id.as_bytes());
        if !known {
            return send(wire, Reply::plain(StatusCode::NOT_FOUND)).await;
        }
        let body = &shared.config.reply;
        let status = send(wire, ok(body.len() as u64, None)).await?;
        if get {
            wire.send(body).await?;
        }
        return Ok(status);
    }
    match &shared.config.storage {
        Storage::Dir { path: root, .. } => {
            let Some(named) = path::file_below(root, &head.target) else {
                return send(wire, Reply::plain(StatusCode::NOT_FOUND)).await;
            };
            let found = match tokio::fs::File::open(named).await {
                Ok(file) => {
                    file.metadata().await.ok().filter(|found| found.is_file()).map(|found| (file, found))
                }
                Err(_) => None,
            };
            let Some((mut file, found)) = found else {
                return send(wire, Reply::plain(StatusCode::NOT_FOUND)).await;
            };
            let status = send(wire, ok(found.len(), found.modified().ok())).await?;
            let mut left = if get { found.len() } else { 0 };
            let mut piece = vec![0; PIECE];
            while left > 0 {
                let wanted = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
                let count = file.read(&mut piece[..wanted]).await?;
                if count == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                wire.send(&piece[..count]).await?;
                left -= count as u64;
            }
            Ok(status)
        }
        Storage::Hash | Storage::Discard => {
            let file = shared.published().get(path::path_of(&head.target)).cloned();
            let reply = match file {
                // Nothing to send: the bytes were not kept.
                Some(_) if get => Reply::plain(StatusCode::NOT_IMPLEMENTED),
                Some(file) => ok(file.length, Some(file.at)),
                None => Reply::plain(StatusCode::NOT_FOUND),
            };
            send(wire, reply).await
        }
    }
}

async fn delete(shared: &Shared, wire: &mut Wire, head: &Head) -> io::Result<StatusCode> {
    let known = shared.published().remove(path::path_of(&head.target)).is_some();
    let gone = match &shared.config.storage {
        Storage::Dir { path: root, .. } => match path::file_below(root, &head.target) {
            Some(named) => tokio::fs::remove_file(named).await.is_ok(),
            None => false,
        },
        Storage::Hash | Storage::Discard => known,
    };
    send(wire, Reply::plain(if gone { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND })).await
}

async fn send(wire: &mut Wire, reply: Reply) -> io::Result<StatusCode> {
    let mut out = Vec::with_capacity(256);
    reply.encode(&mut out);
    wire.send(&out).await?;
    Ok(reply.status)
}

fn ok(length: u64, modified: Option<SystemTime>) -> Reply {
    let mut reply = Reply::plain(StatusCode::OK);
    reply.headers = vec![("Content-Length", HeaderValue::from(length))];
    let times = [("Date", Some(SystemTime::now())), ("Last-Modified", modified)];
    for (name, time) in times.into_iter().filter_map(|(name, time)| Some((name, time?))) {
        if let Ok(value) = HeaderValue::try_from(httpdate::fmt_http_date(time)) {
            reply.headers.push((name, value));
        }
    }
    reply
}

/// The session whose reply a path names, wherever the client resolved it to.
fn reply_of(target: &str) -> Option<String> {
    let (_, rest) = path::path_of(target).split_once("/BITS-Sessions/Replies/")?;
    let id = rest.strip_suffix("/responsefile.bin")?;
    Some(percent_decode_str(id).decode_utf8().ok()?.into_owned())
}
