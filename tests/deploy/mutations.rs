//! Each rule fails when something breaks it: one change to a good set-up, and what is then found.

use crate::kubernetes::rendered;
use crate::rules::{RULES, broken};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// One change.
struct Mutation {
    /// The set-up, and an object of it by its kind and the end of its name.
    of: (&'static str, &'static str, &'static str),
    /// What is changed, and to what. Null takes it away.
    at: &'static str,
    to: Value,
    /// The rule that it breaks, and a part of what is said.
    breaks: (&'static str, &'static str),
}

const GATEWAY: (&str, &str, &str) = ("gateway", "StatefulSet", "put2bits");
const SIDECAR: (&str, &str, &str) = ("sidecar", "Deployment", "files");
const REPLICAS: (&str, &str, &str) = ("gateway-replicas", "StatefulSet", "put2bits");

/// Short for a row of the table.
fn row(
    of: (&'static str, &'static str, &'static str),
    at: &'static str,
    to: Value,
    breaks: (&'static str, &'static str),
) -> Mutation {
    Mutation { of, at, to, breaks }
}

fn mutations() -> Vec<Mutation> {
    let security = |what| ("pod security", what);
    vec![
        row(("gateway", "Namespace", "put2bits"), "/metadata/labels", json!({}), security("namespace")),
        row(
            GATEWAY,
            "/spec/template/spec/securityContext/runAsNonRoot",
            json!(false),
            security("runAsNonRoot"),
        ),
        row(GATEWAY, "/spec/template/spec/securityContext/runAsUser", json!(1000), security("runAsUser")),
        row(GATEWAY, "/spec/template/spec/securityContext/seccompProfile", Value::Null, security("seccomp")),
        row(GATEWAY, "/spec/template/spec/automountServiceAccountToken", Value::Null, security("Token")),
        row(GATEWAY, "/spec/template/spec/hostNetwork", json!(true), security("hostNetwork")),
        row(
            GATEWAY,
            "/spec/template/spec/containers/0/securityContext/capabilities/add",
            json!(["NET_BIND_SERVICE"]),
            security("capabilities"),
        ),
        row(
            SIDECAR,
            "/spec/template/spec/containers/0/securityContext/readOnlyRootFilesystem",
            json!(false),
            security("readOnlyRootFilesystem"),
        ),
        row(
            SIDECAR,
            "/spec/template/spec/initContainers/0/securityContext/allowPrivilegeEscalation",
            Value::Null,
            security("allowPrivilegeEscalation"),
        ),
        row(GATEWAY, "/spec/template/spec/containers/0/args/3", json!("--prot=80"), ("program", "--prot")),
        row(
            REPLICAS,
            "/spec/template/spec/containers/0/env/1/name",
            json!("PUT2BITS_ORIGIN"),
            ("configuration", "PUT2BITS_ORIGIN"),
        ),
        row(GATEWAY, "/spec/template/spec/containers/0/image", json!("put2bits"), ("program", "version")),
        row(
            GATEWAY,
            "/spec/template/spec/containers/0/volumeMounts/0/readOnly",
            json!(false),
            ("program", "written"),
        ),
        row(
            GATEWAY,
            "/spec/template/spec/containers/0/args/2",
            json!("/elsewhere"),
            ("configuration", "ConfigMap"),
        ),
        row(
            GATEWAY,
            "/spec/template/spec/containers/0/ports/0/containerPort",
            json!(80),
            ("ports", "taken at"),
        ),
        row(GATEWAY, "/spec/template/spec/containers/0/ports/1/name", json!("metrics"), ("ports", "probes")),
        row(
            GATEWAY,
            "/spec/template/spec/containers/0/ports/2",
            json!({"containerPort": 1}),
            ("ports", "3 ports"),
        ),
        row(
            GATEWAY,
            "/spec/template/spec/containers/0/livenessProbe/httpGet/path",
            json!("/readyz"),
            ("probes", "livenessProbe"),
        ),
        row(
            SIDECAR,
            "/spec/template/spec/initContainers/0/readinessProbe/httpGet/port",
            json!("uploads"),
            ("probes", "readinessProbe"),
        ),
        row(
            ("gateway", "Service", "put2bits"),
            "/spec/ports/0/targetPort",
            json!("admin"),
            ("services", "admin"),
        ),
        row(("sidecar", "Service", "files"), "/spec/ports/0/targetPort", json!(8181), ("services", "8181")),
        row(
            ("gateway", "NetworkPolicy", "put2bits"),
            "/spec/policyTypes/1",
            Value::Null,
            ("network", "both"),
        ),
        row(
            ("gateway", "NetworkPolicy", "put2bits"),
            "/spec/ingress/1/from",
            json!([]),
            ("network", "open to all"),
        ),
        row(
            ("gateway", "NetworkPolicy", "put2bits"),
            "/spec/ingress/0/ports",
            json!([]),
            ("network", "every port"),
        ),
        row(
            ("gateway", "NetworkPolicy", "put2bits"),
            "/spec/ingress/0/ports/0/port",
            json!(80),
            ("network", "80"),
        ),
        row(
            ("gateway", "Service", "put2bits"),
            "/spec/selector",
            json!({"app": "other"}),
            ("labels", "other"),
        ),
        row(
            ("gateway", "PodDisruptionBudget", "put2bits"),
            "/spec/selector",
            Value::Null,
            ("labels", "null"),
        ),
        row(
            GATEWAY,
            "/spec/template/spec/topologySpreadConstraints/0/labelSelector/matchLabels",
            json!({"app": "other"}),
            ("labels", "other"),
        ),
        row(GATEWAY, "/spec/template/spec/terminationGracePeriodSeconds", Value::Null, ("grace", "is 30")),
        row(SIDECAR, "/spec/template/spec/terminationGracePeriodSeconds", json!(40), ("grace", "20 + 20")),
        row(SIDECAR, "/spec/template/spec/containers/0/lifecycle", Value::Null, ("grace", "delay")),
        row(
            GATEWAY,
            "/spec/template/spec/containers/0/resources/limits/memory",
            json!("32Mi"),
            ("memory", "worst case"),
        ),
        row(GATEWAY, "/spec/template/spec/containers/0/resources/limits", json!({}), ("memory", "no limit")),
        row(
            GATEWAY,
            "/spec/template/spec/containers/0/resources/requests/memory",
            json!("1Gi"),
            ("memory", "1024 MiB are requested"),
        ),
        row(GATEWAY, "/spec/template/spec/containers/0/volumeMounts/1", Value::Null, ("state", "no volume")),
        row(
            GATEWAY,
            "/spec/template/spec/containers/0/volumeMounts/1/readOnly",
            json!(true),
            ("state", "written"),
        ),
        row(SIDECAR, "/spec/strategy", Value::Null, ("state", "before the old one")),
        row(
            GATEWAY,
            "/spec/template/spec/containers/0/volumeMounts/2/subPath",
            json!("tls.crt"),
            ("secrets", "follow"),
        ),
        row(
            GATEWAY,
            "/spec/template/spec/containers/0/volumeMounts/5",
            json!({"name": "tls", "mountPath": "/keys"}),
            ("secrets", "not used"),
        ),
        row(GATEWAY, "/spec/template/spec/volumes/1/secret/defaultMode", json!(0o444), ("secrets", "by all")),
        row(REPLICAS, "/spec/replicas", json!(3), ("replicas", "put2bits-2")),
        row(
            REPLICAS,
            "/spec/template/spec/containers/0/env/1/value",
            json!("https://upload.example.com"),
            ("replicas", "same"),
        ),
        row(
            SIDECAR,
            "/spec/template/spec/initContainers/0/restartPolicy",
            Value::Null,
            ("sidecar", "end first"),
        ),
    ]
}

/// Sets or takes away what is at that place.
fn change(object: &mut Value, at: &str, to: Value) {
    let (parent, name) = at.rsplit_once('/').unwrap();
    match object.pointer_mut(parent).unwrap_or_else(|| panic!("{at}: nothing there")) {
        Value::Array(list) => {
            let place: usize = name.parse().unwrap();
            if place < list.len() {
                list.remove(place);
            }
            if !to.is_null() {
                list.insert(place, to);
            }
        }
        Value::Object(fields) if to.is_null() => {
            assert!(fields.remove(name).is_some(), "{at}: nothing there");
        }
        parent => parent[name] = to,
    }
}

#[test]
fn each_rule_can_fail() {
    let mut seen = BTreeSet::new();
    for Mutation { of: (name, kind, object), at, to, breaks: (rule, text) } in mutations() {
        let Some(mut setup) = rendered(name) else { return };
        let mut objects = setup.objects.iter_mut();
        let named = |one: &&mut Value| one["kind"] == kind && one["metadata"]["name"] == object;
        change(objects.find(named).unwrap_or_else(|| panic!("{name}: no {kind} {object}")), at, to.clone());
        let found = broken(&setup);
        let hit = found.iter().any(|(by, what)| *by == rule && what.contains(text));
        assert!(hit, "{name} {kind} {at} = {to}: no {rule} {text:?} in {found:?}");
        seen.insert(rule);
    }
    let never: Vec<&str> = RULES.iter().map(|(name, _)| *name).filter(|name| !seen.contains(name)).collect();
    assert!(never.is_empty(), "no mutation breaks {never:?}");
}
