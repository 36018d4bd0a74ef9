//! Configurations, and what the program prints, are in the pages as they are: they are run here.

use crate::{PAGES, read};
use put2bits::bits::server::Knobs;
use put2bits::mock::{Mock, MockConfig, Storage};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Where secrets and certificates are in the pages. Here they are in a folder that is made up.
const FOLDERS: [&str; 4] =
    ["/etc/put2bits/", "/run/secrets/", "/run/credentials/put2bits.service/", "/run/put2bits/"];

/// All blocks of a page in that language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let begin = format!("```{language}\n");
    let blocks = page.split(begin.as_str()).skip(1);
    blocks.map(|rest| rest.split_once("```").unwrap().0).collect()
}

/// What follows a heading, up to the next one.
fn section(page: &str, heading: &str) -> String {
    let (_, rest) = page.split_once(&format!("\n{heading}\n")).unwrap();
    rest.split("\n##").next().unwrap().to_owned()
}

fn put2bits(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_put2bits"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PUT2BITS_") {
            command.env_remove(name);
        }
    }
    command.args(args).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// What `put2bits hash` prints.
fn hash(args: &[&str]) -> String {
    text(put2bits(&[&["hash"], args].concat()).stdout)
}

/// Makes the file that a configuration names, by what it is called.
fn make_up(path: &Path) {
    let (name, kind) = (path.file_stem().unwrap().to_str().unwrap(), path.extension());
    match kind.and_then(|kind| kind.to_str()) {
        // A certificate and its key come together.
        Some("crt" | "key" | "pem") => {
            let made = rcgen::generate_simple_self_signed([format!("{name}.example")]).unwrap();
            let certificate = if path.extension().unwrap() == "pem" { "pem" } else { "crt" };
            fs::write(path.with_extension(certificate), made.cert.pem()).unwrap();
            fs::write(path.with_extension("key"), made.signing_key.serialize_pem()).unwrap();
        }
        Some("sock") => {}
        _ if name == "tokens" => fs::write(path, hash(&["--token", "alice", "--generate"])).unwrap(),
        // bcrypt's example, as `htpasswd -B` writes it.
        _ if name == "users" => {
            fs::write(path, "bob:$2y$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW\n").unwrap();
        }
        _ => fs::write(path, "user:secret\n").unwrap(),
    }
}

/// The configuration as a file, with all that it names.
fn make_real(folder: &Path, config: &str) -> String {
    let mut config = config.to_owned();
    for (number, there) in FOLDERS.iter().enumerate() {
        let here = folder.join(number.to_string());
        fs::create_dir_all(&here).unwrap();
        for named in config.split('"').filter_map(|value| value.split_once(there)) {
            let path = here.join(named.1);
            if !path.exists() {
                make_up(&path);
            }
        }
        config = config.replace(there, &format!("{}/", here.display()));
    }
    let path = folder.join("put2bits.toml");
    fs::write(&path, config).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn every_configuration_in_the_pages_is_one() {
    let mut checked = 0;
    for name in PAGES {
        for config in blocks(&read(name), "toml") {
            // Some show one part: they need a route to be whole.
            let more = if config.contains("[[route]]") {
                ""
            } else {
                "\n[[route]]\npath = '/'\nbackend = 'http://i/'\n"
            };
            let folder = tempfile::tempdir().unwrap();
            let file = make_real(folder.path(), &format!("{config}{more}"));
            let output = put2bits(&["check-config", "--config", &file]);
            assert!(output.status.success(), "{name}: {}\n{config}", text(output.stderr));
            checked += 1;
        }
    }
    assert!(checked >= 9, "{checked}");
}

#[test]
fn the_three_set_ups_are_whole() {
    let readme = read("README.md");
    for heading in ["### Beside the server", "### A gateway", "### One machine, with systemd"] {
        let section = section(&readme, heading);
        let configs = blocks(&section, "toml");
        assert_eq!(configs.len(), 1, "{heading}");
        for table in ["[[listener]]", "[state]", "[[route]]"] {
            assert!(configs[0].contains(table), "{heading}: no {table}");
        }
    }
}

#[test]
fn what_would_become_of_a_request_is_printed_so() {
    let page = read("docs/configuration.md");
    let routes = section(&page, "## Routes and names");
    let tried = section(&page, "## Trying a configuration");
    let folder = tempfile::tempdir().unwrap();
    let file = make_real(folder.path(), blocks(&routes, "toml")[0]);
    let request = ["check-config", "--config", &file, "--try", "PUT https://photos.example/photos/a.jpg"];
    let with = [&request[..], &["--header", "X-User-Id: 7"]].concat();
    let printed = [put2bits(&with), put2bits(&request)].map(|output| text(output.stdout));
    assert_eq!(blocks(&tried, "text"), printed);
    let command = blocks(&tried, "sh")[0];
    assert!(with[3..].iter().all(|word| command.contains(word)), "{command}");
}

/// The server of the quick start.
#[tokio::test]
async fn what_is_found_out_of_a_server_is_printed_so() {
    let readme = read("README.md");
    let section = section(&readme, "### Finding out what a server is");
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::Dir { path: folder.path().to_owned(), create_dirs: false };
    let config = MockConfig { knobs: Knobs::preset("strict").unwrap(), storage, ..MockConfig::default() };
    let mock = Mock::bind("127.0.0.1:0".parse().unwrap(), config).await.unwrap();
    let url = mock.url();
    let probe = tokio::task::spawn_blocking({
        let url = url.clone();
        move || put2bits(&["probe-backend", &url])
    });
    let output = probe.await.unwrap();
    let settings = text(output.stdout).replace(&url, "http://127.0.0.1:8181/");
    assert_eq!(blocks(&section, "text"), [text(output.stderr)]);
    assert_eq!(blocks(&section, "toml"), [settings]);
}
