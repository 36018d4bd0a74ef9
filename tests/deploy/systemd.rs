//! The unit for systemd: systemd takes it, it gives the program little, and what it says fits the program.

use crate::program::{check_config, listeners, seconds, wrong_arguments};
use crate::tools::{installed, output, repository};
use put2bits::cli::Exit;
use std::fs;
use std::process::Command;

/// Systemd's own measure of what a service could do, in tenths: 0 is nothing, 100 all. What is left is the network.
const EXPOSURE: u32 = 15;

/// The lines of the unit that set something.
fn settings(text: &str) -> Vec<(&str, &str)> {
    let lines = text.lines().filter(|line| !line.starts_with(['#', ';', '[']));
    lines.filter_map(|line| line.split_once('=')).collect()
}

fn read(name: &str) -> String {
    fs::read_to_string(repository("deploy/systemd").join(name)).unwrap()
}

fn unit() -> String {
    read("put2bits.service")
}

/// Where systemd puts the credentials of the unit.
const CREDENTIALS: &str = "/run/credentials/put2bits.service";

/// What is wrong between unit, configuration and program.
fn misfits(unit: &str, config: &str) -> Vec<String> {
    let settings = settings(unit);
    let value = |name: &str| settings.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| *value);
    let number = |name: &str| value(name).parse::<u64>().unwrap_or(0);
    let mut wrong = Vec::new();
    let mut must = |holds: bool, text: String| wrong.extend((!holds).then_some(text));

    let words: Vec<&str> = value("ExecStart").split(' ').collect();
    let named = "/etc/put2bits/put2bits.toml";
    must(words[0] == "/usr/local/bin/put2bits", format!("ExecStart runs {}", words[0]));
    if let Some(what) = wrong_arguments(&words[1..]) {
        must(false, what);
    }
    must(words.contains(&named), format!("ExecStart does not name {named}"));
    for path in config.split('"').filter_map(|word| word.strip_prefix(CREDENTIALS)) {
        let name = format!("{}:/etc/put2bits/", path.trim_start_matches('/'));
        let loaded = settings.iter().any(|(key, value)| *key == "LoadCredential" && value.starts_with(&name));
        must(loaded, format!("no LoadCredential of {path}"));
    }
    let config = match check_config(config, &[], &[CREDENTIALS]) {
        Ok(config) => config,
        Err(error) => return vec![error],
    };
    let stop = number("TimeoutStopSec");
    let grace = seconds(&config, "shutdown", "grace");
    must(stop >= grace + 5, format!("TimeoutStopSec is {stop}, shutdown.grace {grace} s"));
    let state = format!("/var/lib/{}", value("StateDirectory"));
    must(config["state"]["dir"].as_str() == Some(&state), format!("the state is not in {state}"));
    let connections = config["connections"]["max"].as_integer().unwrap().unsigned_abs();
    let files = number("LimitNOFILE");
    must(files >= 256 + 2 * connections, format!("LimitNOFILE is {files}, connections are {connections}"));
    let socket = read("put2bits.socket");
    let name = self::settings(&socket).into_iter().find(|(key, _)| *key == "FileDescriptorName");
    let passed = name.map(|(_, name)| format!("systemd:{name}")).unwrap_or_default();
    must(listeners(&config).eq([passed.as_str()]), format!("{passed} is not what is listened on"));
    must(value("Requires") == "put2bits.socket", "put2bits starts without its socket".to_owned());
    for code in [Exit::Usage, Exit::Io, Exit::Config].map(|exit| (exit as u8).to_string()) {
        must(
            value("RestartPreventExitStatus").split(' ').any(|one| one == code),
            format!("{code} is restarted"),
        );
    }
    for name in settings.iter().filter(|(key, _)| *key == "Environment").map(|(_, value)| *value) {
        must(!name.starts_with("PUT2BITS_"), format!("{name} wins over the file"));
    }
    wrong
}

#[test]
fn unit_configuration_and_program_fit() {
    let config = read("put2bits.toml");
    assert_eq!(misfits(&unit(), &config), Vec::<String>::new());
    for (from, to, found) in [
        ("bin/put2bits", "bin/put", "ExecStart runs"),
        ("--config", "--konfig", "--konfig"),
        ("/put2bits.toml", "/p.toml", "does not name"),
        ("TimeoutStopSec=50", "TimeoutStopSec=40", "TimeoutStopSec"),
        ("StateDirectory=put2bits", "StateDirectory=bits", "/var/lib/bits"),
        ("LimitNOFILE=16384", "LimitNOFILE=4096", "LimitNOFILE"),
        ("LoadCredential=tls.key", "LoadCredential=key", "tls.key"),
        ("LoadCredential=tokens", "LoadCredential=users", "tokens"),
        ("Requires=put2bits.socket", "", "without its socket"),
        ("64 74 78", "64 74", "78 is restarted"),
        ("MALLOC_TRIM_THRESHOLD_", "PUT2BITS_STATE_DIR", "wins over"),
    ] {
        let broken = unit().replacen(from, to, 1);
        assert_ne!(broken, unit(), "{from}");
        let misfits = misfits(&broken, &config);
        assert!(misfits.iter().any(|misfit| misfit.contains(found)), "{to}: {misfits:?}");
    }
    let elsewhere = misfits(&unit(), &config.replace("systemd:https", "systemd:http"));
    assert!(elsewhere[0].contains("systemd:https is not"), "{elsewhere:?}");
    let unknown = misfits(&unit(), &config.replace("grace", "graze"));
    assert!(unknown[0].contains("graze"), "{unknown:?}");
}

#[test]
fn systemd_takes_it_and_finds_it_safe() {
    if !installed("systemd-analyze", "install systemd") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("put2bits.service");
    let text = unit();
    fs::write(folder.path().join("put2bits.socket"), read("put2bits.socket")).unwrap();
    // systemd looks whether the program is there.
    fs::write(&path, text.replace("/usr/local/bin/put2bits", env!("CARGO_BIN_EXE_put2bits"))).unwrap();
    let mut verify = Command::new("systemd-analyze");
    verify
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .args([&path, &path.with_extension("socket")]);
    let verified = crate::tools::run(&mut verify, b"");
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && !said.contains("put2bits.s"), "{said}");
    let mut security = Command::new("systemd-analyze");
    security.args(["security", "--no-pager", "--offline=true"]).arg(format!("--threshold={EXPOSURE}"));
    let table = output(security.arg(&path), b"");
    let table = String::from_utf8_lossy(&table);
    eprintln!("{}", table.lines().last().unwrap_or_default());
}
