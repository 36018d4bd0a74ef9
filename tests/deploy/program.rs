//! What the program knows: its flags, and what it makes of a configuration.

use crate::tools::{output, run};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// The program, with nothing of our own environment that it would read.
pub(crate) fn put2bits() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_put2bits"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PUT2BITS_") {
            command.env_remove(name);
        }
    }
    command
}

/// What is wrong with these arguments: a subcommand or flags that there are not.
pub(crate) fn wrong_arguments(arguments: &[&str]) -> Option<String> {
    let Some((&"serve", rest)) = arguments.split_first() else {
        return Some(format!("{arguments:?} does not begin with serve"));
    };
    let help = String::from_utf8(output(put2bits().args(["serve", "--help"]), b"")).unwrap();
    let known: BTreeSet<&str> = help.split(|c: char| c.is_whitespace() || c == '=').collect();
    let mut flags = rest.iter().filter_map(|word| word.starts_with("--").then(|| word.split('=').next())?);
    Some(format!("serve has no {}", flags.find(|flag| !known.contains(flag))?))
}

/// The file that `--config` names.
pub(crate) fn config_path<'a>(arguments: &[&'a str]) -> Option<&'a str> {
    arguments.iter().skip_while(|word| **word != "--config").nth(1).copied()
}

/// Folders of secrets that are not there while we test: their path where the program will run.
pub(crate) type Secrets<'a> = &'a [&'a str];

/// The configuration in force, as `check-config` prints it, or what it says is wrong.
///
/// Files below the `secrets` that the configuration names are made up: certificates, keys, credentials.
pub(crate) fn check_config(
    text: &str,
    variables: &[(String, String)],
    secrets: Secrets<'_>,
) -> Result<toml::Table, String> {
    let folder = tempfile::tempdir().unwrap();
    let mut text = text.to_owned();
    for (number, secret) in secrets.iter().enumerate() {
        let made_up = folder.path().join(number.to_string());
        fs::create_dir(&made_up).unwrap();
        for path in text.split('"').filter_map(|word| word.strip_prefix(secret)?.strip_prefix('/')) {
            make_up(&made_up, path);
        }
        text = text.replace(&format!("\"{secret}/"), &format!("\"{}/", made_up.display()));
    }
    checked(&folder, &text, variables)
}

fn checked(folder: &TempDir, text: &str, variables: &[(String, String)]) -> Result<toml::Table, String> {
    let path = folder.path().join("put2bits.toml");
    fs::write(&path, text).unwrap();
    let mut command = put2bits();
    command.arg("check-config").arg("--config").arg(path).envs(variables.iter().cloned());
    let output = run(&mut command, b"");
    if !output.status.success() {
        return Err(String::from_utf8(output.stderr).unwrap().trim().to_owned());
    }
    let resolved = String::from_utf8(output.stdout).unwrap();
    resolved.parse().map_err(|error| format!("check-config prints what cannot be read: {error}"))
}

/// Something that will do for the file of that name. A certificate and its key come together.
fn make_up(folder: &Path, name: &str) {
    if folder.join(name).exists() {
        return;
    }
    match name.rsplit_once('.') {
        Some((stem, "crt" | "key")) => {
            let made = rcgen::generate_simple_self_signed(["upload.example.com".to_owned()]).unwrap();
            fs::write(folder.join(format!("{stem}.crt")), made.cert.pem()).unwrap();
            fs::write(folder.join(format!("{stem}.key")), made.signing_key.serialize_pem()).unwrap();
        }
        None if name == "tokens" => {
            fs::write(folder.join(name), put2bits::guard::token_line("phones", &[b'x'; 40]).unwrap())
                .unwrap();
        }
        _ => fs::write(folder.join(name), "user:s3cret\n").unwrap(),
    }
}

/// A time of the configuration in force, in seconds.
pub(crate) fn seconds(config: &toml::Table, section: &str, key: &str) -> u64 {
    humantime::parse_duration(config[section][key].as_str().unwrap()).unwrap().as_secs()
}

/// Where uploads are taken.
pub(crate) fn listeners(config: &toml::Table) -> impl Iterator<Item = &str> {
    let tables = config.get("listener").and_then(toml::Value::as_array).into_iter().flatten();
    let addresses = tables.filter_map(|listener| listener.get("address"));
    config
        .get("listen")
        .into_iter()
        .chain(addresses)
        .filter_map(toml::Value::as_str)
        .filter(|address| *address != "off")
}

/// The ports that it opens: those for uploads, and that for probes.
pub(crate) fn ports(config: &toml::Table) -> (Vec<u64>, Option<u64>) {
    let port = |address: &str| address.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    (listeners(config).filter_map(port).collect(), config["admin"]["listen"].as_str().and_then(port))
}
