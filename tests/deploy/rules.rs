//! Our own rules for a set-up in Kubernetes: what no schema knows.

use crate::program::{config_path, listeners, ports, seconds, wrong_arguments};
use crate::setup::{Setup, items};
use crate::tools::repository;
use serde_json::{Value, json};
use std::fs;

/// A rule: its name, and what in a set-up breaks it.
pub(crate) type Rule = (&'static str, fn(&Setup, &toml::Table) -> Vec<String>);

/// All of them. They are given the configuration in force, too.
pub(crate) const RULES: &[Rule] = &[
    ("pod security", pod_security),
    ("program", program),
    ("ports", listening),
    ("probes", probes),
    ("services", services),
    ("network", network),
    ("labels", labels),
    ("grace", grace),
    ("memory", memory),
    ("secrets", secrets),
    ("state", state),
    ("replicas", replicas),
    ("sidecar", sidecar),
];

/// What breaks the rules: each with the name of its rule.
pub(crate) fn broken(setup: &Setup) -> Vec<(&'static str, String)> {
    let config = match setup.config() {
        Ok(config) => config,
        Err(error) => return vec![("configuration", error)],
    };
    let of =
        |(name, rule): &Rule| rule(setup, &config).into_iter().map(|what| (*name, what)).collect::<Vec<_>>();
    RULES.iter().flat_map(of).collect()
}

/// The texts beside which a condition does not hold.
fn failing(conditions: impl IntoIterator<Item = (bool, String)>) -> Vec<String> {
    conditions.into_iter().filter(|(holds, _)| !holds).map(|(_, text)| text).collect()
}

/// Pod Security "restricted", and more: nothing can be written, no token of the API is there.
fn pod_security(setup: &Setup, _: &toml::Table) -> Vec<String> {
    let pod = setup.pod();
    let context = &pod["securityContext"];
    let enforced =
        |space: &Value| space["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted";
    let mut conditions = vec![
        (setup.of_kind("Namespace").any(enforced), "the namespace does not enforce restricted".to_owned()),
        (context["runAsNonRoot"] == true, "runAsNonRoot".to_owned()),
        (context["seccompProfile"]["type"] == "RuntimeDefault", "seccompProfile".to_owned()),
        (pod["automountServiceAccountToken"] == false, "automountServiceAccountToken".to_owned()),
    ];
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        conditions.push((pod[field].is_null(), field.to_owned()));
    }
    conditions
        .push((items(&pod["volumes"]).all(|volume| volume["hostPath"].is_null()), "hostPath".to_owned()));
    for container in setup.containers() {
        let own = &container["securityContext"];
        let name = &container["name"];
        conditions
            .push((own["allowPrivilegeEscalation"] == false, format!("{name}: allowPrivilegeEscalation")));
        conditions.push((own["readOnlyRootFilesystem"] == true, format!("{name}: readOnlyRootFilesystem")));
        conditions.push((own["capabilities"] == json!({"drop": ["ALL"]}), format!("{name}: capabilities")));
        conditions
            .push((items(&container["ports"]).all(|port| port["hostPort"].is_null()), "hostPort".to_owned()));
    }
    // The state belongs to the user of the image.
    let dockerfile = fs::read_to_string(repository("deploy/Dockerfile")).unwrap();
    let user = dockerfile.lines().find_map(|line| line.strip_prefix("USER ")).unwrap();
    for (field, id) in ["runAsUser", "runAsGroup"].into_iter().zip(user.split(':')) {
        let own = &setup.proxy()["securityContext"][field];
        let given = if own.is_null() { &context[field] } else { own };
        conditions
            .push((given.as_u64() == id.parse().ok(), format!("{field} is not that of the image, {id}")));
    }
    failing(conditions)
}

/// What is said to the program exists there. (`check-config` says it of the file and the variables.)
fn program(setup: &Setup, _: &toml::Table) -> Vec<String> {
    let arguments = setup.arguments();
    let mut wrong: Vec<String> = wrong_arguments(&arguments).into_iter().collect();
    let folder = config_path(&arguments).and_then(|path| path.rsplit_once('/')).map(|(folder, _)| folder);
    let mount = folder.and_then(|folder| setup.volume_of(folder));
    wrong.extend(failing([
        (
            mount.is_some_and(|(_, mount)| mount["readOnly"] == true),
            "the configuration can be written to".to_owned(),
        ),
        (setup.proxy()["image"].as_str().is_some_and(is_pinned), "the image has no version".to_owned()),
    ]));
    wrong
}

/// Whether an image is named by a version.
fn is_pinned(image: &str) -> bool {
    image.rsplit('/').next().and_then(|name| name.split_once(':')).is_some_and(|(_, tag)| tag != "latest")
}

/// The ports of the container are those that the configuration opens, under their names.
fn listening(setup: &Setup, config: &toml::Table) -> Vec<String> {
    let (uploads, admin) = ports(config);
    let named = |name: &str| setup.port(&json!(name));
    let count = items(&setup.proxy()["ports"]).count();
    let mut addresses = listeners(config).chain(config["admin"]["listen"].as_str());
    let open = addresses.all(|address| address.starts_with("0.0.0.0:"));
    failing([
        (named("uploads").is_some_and(|port| uploads == [port]), format!("uploads are taken at {uploads:?}")),
        (admin.is_some() && named("admin") == admin, format!("probes are answered at {admin:?}")),
        (count == uploads.len() + 1, format!("{count} ports are named")),
        (open, "an address that only the pod itself can reach".to_owned()),
    ])
}

/// Probes ask the admin port what it answers. Alive is not the same as ready.
fn probes(setup: &Setup, config: &toml::Table) -> Vec<String> {
    let (_, admin) = ports(config);
    let probes = [("startupProbe", "/livez"), ("readinessProbe", "/readyz"), ("livenessProbe", "/livez")];
    let right = |(name, path): (&str, &str)| {
        let asked = &setup.proxy()[name]["httpGet"];
        (asked["path"] == path && setup.port(&asked["port"]) == admin, format!("{name} does not ask {path}"))
    };
    failing(probes.map(right))
}

/// Services lead to ports that there are, and those for clients not to the admin port.
fn services(setup: &Setup, config: &toml::Table) -> Vec<String> {
    let (uploads, _) = ports(config);
    let mut wrong = Vec::new();
    let mut reached = false;
    for service in setup.of_kind("Service") {
        for port in items(&service["spec"]["ports"]) {
            let (name, target) = (&service["metadata"]["name"], &port["targetPort"]);
            let Some(number) = setup.port(target) else {
                wrong.push(format!("{name} leads to {target}"));
                continue;
            };
            let is_headless = service["spec"]["clusterIP"] == "None";
            let takes_uploads = uploads.contains(&number);
            reached |= takes_uploads && !is_headless;
            wrong.extend(failing([(
                takes_uploads || is_headless,
                format!("{name} leads clients to the admin port"),
            )]));
        }
    }
    wrong.extend(failing([(reached, "no Service leads clients to put2bits".to_owned())]));
    wrong
}

/// What may connect is said for both directions, and the admin port is not for everybody.
fn network(setup: &Setup, config: &toml::Table) -> Vec<String> {
    let policies: Vec<&Value> = setup.of_kind("NetworkPolicy").collect();
    let (_, admin) = ports(config);
    let both = |policy: &&Value| policy["spec"]["policyTypes"] == json!(["Ingress", "Egress"]);
    let mut wrong = failing([(policies.iter().any(both), "no NetworkPolicy for both directions".to_owned())]);
    for policy in policies {
        for rule in items(&policy["spec"]["ingress"]) {
            wrong.extend(failing([(items(&rule["ports"]).count() > 0, "every port is open".to_owned())]));
            for port in items(&rule["ports"]).map(|port| &port["port"]) {
                let number = setup.port(port);
                wrong.extend(failing([
                    (number.is_some(), format!("{port} is let in")),
                    (
                        number != admin || items(&rule["from"]).count() > 0,
                        "the admin port is open to all".to_owned(),
                    ),
                ]));
            }
        }
    }
    wrong
}

/// Whatever picks pods picks these.
fn labels(setup: &Setup, _: &toml::Table) -> Vec<String> {
    let spread =
        items(&setup.pod()["topologySpreadConstraints"]).map(|one| &one["labelSelector"]["matchLabels"]);
    let by_labels = ["PodDisruptionBudget"].into_iter().flat_map(|kind| setup.of_kind(kind));
    let by_labels = by_labels.map(|object| &object["spec"]["selector"]["matchLabels"]);
    let policies = setup.of_kind("NetworkPolicy").map(|policy| &policy["spec"]["podSelector"]["matchLabels"]);
    let services = setup.of_kind("Service").map(|service| &service["spec"]["selector"]);
    let must = services.chain(by_labels).chain(spread);
    let picks =
        |labels: &Value| (labels.is_object() && setup.picks(labels), format!("{labels} picks other pods"));
    let may = |labels: &Value| (setup.picks(labels), format!("{labels} picks other pods"));
    failing(must.map(picks).chain(policies.map(may)))
}

/// Kubernetes waits for longer than the program may take; for a sidecar, than the others do, and it after them.
fn grace(setup: &Setup, config: &toml::Table) -> Vec<String> {
    let others = setup.containers().filter(|container| container["name"] != "put2bits");
    let sleep = |container: &Value| container["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64();
    let before = others.filter_map(sleep).max().unwrap_or(0);
    let drain = seconds(config, "shutdown", "grace");
    let given = setup.pod()["terminationGracePeriodSeconds"].as_u64().unwrap_or(30);
    // Behind a Service the end of a pod is known late; beside its server, uploads go on while that one waits.
    let delay = seconds(config, "shutdown", "delay");
    failing([
        (
            given >= before + drain + 5,
            format!("terminationGracePeriodSeconds is {given}, {before} + {drain} s are needed"),
        ),
        (delay >= 5 || before >= 5, format!("shutdown.delay is {delay} s")),
    ])
}

/// The limit is enough for the worst case, by the arithmetic of `docs/reliability.md`.
fn memory(setup: &Setup, config: &toml::Table) -> Vec<String> {
    const MIB: u64 = 1 << 20;
    let Some(limit) = setup.proxy()["resources"]["limits"]["memory"].as_str().and_then(bytes) else {
        return vec!["no limit of memory".to_owned()];
    };
    // What the file does not say follows the limit (`config::memory`); what it says is in force here, too.
    let file: toml::Table = setup.file().and_then(|text| text.parse().ok()).unwrap_or_default();
    let said = |section: &str, key: &str| file.get(section)?.get(key).map(|_| &config[section][key]);
    let count = |section, key| said(section, key).and_then(toml::Value::as_integer).map(i64::unsigned_abs);
    let size = |section, key| said(section, key).and_then(toml::Value::as_str).and_then(bytes);
    let budget = size("limits", "memory").unwrap_or((limit / 4).min(256 * MIB));
    let left = limit.saturating_sub(24 * MIB + (limit / 4).min(256 * MIB) * 3 / 2) / (1616 * 1024);
    let running = count("uploads", "max_running").unwrap_or((limit / (3 * MIB)).min(left).clamp(1, 1000));
    let connections = count("connections", "max").unwrap_or(2 * running);
    let receive = size("sockets", "receive_buffer").unwrap_or(MIB / 4);
    let send = size("sockets", "send_buffer").unwrap_or(MIB / 4);
    // Bodies with the gaps between them, and the pool for windows of HTTP/2.
    let process = 24 * MIB + budget * 5 / 4 + budget / 4 + running * 77 * 1024;
    let worst = process + 2 * (connections * receive + running * send);
    let requested = setup.proxy()["resources"]["requests"]["memory"].as_str().and_then(bytes).unwrap_or(0);
    failing([
        (worst <= limit, format!("{} MiB in the worst case, the limit is {}", worst / MIB, limit / MIB)),
        (requested <= limit && requested >= 64 * MIB, format!("{} MiB are requested", requested / MIB)),
    ])
}

/// Bytes of a quantity such as "512Mi", or of a size of ours.
fn bytes(quantity: &str) -> Option<u64> {
    let unit = quantity.find(|c: char| !c.is_ascii_digit()).unwrap_or(quantity.len());
    let (number, unit) = quantity.split_at(unit);
    let shift = [("", 0), ("Ki", 10), ("Mi", 20), ("Gi", 30)];
    let (_, shift) = shift.into_iter().find(|(name, _)| unit.trim_end_matches('B') == *name)?;
    Some(number.parse::<u64>().ok()? << shift)
}

/// Secrets are there as folders, which follow a change, for the program alone; and what is mounted is used.
fn secrets(setup: &Setup, _: &toml::Table) -> Vec<String> {
    let text = setup.file().unwrap_or_default();
    let mut wrong = Vec::new();
    for mount in items(&setup.proxy()["volumeMounts"]) {
        let path = mount["mountPath"].as_str().unwrap_or_default();
        let Some((volume, _)) = setup.volume_of(path) else { continue };
        if volume["secret"].is_null() {
            continue;
        }
        let for_others = volume["secret"]["defaultMode"].as_u64().is_none_or(|mode| mode & 0o7 != 0);
        wrong.extend(failing([
            (
                mount["readOnly"] == true && mount["subPath"].is_null(),
                format!("{path} does not follow its Secret"),
            ),
            (!for_others, format!("{path} can be read by all")),
            (text.contains(&format!("\"{path}/")), format!("{path} is not used")),
        ]));
    }
    wrong
}

/// The state is on a volume, and no two processes have the same.
fn state(setup: &Setup, config: &toml::Table) -> Vec<String> {
    let dir = config["state"]["dir"].as_str().unwrap_or_default();
    let Some((volume, mount)) = setup.volume_of(dir) else {
        return vec![format!("{dir} is on no volume")];
    };
    let shared = volume["persistentVolumeClaim"].is_object() && setup.replicas() > 1;
    let spec = &setup.workload()["spec"];
    let one_at_a_time = setup.workload()["kind"] == "StatefulSet" || spec["strategy"]["type"] == "Recreate";
    failing([
        (mount["readOnly"] != true, format!("{dir} cannot be written to")),
        (volume["configMap"].is_null() && volume["secret"].is_null(), format!("{dir} does not stay")),
        (!shared, "all replicas have the same state".to_owned()),
        (one_at_a_time, "the new pod starts before the old one has ended".to_owned()),
    ])
}

/// Clients come back to the replica that they began with: each has a name, and a Service for it.
fn replicas(setup: &Setup, _: &toml::Table) -> Vec<String> {
    let replicas = setup.replicas();
    if replicas < 2 {
        return Vec::new();
    }
    let named = ["PUT2BITS_RESUMPTION_ORIGIN", "PUT2BITS_RESUMPTION_PREFIX"];
    let differs = |one: &Value| {
        named.iter().any(|name| one["name"] == *name) && one["value"].to_string().contains("$(POD_NAME)")
    };
    let pods =
        setup.of_kind("Service").map(|one| &one["spec"]["selector"]["statefulset.kubernetes.io/pod-name"]);
    let pods: Vec<&str> = pods.filter_map(Value::as_str).collect();
    let wanted: Vec<String> = (0..replicas).map(|number| format!("put2bits-{number}")).collect();
    failing([
        (items(&setup.proxy()["env"]).any(differs), "all replicas name the same URLs".to_owned()),
        (pods == wanted, format!("Services for {pods:?}, pods are {wanted:?}")),
        (setup.of_kind("PodDisruptionBudget").count() == 1, "no PodDisruptionBudget".to_owned()),
    ])
}

/// A native sidecar restarts by itself, starts first, and its server waits at the end.
fn sidecar(setup: &Setup, config: &toml::Table) -> Vec<String> {
    if !setup.is_sidecar() {
        return Vec::new();
    }
    let route = &config["route"][0];
    let local = route["backend"].as_str().is_some_and(|url| url.starts_with("http://127.0.0.1:"));
    failing([
        (setup.proxy()["restartPolicy"] == "Always", "an init container that has to end first".to_owned()),
        (local, "its server is not in the pod".to_owned()),
    ])
}
