//! One download.
//!
//! It runs on a thread of its own, so that Ctrl-C is heard while a server is silent.

use std::io::Read;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use ureq::{Agent, Proxy};

use crate::failure::Failure;
use crate::interrupt;

/// Bytes that are handed over at once, and how many such lots may wait.
const LOT: usize = 1 << 16;
const WAITING: usize = 16;

/// How often it is looked whether the user wants to stop.
const POLL: Duration = Duration::from_millis(50);

/// How long a server may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// What connects to servers.
#[derive(Clone, Debug)]
pub struct Client(Agent);

/// Why a download failed.
#[derive(Debug)]
pub enum Trouble {
    /// Another mirror may do better.
    Mirror(String),
    /// No mirror could.
    Ours(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Ours(failure)
    }
}

impl Client {
    /// One that uses the proxy that the environment names, if it does.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Proxy::try_from_env(), PATIENCE)
    }

    /// One that uses no proxy, and gives up on servers that are silent for so long.
    #[must_use]
    pub fn direct(patience: Duration) -> Self {
        Self::with(None, patience)
    }

    fn with(proxy: Option<Proxy>, patience: Duration) -> Self {
        let configuration = Agent::config_builder()
            .proxy(proxy)
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            // Digests are of files as they are.
            .accept_encoding("identity")
            .timeout_resolve(Some(patience))
            .timeout_connect(Some(patience))
            .timeout_recv_response(Some(patience))
            .timeout_per_read(Some(patience));
        Self(configuration.build().into())
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

/// Gets what is at an address, and hands it to `sink` as it comes. A body of more than `limit` bytes is refused, and so
/// is one that ends before its announced length.
///
/// # Errors
/// [`Trouble::Mirror`] if it is the server's or the connection's fault; [`Trouble::Ours`] for what `sink` returns, and if
/// the user asked to stop.
pub fn get(
    client: &Client,
    url: &str,
    limit: u64,
    mut sink: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Trouble> {
    let (sender, receiver) = sync_channel(WAITING);
    let (client, address) = (client.clone(), url.to_owned());
    let download = move || {
        // If nobody listens any more, nobody wants to know.
        if let Err(what) = send_all(&client, &address, limit, &sender) {
            let _ = sender.send(Err(what));
        } else {
            let _ = sender.send(Ok(Vec::new()));
        }
    };
    std::thread::Builder::new().spawn(download).map_err(Failure::internal)?;
    loop {
        if interrupt::asked() {
            let what = format!("interrupted while fetching {url}; files that were complete before are kept");
            return Err(Failure::Interrupted(what).into());
        }
        match receiver.recv_timeout(POLL) {
            // The last lot is an empty one.
            Ok(Ok(lot)) if lot.is_empty() => return Ok(()),
            Ok(Ok(lot)) => sink(&lot)?,
            Ok(Err(what)) => return Err(Trouble::Mirror(what)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure::internal("a download ended without a word").into());
            }
        }
    }
}

type Lot = Result<Vec<u8>, String>;

fn send_all(client: &Client, url: &str, limit: u64, sender: &SyncSender<Lot>) -> Result<(), String> {
    let response = client.0.get(url).call().map_err(|error| match error {
        ureq::Error::StatusCode(code) => format!("the server answers with status {code}"),
        other => other.to_string(),
    })?;
    // Redirects that lead nowhere come out as answers.
    if response.status().as_u16() != 200 {
        return Err(format!("the server answers with status {}", response.status().as_u16()));
    }
    let too_long = |len: u64| format!("sends {len} bytes or more; at most {limit} are accepted");
    let length = response.body().content_length();
    if let Some(length) = length.filter(|length| *length > limit) {
        return Err(too_long(length));
    }
    // Ours is the limit that counts.
    let mut reader = response.into_body().into_with_config().limit(u64::MAX).reader();
    let mut got = 0;
    loop {
        let mut lot = vec![0; LOT];
        let len = match reader.read(&mut lot) {
            Ok(len) => len,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(format!("breaks off after {got} bytes: {error}")),
        };
        got += len as u64;
        if got > limit {
            return Err(too_long(got));
        }
        if len == 0 {
            return match length {
                Some(length) if got < length => Err(format!("breaks off after {got} bytes of {length}")),
                _ => Ok(()),
            };
        }
        lot.truncate(len);
        if sender.send(Ok(lot)).is_err() {
            return Ok(());
        }
    }
}
