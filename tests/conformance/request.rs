//! A request head, field by field, so that a check can spoil it.

/// A head to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: String,
    target: String,
    protocol: &'static str,
    fields: Vec<(String, String)>,
}

impl Request {
    /// A head with `Host` alone.
    pub(crate) fn new(method: &str, target: &str) -> Request {
        Request { method: method.into(), target: target.into(), protocol: "HTTP/1.1", fields: Vec::new() }
            .with("Host", "upload.test")
    }

    /// With this field, in place of those of that name.
    pub(crate) fn with(self, name: &str, value: impl ToString) -> Request {
        self.without(name).and(name, value)
    }

    /// With this field, beside those of that name.
    pub(crate) fn and(mut self, name: &str, value: impl ToString) -> Request {
        self.fields.push((name.to_owned(), value.to_string()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Request {
        self.fields.retain(|(field, _)| !field.eq_ignore_ascii_case(name));
        self
    }

    pub(crate) fn method(mut self, method: &str) -> Request {
        self.method = method.to_owned();
        self
    }

    /// The same for another target.
    pub(crate) fn with_target(mut self, target: &str) -> Request {
        self.target = target.to_owned();
        self
    }

    /// As an old client sends it.
    pub(crate) fn http_1_0(mut self) -> Request {
        self.protocol = "HTTP/1.0";
        self
    }

    /// With a body whose length shows at its end.
    pub(crate) fn chunked(self) -> Request {
        self.without("Content-Length").with("Transfer-Encoding", "chunked")
    }

    /// Whether the answer to it never has a body.
    pub(crate) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{} {} {}\r\n", self.method, self.target, self.protocol);
        for (name, value) in &self.fields {
            text += &format!("{name}: {value}\r\n");
        }
        text += "\r\n";
        text.into_bytes()
    }
}

/// A chunked body, in two chunks.
pub(crate) fn chunks(bytes: &[u8]) -> Vec<u8> {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let mut body = Vec::new();
    for chunk in [first, second] {
        if !chunk.is_empty() {
            body.extend(format!("{:x}\r\n", chunk.len()).bytes());
            body.extend(chunk);
            body.extend(b"\r\n");
        }
    }
    body.extend(b"0\r\n\r\n");
    body
}
