//! A plain HTTP exchange, to see that the board and the network stack work before any payment does.

use core::fmt::Write;

use embassy_net::tcp::TcpSocket;
use embassy_net::{IpEndpoint, Stack};
use embassy_time::{Duration, Instant};

use crate::program::fail;
use crate::semihosting::{self, Stdout};

/// Posts the host's file `--body FILE` to `--connect ADDRESS:PORT`. 0 if the answer says 200, 2 if it says anything
/// else, 3 if none came, 1 if nothing could be sent.
pub async fn run<'a>(stack: Stack<'static>, words: impl Iterator<Item = &'a str> + Clone) -> u8 {
    let value_of = |name| words.clone().skip_while(|word| *word != name).nth(1);
    let Some(server) = value_of("--connect") else { return fail("no --connect") };
    let Ok(server) = server.parse::<core::net::SocketAddrV4>() else { return fail("--connect: not ADDRESS:PORT") };
    let mut file = [0; 512];
    let body = match value_of("--body").map(|path| semihosting::read_file(path, &mut file)) {
        None => &[],
        Some(Ok(bytes)) => &*bytes,
        Some(Err(error)) => return fail(format_args!("--body: {error}")),
    };
    let (mut rx, mut tx) = ([0; 2048], [0; 1024]);
    let mut socket = TcpSocket::new(stack, &mut rx, &mut tx);
    socket.set_timeout(Some(Duration::from_secs(60)));
    if socket.connect(IpEndpoint::from(server)).await.is_err() {
        return fail("cannot connect");
    }
    step("connected");
    let mut head = heapless::String::<128>::new();
    let (length, now) = (body.len(), semihosting::unix_seconds());
    let written =
        write!(head, "POST /smoke HTTP/1.1\r\nhost: smoke\r\ncontent-length: {length}\r\nx-now: {now}\r\n\r\n");
    if written.is_err() {
        return fail("the head does not fit");
    }
    if write_all(&mut socket, head.as_bytes()).await.is_err() || write_all(&mut socket, body).await.is_err() {
        return UNKNOWN;
    }
    step("sent");
    let mut answer = [0; 64];
    let mut used = 0;
    while used < answer.len() && !answer[..used].contains(&b'\n') {
        match socket.read(&mut answer[used..]).await {
            Ok(0) | Err(_) => break,
            Ok(more) => used += more,
        }
    }
    let Some(line) = answer[..used].split(|byte| *byte == b'\r').next().filter(|line| line.len() < used) else {
        step("no answer");
        return UNKNOWN;
    };
    step("reply");
    if line.starts_with(b"HTTP/1.1 200") { 0 } else { REFUSED }
}

const REFUSED: u8 = 2;
const UNKNOWN: u8 = 3;

fn step(event: &str) {
    let at = Instant::now().as_millis();
    let _ = writeln!(Stdout::new(), r#"{{"event":"{event}","at_ms":{at}}}"#);
}

async fn write_all(socket: &mut TcpSocket<'_>, mut bytes: &[u8]) -> Result<(), embassy_net::tcp::Error> {
    while !bytes.is_empty() {
        let written = socket.write(bytes).await?;
        bytes = &bytes[written..];
    }
    socket.flush().await
}
