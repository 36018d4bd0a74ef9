//! The set-ups in `deploy/kubernetes`: Kubernetes takes them, and they keep our rules.

use crate::rules::broken;
use crate::setup::Setup;
use crate::tools::{installed, output, python, repository, run};
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::sync::Mutex;

/// Versions of Kubernetes that the objects are checked for: the first with all that is used, and the newest.
const VERSIONS: [&str; 2] = ["1.30", "1.37"];

/// What was rendered already.
static RENDERED: Mutex<BTreeMap<String, Setup>> = Mutex::new(BTreeMap::new());

/// A set-up, checked against the schemas. Nothing: the tools are not there.
pub(crate) fn rendered(name: &str) -> Option<Setup> {
    let (true, Some(python)) = (installed("kubectl", "install Kubernetes' command line"), python()) else {
        return None;
    };
    let mut known = RENDERED.lock().unwrap();
    if let Some(setup) = known.get(name) {
        return Some(setup.clone());
    }
    let folder = repository("deploy/kubernetes").join(name);
    let yaml = output(Command::new("kubectl").arg("kustomize").arg(folder), b"");
    let mut validate = Command::new(python);
    validate.arg(repository("tests/deploy/validate.py")).args(VERSIONS);
    let objects = serde_json::from_slice(&output(&mut validate, &yaml)).unwrap();
    let setup = Setup { objects };
    known.insert(name.to_owned(), setup.clone());
    Some(setup)
}

#[test]
fn every_set_up_is_valid_and_keeps_the_rules() {
    let folders = fs::read_dir(repository("deploy/kubernetes")).unwrap();
    let names: Vec<String> =
        folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.len() >= 3, "{names:?}");
    for name in names {
        let Some(setup) = rendered(&name) else { return };
        assert_eq!(broken(&setup), [], "{name}");
    }
}

#[test]
fn what_no_schema_knows_is_found() {
    let Some(python) = python() else { return };
    let object = "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: x}]}, spek: {}}";
    for version in VERSIONS {
        let mut validate = Command::new(&python);
        validate.arg(repository("tests/deploy/validate.py")).arg(version);
        let output = run(&mut validate, object.as_bytes());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(&format!("{version}: Service a")), "{said}");
    }
}
