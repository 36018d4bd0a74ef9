//! The keys of `[admin]`.

use crate::case::{Case, ROUTE, file_error};
use put2bits::config::{AdminConfig, ReadyBackend, ReadyStore};

#[test]
fn values_land_where_they_belong() {
    for (text, listen) in [("[::]:9000", Some("[::]:9000")), ("off", None)] {
        let lines = format!("listen = '{text}'\nready_store = 'require'\nready_backend = 'any'");
        let resolved = Case::new().file(&format!("[admin]\n{lines}\n{ROUTE}")).resolve().unwrap();
        let expected = AdminConfig {
            listen: listen.map(|addr| addr.parse().unwrap()),
            ready_store: ReadyStore::Require,
            ready_backend: ReadyBackend::Any,
        };
        assert_eq!(resolved.config().admin, expected);
        let again = Case::new().file(&resolved.to_string()).resolve().unwrap();
        assert_eq!(again.config(), resolved.config(), "{resolved}");
    }
    let resolved = Case::with_backend().flag("--admin-listen", "admin.listen", "off").resolve().unwrap();
    assert_eq!(resolved.config().admin, AdminConfig { listen: None, ..AdminConfig::default() });
}

#[test]
fn what_is_wrong_is_refused() {
    for (text, line) in [
        ("admin.listen = 'on'", "p.toml:1: admin.listen: \"on\" is not \"off\", or an IP address and a port"),
        ("admin.listen = false", "p.toml:1: admin.listen: false is not \"off\", or an IP address"),
        ("admin.ready_store = 'well'", "p.toml:1: admin.ready_store: \"well\" is not one of ignore, require"),
        (
            "admin.ready_backend = 'al'",
            "p.toml:1: admin.ready_backend: \"al\" is not one of ignore, any, all",
        ),
    ] {
        let error = file_error(&format!("{text}\n{ROUTE}"));
        assert!(error.starts_with(line), "{error}");
    }
}

#[test]
fn one_address_is_for_one_listener() {
    let clash = |listen: &str, admin: &str| {
        file_error(&format!("listen = '{listen}'\nadmin.listen = '{admin}'\n{ROUTE}"))
    };
    assert_eq!(
        clash("127.0.0.1:9", "127.0.0.1:9"),
        "p.toml:2: admin.listen (127.0.0.1:9, p.toml:2) and listen (127.0.0.1:9, p.toml:1) are in each other's way: \
         choose another by --admin-listen, or off"
    );
    assert!(clash("0.0.0.0:9", "127.0.0.1:9").contains("in each other's way"));
    // The default clashes, too; whoever wrote the other one is told.
    let error = file_error(&format!("listen = '127.0.0.1:8081'\n{ROUTE}"));
    assert!(error.starts_with("p.toml:1: admin.listen (127.0.0.1:8081, default) and listen"), "{error}");
    for (listen, admin) in [("127.0.0.1:0", "127.0.0.1:0"), ("127.0.0.1:8081", "off")] {
        let text = format!("listen = '{listen}'\nadmin.listen = '{admin}'\n{ROUTE}");
        Case::new().file(&text).resolve().unwrap();
    }
}
