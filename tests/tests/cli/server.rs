//! A small web server that can also misbehave.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the server does about a request.
#[derive(Clone)]
pub enum Answer {
    /// Sends this.
    Body(Vec<u8>),
    /// Sends the first bytes, but announces so many.
    Short(Vec<u8>, usize),
    /// Sends this without announcing a length.
    Unannounced(Vec<u8>),
    /// Sends these bytes of a longer body, and then nothing, but stays.
    Silent(Vec<u8>),
    /// Sends an error with this status.
    Status(u16),
    /// Sends the client elsewhere.
    Redirect(String),
    /// Sends what is no answer.
    Nonsense,
    /// Closes the connection.
    Close,
}

/// A server on this machine, as long as the tests run.
pub struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts one; `answer` is asked with the path of each request, without the first `/`.
    pub fn start(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (requests.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (log.clone(), answer.clone());
                // That a client hangs up is its own business.
                std::thread::spawn(move || drop(serve(stream, &log, &*answer)));
            }
        });
        Self { address, requests }
    }

    /// One that answers everything alike.
    pub fn always(answer: Answer) -> Self {
        Self::start(move |_| answer.clone())
    }

    /// Its address, without a `/` at the end.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The paths that were asked for since the last call.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

/// An address at which nobody listens.
pub fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<String>>,
    answer: &dyn Fn(&str) -> Answer,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let path = first.split_whitespace().nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
    log.lock().unwrap().push(path.clone());
    let mut send = |head: &str, body: &[u8]| {
        stream.write_all(format!("HTTP/1.1 {head}Connection: close\r\n\r\n").as_bytes())?;
        stream.write_all(body)?;
        stream.flush()
    };
    match answer(&path) {
        Answer::Body(body) => send(&format!("200 OK\r\nContent-Length: {}\r\n", body.len()), &body),
        Answer::Short(body, len) => send(&format!("200 OK\r\nContent-Length: {len}\r\n"), &body),
        Answer::Unannounced(body) => send("200 OK\r\n", &body),
        Answer::Silent(body) => {
            send(&format!("200 OK\r\nContent-Length: {}\r\n", body.len() + 1), &body)?;
            std::thread::sleep(std::time::Duration::from_secs(60));
            Ok(())
        }
        Answer::Status(status) => send(&format!("{status} So\r\nContent-Length: 2\r\n"), b"no"),
        Answer::Redirect(to) => send(&format!("302 There\r\nLocation: {to}\r\nContent-Length: 0\r\n"), b""),
        Answer::Nonsense => stream.write_all(b"220 mail.example ready\r\n"),
        Answer::Close => Ok(()),
    }
}
