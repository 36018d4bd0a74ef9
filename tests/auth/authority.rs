//! A service that decides who gets in.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What it answers.
#[derive(Debug, Clone)]
pub(crate) enum Says {
    /// This head, without its last line break.
    Head(String),
    /// Nothing.
    Nothing,
    /// The connection ends.
    Closes,
}

impl Says {
    pub(crate) fn status(line: &str, fields: &str) -> Says {
        Says::Head(format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n{fields}"))
    }

    /// Yes, it is this one.
    pub(crate) fn user(name: &str) -> Says {
        Says::status("200 OK", &format!("X-Auth-User: {name}\r\n"))
    }
}

/// The running service, with the questions that it got.
#[derive(Debug, Clone)]
pub(crate) struct Authority {
    pub(crate) addr: SocketAddr,
    says: Arc<Mutex<Says>>,
    asked: Arc<Mutex<Vec<Question>>>,
}

/// The head of a question.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) line: String,
    pub(crate) fields: HashMap<String, String>,
}

impl Authority {
    pub(crate) async fn start(says: Says) -> Authority {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let authority = Authority { addr, says: Arc::new(Mutex::new(says)), asked: Arc::default() };
        let served = authority.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let served = served.clone();
                tokio::spawn(async move { served.serve(stream).await });
            }
        });
        authority
    }

    pub(crate) fn say(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }

    pub(crate) fn asked(&self) -> Vec<Question> {
        self.asked.lock().unwrap().clone()
    }

    /// The lines of the route that asks it.
    pub(crate) fn lines(&self, more: &str) -> String {
        format!("auth = 'forward'\nauth_url = 'http://{}/check?key=s3cret-key'\n{more}", self.addr)
    }

    async fn serve(&self, mut stream: TcpStream) {
        let mut seen = Vec::new();
        loop {
            while !seen.ends_with(b"\r\n\r\n") {
                if stream.read_buf(&mut seen).await.unwrap_or(0) == 0 {
                    return;
                }
            }
            let head = String::from_utf8(std::mem::take(&mut seen)).unwrap();
            let (line, fields) = head.split_once("\r\n").unwrap();
            let fields = fields.lines().filter_map(|field| field.split_once(": "));
            let fields = fields.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
            self.asked.lock().unwrap().push(Question { line: line.to_owned(), fields });
            let says = self.says.lock().unwrap().clone();
            match says {
                Says::Head(head) => {
                    let _ = stream.write_all(format!("{head}\r\n").as_bytes()).await;
                }
                Says::Nothing => tokio::time::sleep(Duration::from_secs(3600)).await,
                Says::Closes => return,
            }
        }
    }
}
