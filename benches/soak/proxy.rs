//! The program over several lives of its process: the same addresses, the same state directory.

use super::figures::Figures;
use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

/// Longest time from the start of the process to its first connection.
const START: Duration = Duration::from_secs(20);

/// From SIGTERM to the end; the proxy's own limit is a little less.
const END: Duration = Duration::from_secs(9);

/// Between two looks at a process.
const PAUSE: Duration = Duration::from_millis(5);

/// Limits so short that each of them is reached. `KEEP` stands for how long uploads are kept.
const SETTINGS: &str = r#"
workers = 2
limits.memory = "64MiB"
fragment.max = "4MiB"
retry = { window = "15s", create_window = "5s", first_delay = "50ms", max_delay = "1s" }
uploads = { expire = "KEEP", keep = "KEEP", settle = "3s" }
resumption.rfc = true
log.format = "json"

[timeouts]
idle = "8s"
min_rate = "0B"
connect = "3s"
stall = "5s"
ack = "5s"
final_ack = "8s"
cancel = "3s"
linger = "2s"

[shutdown]
grace = "8s"
"#;

/// The program, which can be killed and started again. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Proxy {
    child: Child,
    admin: SocketAddr,
    dir: TempDir,
    /// Figures of the lives that are over.
    past: Figures,
    /// The last that were seen of this one.
    seen: Figures,
    /// Ends by SIGTERM that were not in order.
    pub(crate) bad_ends: Vec<String>,
}

impl Proxy {
    /// Starts it and waits until it listens.
    pub(crate) async fn start(
        addr: SocketAddr,
        admin: SocketAddr,
        routes: &str,
        keep: Duration,
    ) -> Result<Proxy, Box<dyn Error>> {
        let dir = TempDir::new()?;
        let state = dir.path().join("state");
        let text = format!(
            "listen = \"{addr}\"\nadmin.listen = \"{admin}\"\nstate.dir = {state:?}\n{}\n{routes}",
            SETTINGS.replace("KEEP", &format!("{}s", keep.as_secs()))
        );
        fs::write(dir.path().join("put2bits.toml"), text)?;
        let child = spawn(dir.path())?;
        let (past, seen) = (Figures::default(), Figures::default());
        let mut proxy = Proxy { child, admin, dir, past, seen, bad_ends: Vec::new() };
        proxy.listens().await?;
        Ok(proxy)
    }

    async fn listens(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        while !matches!(self.ask("/livez").await, Ok(answer) if answer.starts_with("HTTP/1.1 200")) {
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("the proxy ended: {status}\n{}", self.log()?)));
            }
            if begun.elapsed() > START {
                return Err(io::Error::other("the proxy does not listen"));
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn again(&mut self) -> io::Result<()> {
        self.past.add(&std::mem::take(&mut self.seen));
        self.child = spawn(self.dir.path())?;
        self.listens().await
    }

    /// SIGKILL, and its next life.
    pub(crate) async fn kill(&mut self) -> io::Result<()> {
        // The figures die with it.
        let _ = self.look().await;
        self.child.kill()?;
        self.child.wait()?;
        self.again().await
    }

    /// SIGTERM, and its next life.
    pub(crate) async fn restart(&mut self) -> io::Result<()> {
        self.end().await?;
        self.again().await
    }

    /// SIGTERM. It has to end by itself, with code 0.
    pub(crate) async fn end(&mut self) -> io::Result<()> {
        let _ = self.look().await;
        let begun = Instant::now();
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break Some(status);
            }
            if begun.elapsed() > END {
                self.child.kill()?;
                self.child.wait()?;
                break None;
            }
            sleep(PAUSE).await;
        };
        if !status.is_some_and(|status| status.success()) {
            let end = status.map_or("still there".to_owned(), |status: ExitStatus| status.to_string());
            self.bad_ends.push(format!("{end}, {:.1} s after SIGTERM", begun.elapsed().as_secs_f64()));
        }
        Ok(())
    }

    /// Its figures as they are now.
    pub(crate) async fn look(&mut self) -> io::Result<Figures> {
        self.seen = Figures::parse(&self.ask("/metrics").await?);
        Ok(self.seen.clone())
    }

    /// The sums of all counters over all its lives.
    pub(crate) fn all_lives(&self) -> Figures {
        let mut all = self.past.clone();
        all.add(&self.seen);
        all
    }

    async fn ask(&self, path: &str) -> io::Result<String> {
        let exchange = async {
            let mut stream = TcpStream::connect(self.admin).await?;
            let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.admin);
            stream.write_all(head.as_bytes()).await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            Ok(answer)
        };
        timeout(START, exchange).await.map_err(|_| io::Error::other("the admin listener is silent"))?
    }

    /// Resident memory, in bytes.
    pub(crate) fn memory(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: Option<u64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        kib.map(|kib| kib * 1024).ok_or(io::ErrorKind::NotFound.into())
    }

    /// Where its records are.
    pub(crate) fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// What it wrote to standard error, in all its lives.
    pub(crate) fn log(&self) -> io::Result<String> {
        fs::read_to_string(self.dir.path().join("log"))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(dir: &Path) -> io::Result<Child> {
    let log = File::options().create(true).append(true).open(dir.join("log"))?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_put2bits"));
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| name.to_string_lossy().starts_with("PUT2BITS_")) {
        command.env_remove(name);
    }
    command.arg("serve").arg("--config").arg(dir.join("put2bits.toml")).current_dir(dir);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()
}
