//! Ways in: an address, how it is spoken to, and what is shown there.

use crate::authority::Authority;
use crate::curl::{self, Run, Running};
use crate::source::Source;
use crate::support::{Proxy, message};
use std::net::SocketAddr;

/// A way in. Its host is `up.test`.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    scheme: &'static str,
    args: Vec<String>,
}

/// How an upload is asked for that can be resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As iOS 18.1 and later.
    Draft6,
    /// Without a number.
    Rfc,
}

impl Form {
    fn fields(self) -> &'static [&'static str] {
        match self {
            Form::Draft6 => &["-H", "Upload-Draft-Interop-Version: 6"],
            Form::Rfc => &[],
        }
    }
}

const COMPLETE: [&str; 2] = ["-H", "Upload-Complete: ?1"];

impl Door {
    fn new(scheme: &'static str, args: &[&str]) -> Door {
        Door { scheme, args: Vec::new() }.with(args)
    }

    /// Without encryption.
    pub(crate) fn plain(addr: SocketAddr) -> Door {
        Door::new("http", &["--connect-to", &format!("::{addr}")])
    }

    /// With TLS. The authority is trusted.
    pub(crate) fn tls(addr: SocketAddr, authority: &Authority) -> Door {
        Door::new("https", &["--connect-to", &format!("::{addr}"), "--cacert", &authority.path("ca.crt")])
    }

    pub(crate) fn unix(path: &str) -> Door {
        Door::new("http", &["--unix-socket", path])
    }

    /// These arguments, too.
    pub(crate) fn with(mut self, args: &[&str]) -> Door {
        self.args.extend(args.iter().map(|arg| (*arg).to_owned()));
        self
    }

    pub(crate) fn http1(self) -> Door {
        self.with(&["--http1.1"])
    }

    pub(crate) fn http2(self) -> Door {
        let version = if self.scheme == "https" { "--http2" } else { "--http2-prior-knowledge" };
        self.with(&[version])
    }

    /// HTTP/2 or HTTP/1.1.
    pub(crate) fn http(self, two: bool) -> Door {
        if two { self.http2() } else { self.http1() }
    }

    /// Shows the certificate of that name.
    pub(crate) fn showing(self, issuer: &Authority, name: &str) -> Door {
        let file = |end: &str| issuer.path(&format!("{name}.{end}"));
        self.with(&["--cert", &file("crt"), "--key", &file("key")])
    }

    /// Shows this field.
    pub(crate) fn saying(self, field: &str) -> Door {
        self.with(&["-H", field])
    }

    pub(crate) fn start(&self, path: &str, args: &[&[&str]]) -> Running {
        let mut all = self.args.clone();
        all.extend(args.concat().iter().map(|arg| (*arg).to_owned()));
        all.push(format!("{}://up.test{path}", self.scheme));
        curl::start(&all)
    }

    /// Begins to send a file that is not to be resumed, so many bytes a second.
    pub(crate) fn put_slowly(&self, path: &str, source: &Source, rate: &str) -> Running {
        self.start(path, &[&["--limit-rate", rate, "-H", "Expect: 100-continue", "-T", source.path()]])
    }

    /// Sends a file that is not to be resumed.
    pub(crate) async fn put(&self, path: &str, source: &Source) -> Run {
        self.start(path, &[&["-T", source.path()]]).end().await
    }

    /// Begins an upload that can be resumed, so many bytes a second.
    pub(crate) fn begin(&self, form: Form, path: &str, source: &Source, rate: &str) -> Running {
        self.start(path, &[&["--limit-rate", rate, "-T", source.path()], &COMPLETE, form.fields()])
    }

    /// HEAD of an upload.
    pub(crate) async fn ask(&self, form: Form, upload: &str) -> Run {
        self.start(upload, &[&["--head"], form.fields()]).end().await
    }

    pub(crate) async fn delete(&self, form: Form, upload: &str) -> Run {
        self.start(upload, &[&["-X", "DELETE"], form.fields()]).end().await
    }

    /// Goes on with an upload, from that offset to its end.
    pub(crate) fn go_on(&self, form: Form, upload: &str, source: &Source, offset: &str) -> Running {
        let at = format!("Upload-Offset: {offset}");
        let rest = ["-X", "PATCH", "-C", offset, "-T", source.path(), "-H", "Content-Range:", "-H", &at];
        let typed = ["-H", "Content-Type: application/partial-upload"];
        self.start(upload, &[&rest, &typed, &COMPLETE, form.fields()])
    }

    /// Asks how far it came, and sends what is missing. Gives the offset that it was told.
    pub(crate) async fn resume(&self, form: Form, upload: &str, source: &Source) -> (u64, Run) {
        let asked = self.ask(form, upload).await;
        asked.assert_status(204);
        let offset = asked.field("upload-offset");
        let run = self.go_on(form, upload, source, offset).end().await;
        (offset.parse().unwrap(), run)
    }
}

/// Where it listens that way: `http://`, `https://`.
pub(crate) async fn address(proxy: &Proxy, scheme: &str) -> SocketAddr {
    let begin = format!("listening on {scheme}");
    let line = proxy.line(&begin, |line| message(line).starts_with(&begin)).await;
    let rest = message(&line).strip_prefix(&begin).unwrap();
    rest.split(", ").next().unwrap().parse().unwrap()
}
