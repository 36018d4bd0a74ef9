//! Files: where they appear, when, and what can be read back.

use crate::client::{Client, file, mock, mock_on};
use put2bits::mock::Storage;
use std::fs;
use std::path::Path;

fn dir(path: &Path) -> Storage {
    Storage::Dir { path: path.into(), create_dirs: false }
}

fn partials(root: &Path) -> usize {
    fs::read_dir(root.join(".put2bits-partial")).unwrap().count()
}

#[tokio::test]
async fn a_file_appears_at_close_and_whole() {
    let root = tempfile::tempdir().unwrap();
    // Larger than the write buffer, so that several writes are needed, and not a multiple of it.
    let file = file(5_000_001);
    let mock = mock_on(dir(root.path()), "iis", &[], &["drop-body=3000000:fragment:after=1"]).await;
    let mut client = Client::connect(&mock, "/my%20film.mov?x=1").await;
    client.create().await;
    assert_eq!(client.fragment(&file, 0, 1_500_000).await, "200 next=1500000");
    client.write(client.fragment_head(&file, 1_500_000, 5_000_001).as_bytes()).await;
    let _ = tokio::io::AsyncWriteExt::write_all(&mut client.stream, &file[1_500_000..]).await;
    assert!(client.try_answer().await.is_none());
    let mut client = client.again(&mock).await;
    assert_eq!(client.fragment(&file, 0, 1).await, "416 0x0/0x5 next=4500000", "the broken part counts");
    assert_eq!(client.fragment(&file, 4_500_000, 5_000_001).await, "200 next=5000001");
    let named = root.path().join("my film.mov");
    assert!(!named.exists());
    assert_eq!(partials(root.path()), 1);
    assert_eq!(client.packet("Close-Session").await, "200");
    assert!(fs::read(&named).unwrap() == file, "the bytes differ");
    assert_eq!(partials(root.path()), 0);
}

#[tokio::test]
async fn a_cancelled_upload_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let mock = mock_on(dir(root.path()), "strict", &[], &[]).await;
    let mut client = Client::connect(&mock, "/c.bin").await;
    client.create().await;
    client.fragment(&file(10), 0, 5).await;
    assert_eq!(client.packet("Cancel-Session").await, "200");
    while partials(root.path()) > 0 {
        tokio::task::yield_now().await;
    }
    assert!(!root.path().join("c.bin").exists());
}

#[tokio::test]
async fn bytes_behind_the_end_are_cut_off() {
    // A fragment breaks, its bytes do not count, and the next attempt says that the file is smaller.
    let root = tempfile::tempdir().unwrap();
    let quirks = ["total-may-change=yes", "broken=discard"];
    let mock = mock_on(dir(root.path()), "strict", &quirks, &["drop-body=500:fragment"]).await;
    let mut client = Client::connect(&mock, "/t.bin").await;
    client.create().await;
    let long = file(1000);
    client.write(client.fragment_head(&long, 0, 1000).as_bytes()).await;
    let _ = tokio::io::AsyncWriteExt::write_all(&mut client.stream, &long).await;
    assert!(client.try_answer().await.is_none());
    let mut client = client.again(&mock).await;
    let short = file(100);
    assert_eq!(client.fragment(&short, 0, 100).await, "200 next=100");
    assert_eq!(client.packet("Close-Session").await, "200");
    assert!(fs::read(root.path().join("t.bin")).unwrap() == short);
}

#[tokio::test]
async fn folders_and_paths() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("sub")).unwrap();
    let mock = mock_on(dir(root.path()), "strict", &[], &[]).await;
    for (path, answer) in [
        ("/sub/a.bin", "200"),
        ("/none/a.bin", "404 0x80070003/0x5"),
        ("/sub", "400 0x80070057/0x5"),
        ("/sub/", "400 0x80070057/0x5"),
        ("/../a.bin", "400 0x80070057/0x5"),
        ("/sub/%2e%2e/%2e%2e/a.bin", "400 0x80070057/0x5"),
        ("/sub/..%5ca.bin", "400 0x80070057/0x5"),
        ("/.put2bits-partial/a.bin", "400 0x80070057/0x5"),
    ] {
        assert_eq!(Client::connect(&mock, path).await.create().await.short(), answer, "{path}");
    }
    let making = Storage::Dir { path: root.path().into(), create_dirs: true };
    let mock = mock_on(making, "strict", &[], &[]).await;
    let mut client = Client::connect(&mock, "/new/folder/a.bin").await;
    assert_eq!(client.create().await.short(), "200");
    client.fragment(&file(3), 0, 3).await;
    assert_eq!(client.packet("Close-Session").await, "200");
    assert_eq!(fs::read(root.path().join("new/folder/a.bin")).unwrap(), file(3));
}

