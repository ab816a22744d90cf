//! The board in the emulator against a server of this process: drivers, network, files, exit codes. `cargo xtask test`
//! builds the image and says where it is.

use core::net::Ipv4Addr;
use core::time::Duration;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::thread::{self, JoinHandle};

/// Mutant: the body not sent; `length` one off in the driver's transmit command.
#[test]
fn posts_a_file_and_exits_with_success() {
    let file = std::env::temp_dir().join(format!("firmware-body-{}", std::process::id()));
    std::fs::write(&file, "told to the guest").unwrap();
    let (port, server) = serve(|mut stream| {
        let request = read_until(&mut stream, "told to the guest");
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        request
    });
    let guest = start(&["--connect", &format!("10.0.2.2:{port}"), "--body", file.to_str().unwrap()]);
    let output = guest.wait_with_output().unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(code(&output), 0, "{output:?}");
    assert!(server.join().unwrap().starts_with("POST /smoke HTTP/1.1\r\n"));
    let printed = String::from_utf8(output.stdout).unwrap();
    let events: Vec<_> = printed.lines().map(event).collect();
    assert_eq!(events, ["connected", "sent", "reply"]);
}

/// Mutant: the address ignored (the guest then asks DHCP and gets 10.0.2.15).
#[test]
fn takes_a_fixed_address() {
    let (port, server) = serve(|mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        read_until(&mut stream, "\r\n\r\n")
    });
    let guest = start(&["--connect", &format!("10.0.2.2:{port}"), "--address", "10.0.2.77/24", "--figures"]);
    let output = guest.wait_with_output().unwrap();
    assert_eq!(code(&output), 0);
    assert!(String::from_utf8(output.stdout).unwrap().contains(r#""address":"10.0.2.77/24""#));
    server.join().unwrap();
}

/// Mutant: only the first read of the answer looked at.
#[test]
fn takes_an_answer_byte_by_byte() {
    let (port, server) = serve(|mut stream| {
        stream.set_nodelay(true).unwrap();
        let request = read_until(&mut stream, "\r\n\r\n");
        for byte in b"HTTP/1.1 200 OK\r\n\r\n" {
            // The guest needs no more than the first line, so it may be gone before the end.
            let _ = stream.write_all(&[*byte]);
            thread::yield_now();
        }
        request
    });
    let guest = start(&["--connect", &format!("10.0.2.2:{port}")]);
    assert_eq!(code(&guest.wait_with_output().unwrap()), 0);
    server.join().unwrap();
}

/// Mutant: the exit status not handed to the emulator's exit call.
#[test]
fn tells_refused_from_not_reached_from_unknown() {
    let (port, server) = serve(|mut stream| {
        stream.write_all(b"HTTP/1.1 402 Payment Required\r\n\r\n").unwrap();
        read_until(&mut stream, "\r\n\r\n")
    });
    let refused = start(&["--connect", &format!("10.0.2.2:{port}")]);
    assert_eq!(code(&refused.wait_with_output().unwrap()), 2);
    server.join().unwrap();

    let (port, server) = serve(|mut stream| read_until(&mut stream, "\r\n\r\n"));
    let unknown = start(&["--connect", &format!("10.0.2.2:{port}")]);
    assert_eq!(code(&unknown.wait_with_output().unwrap()), 3);
    server.join().unwrap();

    // Bound and closed again: nobody listens there.
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let not_reached = start(&["--connect", &format!("10.0.2.2:{closed}")]);
    assert_eq!(code(&not_reached.wait_with_output().unwrap()), 1);
}

/// The cable is pulled while the guest waits for an answer that never comes. Mutant: the PHY's interrupt not enabled
/// (the guest then waits until its own time limit of a minute).
#[test]
fn notices_at_once_that_the_cable_was_pulled() {
    let (sender, arrived) = std::sync::mpsc::channel();
    let (port, server) = serve(move |mut stream| {
        let request = read_until(&mut stream, "\r\n\r\n");
        sender.send(()).unwrap();
        // The guest is gone when this ends; the connection was never answered.
        let _ = stream.read(&mut [0]);
        request
    });
    let mut guest = start_with(&["--connect", &format!("10.0.2.2:{port}")], "stdio");
    arrived.recv_timeout(PATIENCE).expect("the guest asks");
    // Any packet would make the guest look at the link; wait until there are none.
    thread::sleep(Duration::from_secs(2));
    guest.stdin.take().unwrap().write_all(b"set_link n0 off\n").unwrap();
    let output = guest.wait_with_output().unwrap();
    assert_eq!(code(&output), 3);
    let printed = String::from_utf8(output.stdout).unwrap();
    // The times are the guest's own: from the pulled cable to the end, not how fast this machine is.
    let at = |name: &str| printed.lines().find(|line| line.contains(name)).map(at_ms).expect(name);
    assert!(at("no answer") - at("sent") < 50_000, "{printed}");
    server.join().unwrap();
}

/// Mutant: the message printed with the place; the handler not reached (the emulator would go on for ever).
#[test]
fn a_panic_names_its_place_and_nothing_else() {
    let (port, server) = serve(|mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        read_until(&mut stream, "\r\n\r\n")
    });
    let output = start(&["--connect", &format!("10.0.2.2:{port}"), "--panic"]).wait_with_output().unwrap();
    assert_eq!(code(&output), 101);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains(r#"{"event":"panic","file":"src/program.rs","line":"#), "{printed}");
    assert!(!printed.contains("as asked"));
    server.join().unwrap();
}

/// Longer than any machine takes to start a guest.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server for one connection; the answer is what `talk` returned.
fn serve<T: Send + 'static>(talk: impl FnOnce(TcpStream) -> T + Send + 'static) -> (u16, JoinHandle<T>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (port, thread::spawn(move || talk(listener.accept().unwrap().0)))
}

fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut byte = [0];
    while !text.ends_with(end) && stream.read(&mut byte).unwrap() == 1 {
        text.push(char::from(byte[0]));
    }
    text
}

fn start(words: &[&str]) -> Child {
    start_with(words, "none")
}

/// The emulator; a monitor at "stdio" takes commands from its standard input.
fn start_with(words: &[&str], monitor: &str) -> Child {
    let image = std::env::var_os("FIRMWARE_IMAGE").expect("FIRMWARE_IMAGE is not set: run `cargo xtask test`");
    let words: String = words.iter().map(|word| format!(",arg={word}")).collect();
    Command::new("qemu-system-arm")
        .args(["-M", "mps2-an386", "-display", "none", "-monitor", monitor, "-serial", "none"])
        .args(["-nic", "user,id=n0,model=lan9118", "-semihosting-config"])
        .arg(format!("enable=on,target=native,arg=kiosk{words}"))
        .arg("-kernel")
        .arg(image)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("qemu-system-arm: run `cargo xtask test`, which says what is missing")
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("the emulator was killed: {output:?}"))
}

/// The value of "event" in a printed line.
fn event(line: &str) -> &str {
    line.split(r#"{"event":""#).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or(line)
}

/// The value of "at_ms" in a printed line.
fn at_ms(line: &str) -> u64 {
    let digits = line.split(r#""at_ms":"#).nth(1).and_then(|rest| rest.split('}').next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("no time in {line}"))
}
