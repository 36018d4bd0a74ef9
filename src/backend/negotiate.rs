//! Logging in to a server in a Windows domain: NTLM, bare or within Negotiate (SPNEGO).
//!
//! ```text
//!  Ping ──► 401, WWW-Authenticate: Negotiate, NTLM
//!  Ping, Authorization: NTLM <who asks> ──► 401, WWW-Authenticate: NTLM <challenge>
//!  Ping, Authorization: NTLM <proof> ──► anything but 401: from now on the connection is the account's
//! ```
//!
//! The login belongs to the connection, so each new one begins with it, before any packet. The legs are empty Pings:
//! nothing of a file is sent twice for it. Kerberos is not spoken: it would need the way to a domain's controller.
//!
//! Domains lock accounts after a few wrong passwords. What is done about that says `account`.

use super::account::{Account, Leave, Turn};
use super::connection::{Connection, put_beside};
use super::credentials::Credentials;
use super::link::{Answered, Link, MAX_REPLY};
use crate::bits::Packet;
use crate::transfer::{Answer, NoAnswer, Patience};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use reqwest::Url;
use sspi::credssp::SspiContext;
use sspi::ntlm::NtlmConfig;
use sspi::{
    BufferType, ClientRequestFlags, CredentialUse, Credentials as SspiCredentials, DataRepresentation,
    Negotiate, NegotiateConfig, Ntlm, SecurityBuffer, Sspi, SspiImpl,
};
use tokio::time::timeout;

/// Requests that one login may take.
const MAX_LEGS: usize = 5;

/// What the server may call this machine. Nothing depends on it.
const WORKSTATION: &str = "PUT2BITS";

/// The names of the two schemes in `WWW-Authenticate` and `Authorization`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Negotiate,
    Ntlm,
}

impl Scheme {
    const fn as_str(self) -> &'static str {
        match self {
            Scheme::Negotiate => "Negotiate",
            Scheme::Ntlm => "NTLM",
        }
    }

    /// The better one of what the server offers.
    fn offered(headers: &HeaderMap) -> Option<Scheme> {
        [Scheme::Negotiate, Scheme::Ntlm].into_iter().find(|scheme| scheme.challenge(headers).is_some())
    }

    /// What the server says under this scheme: a challenge, or nothing but that it is offered.
    fn challenge(self, headers: &HeaderMap) -> Option<Vec<u8>> {
        let all = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        // One field may list several; a token of base64 holds no comma.
        all.flat_map(|value| value.split(',')).find_map(|one| {
            let mut words = one.split_whitespace();
            words.next().filter(|word| word.eq_ignore_ascii_case(self.as_str()))?;
            words.next().map_or(Some(Vec::new()), |token| BASE64_STANDARD.decode(token).ok())
        })
    }
}

/// One login under way.
struct Login {
    scheme: Scheme,
    context: SspiContext,
    handle: Option<sspi::CredentialsBuffers>,
}

impl Login {
    fn new(scheme: Scheme, account: &Account) -> Result<Self, String> {
        Login::begin(scheme, account).map_err(|error| format!("{:?}", error.error_type))
    }

    fn begin(scheme: Scheme, account: &Account) -> Result<Self, sspi::Error> {
        let ntlm = NtlmConfig::new(WORKSTATION.to_owned());
        let mut context = match scheme {
            Scheme::Ntlm => SspiContext::Ntlm(Ntlm::with_config(ntlm)),
            Scheme::Negotiate => {
                // Kerberos first would ask the network for a controller before anything else.
                let packages = Some("ntlm,!kerberos".to_owned());
                let config = NegotiateConfig::new(Box::new(ntlm), packages, WORKSTATION.to_owned());
                SspiContext::Negotiate(Negotiate::new_client(config)?)
            }
        };
        let identity = SspiCredentials::AuthIdentity(account.identity.clone());
        let acquired = context
            .acquire_credentials_handle()
            .with_credential_use(CredentialUse::Outbound)
            .with_auth_data(&identity)
            .execute(&mut context)?;
        Ok(Login { scheme, context, handle: acquired.credentials_handle })
    }

