//! One check's view: its version, its own target, its own credentials.

use super::client::{Client, Message};
use super::dialect::Dialect;
use super::request::Request;
use super::support::{Backend, File, Settings};
use super::world::{FRAGMENT, World};
use std::sync::Arc;

/// What one check works with.
#[derive(Clone)]
pub(crate) struct Case {
    world: Arc<World>,
    pub(crate) dialect: &'static Dialect,
    name: &'static str,
}

impl std::ops::Deref for Case {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Case {
    pub(crate) fn new(world: Arc<World>, name: &'static str) -> Case {
        Case { dialect: world.dialect, world, name }
    }

    /// The same check with a proxy and a backend of its own.
    pub(crate) async fn alone(&self, backend: Backend, change: impl FnOnce(Settings) -> Settings) -> Case {
        Case::new(Arc::new(World::with(self.dialect, backend, change).await), self.name)
    }

    /// The same check, said in another version.
    pub(crate) fn speaking(&self, dialect: &'static Dialect) -> Case {
        Case { dialect, ..self.clone() }
    }

    /// Where the file of this check goes.
    pub(crate) fn path(&self) -> String {
        format!("/{}", self.name)
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::to(self.proxy.addr).await
    }

    /// A request in the right version and with the right credentials.
    pub(crate) fn request(&self, method: &str, target: &str) -> Request {
        let request = Request::new(method, target).with("Authorization", format!("Bearer {}", self.name));
        match self.dialect.number {
            Some(number) => request.with("Upload-Draft-Interop-Version", number),
            None => request,
        }
    }

    /// The request that brings a whole file.
    pub(crate) fn put(&self, file: File) -> Request {
        self.request("PUT", &self.path())
            .with(self.dialect.marker, self.dialect.whole)
            .with("Content-Length", file.size)
    }

    /// The request that begins a file of which here come so many bytes.
    pub(crate) fn put_part(&self, content: u64) -> Request {
        self.put(File::new(content)).with(self.dialect.marker, self.dialect.partial)
    }

    pub(crate) fn head(&self, location: &str) -> Request {
        self.request("HEAD", location)
    }

    pub(crate) fn delete(&self, location: &str) -> Request {
        self.request("DELETE", location)
    }

    /// The request that brings the bytes of the file from there on.
    pub(crate) fn patch(&self, location: &str, offset: u64, content: u64) -> Request {
        self.request("PATCH", location)
            .with("Content-Type", "application/partial-upload")
            .with(self.dialect.marker, self.dialect.whole)
            .with("Upload-Offset", offset)
            .with("Content-Length", content)
    }

    /// The same for a part that is not the last.
    pub(crate) fn patch_part(&self, location: &str, offset: u64, content: u64) -> Request {
        self.patch(location, offset, content).with(self.dialect.marker, self.dialect.partial)
    }

    /// Sends a request on a connection of its own. The answer has to be the only head that comes.
    pub(crate) async fn ask(&self, request: &Request, body: &[u8]) -> Message {
        let mut client = self.connect().await;
        client.send(request).await;
        client.bytes_in_vain(body).await;
        client.answer().await
    }

    /// Begins an upload: the connection, and where the 104 said that it can be resumed.
    pub(crate) async fn begin(&self, request: &Request) -> (Client, String) {
        let mut client = self.connect().await;
        client.send(request).await;
        let told = client.message().await;
        assert_eq!(told.status, 104, "{told}");
        (client, told.has("location").to_owned())
    }

    /// Begins to upload a file, and sends so many bytes of it. They need not have arrived anywhere.
    pub(crate) async fn begin_with(&self, file: File, sent: u64) -> (Client, String) {
        let (mut client, location) = self.begin(&self.put(file)).await;
        client.bytes(&file.bytes()[..sent as usize]).await;
        (client, location)
    }

    /// The same, and the client goes away. When this returns, the backend has every byte that was sent.
    pub(crate) async fn dropped(&self, file: File, sent: u64) -> String {
        let (client, location) = self.begin_with(file, sent).await;
        drop(client);
        if sent > 0 {
            self.taken(&self.path(), sent).await;
        }
        location
    }

    /// The offset that HEAD tells.
    pub(crate) async fn offset(&self, location: &str) -> u64 {
        let told = self.ask(&self.head(location), b"").await;
        assert_eq!(told.status, 204, "{told}");
        told.has("upload-offset").parse().unwrap()
    }

    /// Uploads the rest of a file, and checks what became of it.
    pub(crate) async fn resume(&self, location: &str, file: File, offset: u64) -> Message {
        let answer = self.ask(&self.patch(location, offset, file.size - offset), &file.from(offset)).await;
        self.assert_final(&answer, file.size, None);
        self.backend.assert_stored(&self.path(), file);
        answer
    }

    /// Uploads a whole file: the URL in its 104, and the final answer.
    pub(crate) async fn upload(&self, request: &Request, file: File) -> (String, Message) {
        let (mut client, location) = self.begin(request).await;
        client.bytes(&file.bytes()).await;
        (location, client.answer().await)
    }
}

/// Parts of files.
pub(crate) trait Parts {
    /// Everything from there on.
    fn from(&self, offset: u64) -> Vec<u8>;
}

impl Parts for File {
    fn from(&self, offset: u64) -> Vec<u8> {
        self.bytes().split_off(offset as usize)
    }
}

/// A file of three fragments and a bit.
pub(crate) fn file() -> File {
    File::new(3 * FRAGMENT + 1_001)
}

/// A place in the middle of such a file, and of a fragment.
pub(crate) const MIDDLE: u64 = FRAGMENT + 4_321;
