//! One set-up in Kubernetes, as `kubectl kustomize` renders it.

use crate::program::check_config;
use serde_json::Value;

/// Nothing.
const NULL: &Value = &Value::Null;

/// All its objects.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) objects: Vec<Value>,
}

impl Setup {
    /// The objects of a kind.
    pub(crate) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().filter(move |object| object["kind"] == kind)
    }

    /// The one that makes the pods.
    pub(crate) fn workload(&self) -> &Value {
        self.of_kind("Deployment").chain(self.of_kind("StatefulSet")).next().unwrap_or(NULL)
    }

    /// The specification of a pod.
    pub(crate) fn pod(&self) -> &Value {
        &self.workload()["spec"]["template"]["spec"]
    }

    /// How many pods there are.
    pub(crate) fn replicas(&self) -> u64 {
        self.workload()["spec"]["replicas"].as_u64().unwrap_or(1)
    }

    /// All containers of a pod.
    pub(crate) fn containers(&self) -> impl Iterator<Item = &Value> {
        items(&self.pod()["initContainers"]).chain(items(&self.pod()["containers"]))
    }

    /// The container of put2bits.
    pub(crate) fn proxy(&self) -> &Value {
        self.containers().find(|container| container["name"] == "put2bits").unwrap_or(NULL)
    }

    /// Whether it is a sidecar.
    pub(crate) fn is_sidecar(&self) -> bool {
        items(&self.pod()["initContainers"]).any(|container| container["name"] == "put2bits")
    }

    /// Its arguments.
    pub(crate) fn arguments(&self) -> Vec<&str> {
        items(&self.proxy()["args"]).filter_map(Value::as_str).collect()
    }

    /// Its variables. What Kubernetes would put in for the name of the pod is that of the first.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let variables = items(&self.proxy()["env"]);
        let text = |value: &Value| value.as_str().map(|text| text.replace("$(POD_NAME)", "put2bits-0"));
        variables.filter_map(|one| Some((text(&one["name"])?, text(&one["value"])?))).collect()
    }

    /// The volume that is mounted for a path, and the mount.
    pub(crate) fn volume_of(&self, path: &str) -> Option<(&Value, &Value)> {
        let below = |mount: &Value| {
            let rest = mount["mountPath"].as_str().and_then(|prefix| path.strip_prefix(prefix));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mounts = items(&self.proxy()["volumeMounts"]).filter(|mount| below(mount));
        let mount = mounts.max_by_key(|mount| mount["mountPath"].as_str().map(str::len))?;
        let claims = items(&self.workload()["spec"]["volumeClaimTemplates"]);
        let mut claims = claims.filter(|claim| claim["metadata"]["name"] == mount["name"]);
        let mut volumes = items(&self.pod()["volumes"]).filter(|volume| volume["name"] == mount["name"]);
        Some((volumes.next().or_else(|| claims.next())?, mount))
    }

    /// The text of the configuration file.
    pub(crate) fn file(&self) -> Option<&str> {
        let (folder, name) = crate::program::config_path(&self.arguments())?.rsplit_once('/')?;
        let (volume, _) = self.volume_of(folder)?;
        let mut maps = self.of_kind("ConfigMap");
        let map = maps.find(|map| map["metadata"]["name"] == volume["configMap"]["name"])?;
        map["data"][name].as_str()
    }

    /// The configuration in force.
    pub(crate) fn config(&self) -> Result<toml::Table, String> {
        let text = self.file().ok_or("no ConfigMap has the file of --config")?;
        let secrets = items(&self.pod()["volumes"]).filter(|volume| volume["secret"].is_object());
        let names: Vec<&Value> = secrets.map(|volume| &volume["name"]).collect();
        let mounts = items(&self.proxy()["volumeMounts"]).filter(|mount| names.contains(&&mount["name"]));
        let paths: Vec<&str> = mounts.filter_map(|mount| mount["mountPath"].as_str()).collect();
        check_config(text, &self.variables(), &paths)
    }

    /// The number of a port of put2bits that has that name, or that is that number.
    pub(crate) fn port(&self, port: &Value) -> Option<u64> {
        let mut ports = items(&self.proxy()["ports"]);
        let found = ports.find(|one| one["name"] == *port || one["containerPort"] == *port)?;
        found["containerPort"].as_u64()
    }

    /// Whether these labels are among those of the pods. None picks all of them.
    pub(crate) fn picks(&self, labels: &Value) -> bool {
        let pod = &self.workload()["spec"]["template"]["metadata"]["labels"];
        let mut labels = labels.as_object().into_iter().flatten();
        labels.all(|(name, value)| name == "statefulset.kubernetes.io/pod-name" || pod[name] == *value)
    }
}

/// The items of a list; none of what is no list.
pub(crate) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