#[tokio::test]
async fn a_folder_that_vanishes_before_close() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("sub")).unwrap();
    let mock = mock_on(dir(root.path()), "strict", &[], &[]).await;
    let mut client = Client::connect(&mock, "/sub/a.bin").await;
    client.create().await;
    client.fragment(&file(3), 0, 3).await;
    fs::remove_dir_all(root.path().join(".put2bits-partial")).unwrap();
    assert_eq!(client.packet("Close-Session").await, "404 0x80070002/0x5");
}

#[tokio::test]
async fn existing_files() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("x.bin"), b"old").unwrap();
    for (quirk, answer) in [("existing=409", "409"), ("existing=403", "403 0x80070005/0x5")] {
        let mock = mock_on(dir(root.path()), "strict", &[quirk], &[]).await;
        assert_eq!(Client::connect(&mock, "/x.bin").await.create().await.short(), answer);
    }
    let mock = mock_on(dir(root.path()), "strict", &[], &[]).await;
    let mut client = Client::connect(&mock, "/x.bin").await;
    client.create().await;
    assert_eq!(client.packet("Close-Session").await, "200");
    assert_eq!(fs::read(root.path().join("x.bin")).unwrap(), b"", "an empty file took its place");
}

#[tokio::test]
async fn files_can_be_read_back() {
    let root = tempfile::tempdir().unwrap();
    let file = file(700_000);
    fs::write(root.path().join("g.bin"), &file).unwrap();
    let mock = mock_on(dir(root.path()), "strict", &[], &[]).await;
    let mut client = Client::connect(&mock, "/").await;
    let head = client.get("HEAD", "/g.bin").await;
    assert_eq!((head.status(), head.header("Content-Length")), (200, Some("700000")));
    for name in ["Date", "Last-Modified"] {
        assert!(httpdate::parse_http_date(head.header(name).unwrap()).is_ok(), "{name}");
    }
    assert!(client.get("GET", "/g.bin").await.body == file);
    for path in ["/none", "/", "/../g.bin", "/.put2bits-partial"] {
        assert_eq!(client.get("GET", path).await.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn sizes_are_known_without_files() {
    let mock = mock("strict", &[], &[]).await;
    let mut client = Client::connect(&mock, "/s.bin").await;
    client.create().await;
    client.fragment(&file(1234), 0, 1234).await;
    assert_eq!(client.get("HEAD", "/s.bin").await.status(), 404, "not before Close");
    client.packet("Close-Session").await;
    assert_eq!(client.get("HEAD", "/s.bin").await.header("Content-Length"), Some("1234"));
    assert_eq!(client.get("GET", "/s.bin").await.status(), 501, "the bytes are gone");
}

#[tokio::test]
async fn replies_can_be_read_until_close() {
    let config = put2bits::mock::MockConfig { reply: "thanks".into(), ..Default::default() };
    let mock = put2bits::mock::Mock::bind("127.0.0.1:0".parse().unwrap(), config).await.unwrap();
    let mut knobs = put2bits::bits::server::Knobs::strict();
    knobs.set("reply-url=backslashes").unwrap();
    mock.set_knobs(knobs);
    let mut client = Client::connect(&mock, "/up/r.bin").await;
    client.create().await;
    let file = file(3);
    let ack = client.ask(&client.fragment_head(&file, 0, 3), &file).await;
    let url = ack.header("BITS-Reply-URL").unwrap();
    assert!(url.starts_with(r"BITS-Sessions\Replies\{"), "{url}");
    let path = format!("/up/{}", url.replace('\\', "/").replace('{', "%7B").replace('}', "%7D"));
    assert_eq!(client.get("GET", &path).await.body, b"thanks");
    client.packet("Close-Session").await;
    assert_eq!(client.get("GET", &path).await.status(), 404);
}

#[tokio::test]
async fn who_may_read_is_for_the_server_to_say() {
    for (quirks, get, head) in [
        (&["reads=both"][..], 501, 200),
        (&["reads=head"], 405, 200),
        (&["reads=get"], 501, 405),
        (&["reads=none"], 405, 405),
        (&["auth=bearer:secret"], 401, 401),
    ] {
        let mock = mock("strict", &[], &[]).await;
        let mut client = Client::connect(&mock, "/r.bin").await;
        client.create().await;
        client.fragment(&file(3), 0, 3).await;
        assert_eq!(client.packet("Close-Session").await, "200");
        let mut knobs = put2bits::bits::server::Knobs::strict();
        quirks.iter().for_each(|quirk| knobs.set(quirk).unwrap());
        mock.set_knobs(knobs);
        for (method, wanted) in [("GET", get), ("HEAD", head)] {
            let mut client = client.again(&mock).await;
            assert_eq!(client.get(method, "/r.bin").await.status(), wanted, "{quirks:?} {method}");
        }
    }
}