    /// The next `Authorization`, from what the server said last.
    fn step(&mut self, target: &str, challenge: Vec<u8>) -> Result<HeaderValue, String> {
        let mut input = [SecurityBuffer::new(challenge, BufferType::Token)];
        let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
        let mut builder = self
            .context
            .initialize_security_context()
            .with_credentials_handle(&mut self.handle)
            .with_context_requirements(ClientRequestFlags::ALLOCATE_MEMORY)
            .with_target_data_representation(DataRepresentation::Native)
            .with_target_name(target)
            .with_input(&mut input)
            .with_output(&mut output);
        let stepped = self
            .context
            .initialize_security_context_impl(&mut builder)
            .and_then(|mut steps| steps.resolve_to_result());
        // The message may quote what the server sent; the kind is enough.
        stepped.map_err(|error| format!("its challenge makes no sense: {:?}", error.error_type))?;
        let [token] = output;
        let text = format!("{} {}", self.scheme.as_str(), BASE64_STANDARD.encode(token.buffer));
        let mut value = HeaderValue::from_str(&text).map_err(|error| error.to_string())?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// What a 401 wants to be answered, and under which scheme. Nothing: it is a no, or offers none that is spoken here.
fn challenged(login: Option<&Login>, headers: &HeaderMap) -> Option<(Scheme, Vec<u8>)> {
    let scheme = login.map_or_else(|| Scheme::offered(headers), |login| Some(login.scheme))?;
    let challenge = scheme.challenge(headers)?;
    // The bare offer, behind a proof, is a no.
    (login.is_none() || !challenge.is_empty()).then_some((scheme, challenge))
}

impl Connection {
    /// Makes a new connection the account's, if this backend has one. Inner error: the server's no.
    pub(super) async fn log_in(
        &mut self,
        link: Link,
        patience: Patience,
    ) -> Result<Result<Link, Answer>, NoAnswer> {
        let Credentials::Windows(account) = self.endpoint.credentials() else {
            return Ok(Ok(link));
        };
        let account = if self.refused { account.renewed().await } else { account.current().await };
        let authority = &self.authority;
        let failed = |why: &str| NoAnswer::Unsent(format!("connecting to {authority}: logging in: {why}"));
        let target = format!("HTTP/{}", authority.host());

        let mut link = link;
        // Others may wait for what comes of it.
        let mut turn: Option<Turn> = None;
        let mut login: Option<Login> = None;
        let mut proof = None;
        for _ in 0..MAX_LEGS {
            let mut ping = Packet::Ping.request(&self.destination, &self.endpoint.server().dialect);
            ping.headers_mut().extend(proof.take().map(|proof| (AUTHORIZATION, proof)));
            let answered = link.ask(ping, [].into(), patience).await;
            let Answered { answer, reusable } = answered.map_err(|error| failed(&error.to_string()))?;
            let reusable = reusable && link.ready().await;
            if answer.status != StatusCode::UNAUTHORIZED {
                if login.is_some() {
                    account.accepted();
                }
                let closed = "the server closed the connection that was to be the account's";
                return reusable.then_some(Ok(link)).ok_or_else(|| failed(closed));
            }
            let Some((scheme, challenge)) = challenged(login.as_ref(), &answer.headers) else {
                if login.is_some() {
                    account.refused();
                }
                return Ok(Err(answer));
            };
            if turn.is_none() {
                let late =
                    |_| failed("whether the account may is being found out by another upload, for too long");
                match timeout(patience.answer, account.leave()).await.map_err(late)? {
                    Leave::Go(own) => turn = Some(own),
                    Leave::Refused => return Ok(Err(answer)),
                }
            }
            if !reusable {
                return Err(failed("the server closed the connection in the middle of it"));
            }
            let under_way = match &mut login {
                Some(login) => login,
                none => none.insert(Login::new(scheme, &account).map_err(|why| failed(&why))?),
            };
            proof = Some(under_way.step(&target, challenge).map_err(|why| failed(&why))?);
        }
        Err(failed("the server wants ever more of it"))
    }

    /// A request that is no packet, over the connection that is the account's.
    pub(super) async fn fetch_over_link(
        &mut self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        patience: Patience,
    ) -> Result<Answer, NoAnswer> {
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let uri = path
            .parse::<Uri>()
            .map_err(|_| NoAnswer::Impossible("the URL cannot be asked for".to_owned()))?;
        let mut request = Request::new(());
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) =
            (method.clone(), uri, HeaderMap::new());
        put_beside(request.headers_mut(), headers);
        let mut answer = self.over_link(method.as_str(), request, [].into(), patience).await?;
        if method == Method::GET && answer.status.is_success() {
            // A connection whose answer has no end of its own, or one too far away, was given up.
            let too_large = || {
                let why = format!("the reply is larger than {MAX_REPLY} bytes, or does not tell its length");
                NoAnswer::Impossible(why)
            };
            let link = self.link.as_mut().ok_or_else(too_large)?;
            let body = link.body(MAX_REPLY, patience.answer).await;
            // What is left of it is in the way of the next request.
            answer.body = body.inspect_err(|_| self.link = None)?;
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_found_wherever_they_stand() {
        let headers = |values: &[&str]| -> HeaderMap {
            values.iter().map(|value| (WWW_AUTHENTICATE, value.parse().unwrap())).collect()
        };
        for (values, scheme, challenge) in [
            (&["Negotiate", "NTLM"][..], Some(Scheme::Negotiate), Some(&b""[..])),
            (&["Basic realm=\"a\", ntlm"], Some(Scheme::Ntlm), Some(b"")),
            (&["NTLM YWJj"], Some(Scheme::Ntlm), Some(b"abc")),
            (&["Basic realm=x", "NTLM YWJj, Negotiate"], Some(Scheme::Negotiate), Some(b"")),
            (&["NTLM not*base64"], None, None),
            (&["NTLMv2 YWJj", "Basic"], None, None),
            (&[], None, None),
        ] {
            let headers = headers(values);
            let offered = Scheme::offered(&headers);
            assert_eq!(offered, scheme, "{values:?}");
            let found = offered.and_then(|scheme| scheme.challenge(&headers));
            assert_eq!(found.as_deref(), challenge, "{values:?}");
        }
    }
}
