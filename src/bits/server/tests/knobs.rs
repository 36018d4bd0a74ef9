//! The other knobs, each with what it changes, and the presets.

use super::*;

/// Quirks, then the same few packets, and what is answered.
#[test]
fn limits() {
    for (quirks, start, end, total, answer) in [
        (&["max-fragment=100"][..], 0, 101, 500, "413 bare early"),
        (&["max-fragment=100"], 0, 100, 500, "200 next=100"),
        (&["max-fragment=100:late-413"], 0, 101, 500, "413 bare"),
        (&["max-fragment=100:html-404"], 0, 101, 500, "404 bare"),
        (&["max-fragment=100:hresult"], 0, 101, 500, "500 0x80200020/0x5"),
        (&["max-total=400"], 0, 100, 401, "500 0x80200020/0x5"),
        (&["max-total=400:200"], 0, 100, 401, "200 0x80200020/0x5"),
        (&["max-total=400"], 0, 100, 400, "200 next=100"),
        (&["min-fragment=64"], 0, 63, 500, "400 0x80070057/0x5"),
        (&["min-fragment=64"], 0, 63, 63, "200 next=63"),
        (&["disk=100"], 0, 101, 500, "500 0x80070070/0x5"),
        (&["disk=100"], 0, 100, 500, "200 next=100"),
        (&["disk=100:80070112"], 0, 101, 500, "500 0x80070112/0x5"),
    ] {
        let mut peer = Peer::open(quirks);
        assert_eq!(peer.fragment(start, end, total), answer, "{quirks:?}");
    }
}

#[test]
fn the_disk_counts_sessions_and_files() {
    let mut peer = Peer::open(&["disk=100"]);
    peer.fragment(0, 60, 60);
    peer.close();
    peer.create();
    assert_eq!(peer.fragment(0, 30, 50), "200 next=30");
    let full = "500 0x80070070/0x5";
    assert_eq!(peer.fragment(30, 50, 50), full);
    peer.cancel();
    peer.create();
    assert_eq!(peer.fragment(0, 40, 40), "200 next=40", "a Cancel makes room");
}

#[test]
fn the_disk_counts_a_file_once() {
    let mut peer = Peer::open(&["disk=100", "publish=last-fragment"]);
    peer.fragment(0, 60, 60);
    peer.create();
    assert_eq!(peer.fragment(0, 40, 40), "200 next=40", "although the first session is still open");
}

#[test]
fn a_total_that_changes() {
    let mut peer = Peer::open(&["total-may-change=yes"]);
    assert_eq!(peer.fragment(0, 100, 1024), "200 next=100");
    assert_eq!(peer.fragment(100, 200, 200), "200 next=200");
    assert_eq!(peer.close(), "200", "complete at the new total");
}

#[test]
fn looks_of_acks() {
    for (quirks, answer) in [
        (&[][..], "416 0x0/0x5 next=0"),
        (&["code-form=x"], "416 x0/x5 next=0"),
        (&["code-form=bare"], "416 0/5 next=0"),
        (&["error-name=short"], "416 0x0/0x5 next=0"),
        (&["context=7"], "416 0x0/0x7 next=0"),
        (&["only-code=ff"], "416 0xFF/0x5 next=0"),
        (&["offset-on-416=misspelt"], "416 0x0/0x5 nexxt=0"),
        (&["offset-on-416=omitted"], "416 0x0/0x5"),
    ] {
        let mut peer = Peer::open(quirks);
        assert_eq!(peer.fragment(1, 2, 2), answer, "{quirks:?}");
    }
    for (quirks, create, fragment, close) in [
        (&["created=create"][..], "201", "200 next=2", "200"),
        (&["created=always"], "201", "201 next=2", "201"),
        (&["offset-on-ok=no"], "200", "200", "200"),
    ] {
        let mut peer = Peer::new(quirks);
        assert_eq!(peer.create(), create, "{quirks:?}");
        assert_eq!(peer.fragment(0, 2, 2), fragment, "{quirks:?}");
        assert_eq!(peer.close(), close, "{quirks:?}");
    }
    assert_eq!(Peer::new(&["ping-code=1"]).ping(), "200 0x1/");
}

/// One Ack as it goes over the wire.
fn wire(quirks: &[&str], start: u64) -> String {
    let mut peer = Peer::open(quirks);
    let request = peer.fragment_head(start, 2, 2);
    let reply = match peer.begin(&request) {
        Begin::Answer(reply) => reply,
        Begin::Receive(intake) => peer.server.finish(Duration::ZERO, intake),
        Begin::Busy(_) => panic!("busy"),
    };
    let mut out = Vec::new();
    reply.encode(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn wire_spelling() {
    for (quirk, has, has_not) in [
        ("header-case=exact", "\r\nBITS-Received-Content-Range: 2\r\n", "\r\nbits-"),
        ("header-case=lower", "\r\nbits-received-content-range: 2\r\n", "BITS-"),
        ("header-case=title", "\r\nBits-Received-Content-Range: 2\r\n", "BITS-"),
        ("pragma=yes", "\r\nPragma: no-cache\r\n", "Server:"),
        ("server=Microsoft-IIS/10.0", "\r\nServer: Microsoft-IIS/10.0\r\n", "Pragma"),
        ("session-id=yes", "\r\nBITS-Session-Id: {", "Pragma"),
        ("session-id=no", "\r\nContent-Length: 0\r\n", "Session-Id"),
        ("reply-url=none", "200 OK", "Reply"),
        ("reply-url=path", "\r\nBITS-Reply-URL: /BITS-Sessions/Replies/{", r"\R"),
        ("reply-url=backslashes", "\r\nBITS-Reply-URL: BITS-Sessions\\Replies\\{", "/BITS-"),
    ] {
        let ack = wire(&[quirk], 0);
        assert!(ack.starts_with("HTTP/1.1 200 OK\r\n") && ack.ends_with("\r\n\r\n"), "{quirk}: {ack}");
        assert!(ack.contains(has) && !ack.contains(has_not), "{quirk}: {ack}");
    }
    assert!(!wire(&["error-length=no"], 1).contains("Content-Length"));
    assert!(wire(&["error-length=no"], 0).contains("Content-Length"));
    assert!(wire(&["error-name=short"], 1).contains("BITS-Error: 0x0"));
    assert!(wire(&[], 1).contains("BITS-Error-Code: 0x0"));
}

#[test]
fn ids() {
    for (form, id) in [
        ("braced", "{00000000-0000-0000-0000-0000000000FF}".to_owned()),
        ("bare", "00000000-0000-0000-0000-0000000000ff".into()),
        ("negative", "-127".into()),
        ("long", format!("{}ff", "0".repeat(98))),
    ] {
        let mut peer = Peer::new(&[&format!("id-form={form}")]);
        peer.created = 0xfe;
        peer.create();
        assert_eq!(peer.id, id, "{form}");
        assert_eq!(peer.fragment(0, 1, 1), "200 next=1");
    }
}

#[test]
fn unknown_sessions() {
    for (rule, answer) in [
        ("500", "500 0x8020001F/0x5"),
        ("400", "400 0x0/0x5"),
        ("generic", "500 0x1/0x5"),
        ("404", "404 0x8020001F/0x5"),
        ("hang-up", "500 hang-up"),
    ] {
        assert_eq!(Peer::new(&[&format!("unknown={rule}")]).close(), answer, "{rule}");
    }
}

#[test]
fn bindings() {
    let mut peer = Peer::open(&["bind-connection=yes"]);
    peer.fragment(0, 10, 20);
    peer.connection = 2;
    assert_eq!(peer.fragment(10, 20, 20), "500 0x1/0x5");
    peer.connection = 1;
    assert_eq!(peer.fragment(10, 20, 20), "200 next=20");

    for (quirk, answer) in [("bind-target=yes", "500 0x8020001F/0x5"), ("bind-target=no", "200 next=20")] {
        let mut peer = Peer::open(&[quirk]);
        peer.path = "/up/other.bin";
        assert_eq!(peer.fragment(0, 20, 30), answer, "{quirk}");
    }
}

#[test]
fn session_limits() {
    let mut peer = Peer::open(&["session-limit=2"]);
    assert_eq!(peer.create(), "200");
    assert_eq!(peer.create(), "503");
    peer.cancel();
    assert_eq!(peer.create(), "200");

    let mut peer = Peer::open(&["session-limit=1:drop-oldest"]);
    let first = peer.id.clone();
    assert_eq!(peer.create(), "200");
    assert!(peer.effects.iter().any(|effect| matches!(effect, Effect::Discard { .. })));
    peer.id = first;
    assert_eq!(peer.close(), "500 0x8020001F/0x5");
}

#[test]
fn a_target_that_is_held() {
    let mut peer = Peer::open(&["target-held=yes"]);
    assert_eq!(peer.create(), "409");
    peer.path = "/up/other.bin";
    assert_eq!(peer.create(), "200");
}

#[test]
fn host_ids() {
    for (quirk, host, fallback) in [
        ("host-id=node1", "node1", None),
        ("host-id=node1,60", "node1", Some("60")),
        ("host-id=[::1],5", "[::1]", Some("5")),
    ] {
        let mut peer = Peer::new(&[quirk]);
        let request = peer.packet(Packet::CreateSession);
        let Begin::Answer(reply) = peer.begin(&request) else { panic!("no answer") };
        let headers = reply.header_map();
        assert_eq!(headers["bits-host-id"], host);
        let seconds = headers.get("bits-host-id-fallback-timeout").map(|value| value.to_str().unwrap());
        assert_eq!(seconds, fallback);
    }
}

#[test]
fn uploads_that_are_off() {
    assert_eq!(Peer::new(&["uploads=501"]).create(), "501 0x80070005/0x5");
    assert_eq!(Peer::new(&["uploads=404"]).create(), "404 bare");
    assert_eq!(Peer::new(&["auth=forbidden"]).create(), "403 0x80070005/0x5");
}

#[test]
fn credentials() {
    let mut peer = Peer::new(&["auth=exact:Bearer t"]);
    assert_eq!(peer.create(), "401 bare");
    assert_eq!(peer.with(Packet::CreateSession, "authorization", "Bearer u"), "401 bare");
    assert_eq!(peer.with(Packet::CreateSession, "authorization", "Bearer t"), "200");

    let mut peer = Peer::new(&["auth=three-legs"]);
    assert_eq!(peer.ping(), "401 bare");
    assert_eq!(peer.with(Packet::Ping, "authorization", "NTLM one"), "401 bare");
    assert_eq!(peer.with(Packet::Ping, "authorization", "NTLM three"), "200");
    assert_eq!(peer.create(), "200", "the connection is authenticated");
    peer.server.disconnected(1);
    assert_eq!(peer.ping(), "401 bare", "a new connection starts over");
}

#[test]
fn basic_and_bearer() {
    let mut peer = Peer::new(&["auth=basic:ann:p:w"]);
    assert_eq!(peer.with(Packet::CreateSession, "authorization", "Basic YW5uOnA6dw=="), "200");
    let mut peer = Peer::new(&["auth=bearer:t"]);
    assert_eq!(peer.with(Packet::CreateSession, "authorization", "Bearer t"), "200");
    let Begin::Answer(reply) = peer.begin(&peer.packet(Packet::Ping)) else { panic!("no answer") };
    assert_eq!(reply.header_map()["www-authenticate"], "Bearer realm=\"bits\"");
}

#[test]
fn ntlm_counts_for_the_connection() {
    const ONE: &str = "NTLM TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==";
    const THREE: &str = "NTLM TlRMTVNTUAADAAAAGAAYAEAAAAAYABgAWAAAAA==";
    let mut peer = Peer::new(&["auth=ntlm"]);
    assert_eq!(peer.ping(), "401 bare");
    assert_eq!(peer.with(Packet::Ping, "authorization", THREE), "401 bare", "out of turn");
    assert_eq!(peer.with(Packet::Ping, "authorization", ONE), "401 bare");
    assert_eq!(peer.with(Packet::Ping, "authorization", "NTLM three"), "401 bare", "begin again");
    assert_eq!(peer.with(Packet::Ping, "authorization", ONE), "401 bare");
    assert_eq!(peer.with(Packet::Ping, "authorization", THREE), "200");
    assert_eq!(peer.create(), "200");
    peer.server.disconnected(1);
    assert_eq!(peer.create(), "401 bare");
}

#[test]
fn verbs() {
    let tunnelled = |peer: &mut Peer| {
        let mut request = peer.packet(Packet::CreateSession);
        *request.method_mut() = Method::POST;
        request.headers_mut().insert("x-http-method-override", HeaderValue::from_static("BITS_POST"));
        peer.send(&request)
    };
    for (quirk, native, overridden) in [
        ("verb=native", "200", "405 bare"),
        ("verb=override", "501 bare", "200"),
        ("verb=either", "200", "200"),
        ("verb=filtered", "404 bare", "405 bare"),
    ] {
        assert_eq!(Peer::new(&[quirk]).create(), native, "{quirk}");
        assert_eq!(tunnelled(&mut Peer::new(&[quirk])), overridden, "{quirk}");
    }
}

#[test]
fn a_session_that_only_its_node_knows() {
    let ping_aside = |peer: &mut Peer, host: &str| {
        let session = peer.session();
        peer.with(Packet::CancelSession { session }, "host", host)
    };
    for (quirk, host, answer) in [
        ("host-id=n1.test", "host", "500 0x8020001F/0x5"),
        ("host-id=n1.test", "n1.test", "200"),
        ("host-id=n1.test", "N1.test:8080", "200"),
        ("host-id=::1", "[::1]:80", "200"),
        ("host-id=::1", "[::2]:80", "500 0x8020001F/0x5"),
    ] {
        let mut peer = Peer::open(&[quirk, "bind-host=yes"]);
        assert_eq!(ping_aside(&mut peer, host), answer, "{quirk} {host}");
        assert_eq!(ping_aside(&mut Peer::open(&[quirk]), host), "200", "shared storage");
    }
}

#[test]
fn a_field_that_a_close_needs() {
    for (quirk, value, answer) in [
        ("close-field=x-album", "any", "200"),
        ("close-field=x-album:7", "7", "200"),
        ("close-field=x-album:7", "8", "400 0x80070057/0x5"),
    ] {
        let mut peer = Peer::open(&[quirk]);
        let session = peer.session();
        let close = Packet::CloseSession { session };
        assert_eq!(peer.with(close.clone(), "x-other", "7"), "400 0x80070057/0x5", "{quirk}");
        assert_eq!(peer.with(close, "x-album", value), answer, "{quirk}");
    }
}

#[test]
fn lengths_that_are_missing() {
    for (quirk, missing, chunked) in [
        ("missing-length=411", "411 0x80070057/0x5", "411 0x80070057/0x5 early"),
        ("missing-length=400", "400 0x80070057/0x5", "400 0x80070057/0x5 early"),
        ("missing-length=accept", "200", "400 0x80070057/0x5 early"),
    ] {
        let mut peer = Peer::new(&[quirk]);
        assert_eq!(peer.with(Packet::CreateSession, "content-length", ""), missing, "{quirk}");
        assert_eq!(peer.with(Packet::CreateSession, "transfer-encoding", "chunked"), chunked, "{quirk}");
    }
}

#[test]
fn stray_bodies() {
    assert_eq!(Peer::new(&["stray-body=take"]).with(Packet::Ping, "content-length", "9"), "200");
}

#[test]
fn presets_answer_as_recorded() {
    // Columns: exact repeat, overlap 500..1024 after 600, gap, unknown session.
    for (name, repeat, overlap, gap, unknown) in [
        (
            "strict",
            "416 0x0/0x5 next=600",
            "416 0x0/0x5 next=600",
            "416 0x0/0x5 next=600",
            "500 0x8020001F/0x5",
        ),
        ("iis", "416 0x0/0x5 next=600", "416 0x0/0x5 next=600", "416 0x0/0x5 next=600", "500 0x8020001F/0x5"),
        ("gobits", "416 0/5 nexxt=600", "200 next=1024", "416 0/5 nexxt=600", "400 0/5"),
        ("simplebits", "200 next=600", "200 next=1024", "500 0x1/0x5", "500 0x1/0x5"),
        ("fkadibs", "200 next=600", "200 next=1024", "500 hang-up", "500 hang-up"),
        ("xenserver", "200 next=600", "200 next=1024", "200 next=1024", "500 0x8020001F/0x7"),
    ] {
        let after_600 = |start, end| {
            let mut peer = Peer::of(Knobs::preset(name).unwrap());
            peer.create();
            assert_eq!(peer.fragment(0, 600, 1024), "200 next=600", "{name}");
            peer.fragment(start, end, 1024)
        };
        assert_eq!(after_600(0, 600), repeat, "{name}: repeat");
        assert_eq!(after_600(500, 1024), overlap, "{name}: overlap");
        assert_eq!(after_600(700, 1024), gap, "{name}: gap");
        assert_eq!(Peer::of(Knobs::preset(name).unwrap()).close(), unknown, "{name}: unknown session");
    }
    assert_eq!(Knobs::preset("apache"), None);
}

#[test]
fn quirks_are_named_once_and_refuse_nonsense() {
    let mut names: Vec<_> = QUIRKS.iter().map(|quirk| quirk.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), QUIRKS.len());

    let mut knobs = Knobs::strict();
    for quirk in QUIRKS.iter().filter(|quirk| quirk.name != "server" && quirk.name != "host-id") {
        let error = knobs.set(&format!("{}=?", quirk.name)).unwrap_err();
        assert!(error.to_string().ends_with(quirk.values), "{error}");
    }
    assert_eq!(knobs, Knobs::strict(), "a refused quirk changes nothing");
    assert_eq!(knobs.set("overlap").unwrap_err().to_string(), "'overlap' is not NAME=VALUE");
    assert_eq!(knobs.set("x=1").unwrap_err().to_string(), "there is no quirk 'x'");
}

/// Every word that the table offers is understood.
#[test]
fn words_of_the_table_are_values() {
    let to_fill_in = |c: char| c.is_ascii_uppercase() || c == '[';
    for quirk in QUIRKS {
        for word in
            quirk.values.split('|').filter(|word| !word.contains(to_fill_in) && !word.starts_with(':'))
        {
            assert_eq!(Knobs::strict().set(&format!("{}={word}", quirk.name)), Ok(()), "{}", quirk.name);
        }
    }
}
