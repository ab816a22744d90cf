//! The emulator as a child of the test.

use core::time::Duration;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

#[path = "../../src/provision.rs"]
mod provision;

/// Longer than any machine takes for one run.
const PATIENCE: Duration = Duration::from_secs(900);

/// A running kiosk. It is killed when dropped.
pub(crate) struct Guest {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    monitor: PathBuf,
    page: Option<PathBuf>,
}

/// The kiosk's image, in a directory that has the machine's name; the machine's other programs are beside it.
pub(crate) fn image() -> PathBuf {
    std::env::var_os("FIRMWARE_IMAGE").expect("FIRMWARE_IMAGE is not set: run `cargo xtask test`").into()
}

/// The kiosk of the desktop, which writes a board's page.
fn kiosk() -> PathBuf {
    std::env::var_os("KIOSK").expect("KIOSK is not set: run `cargo xtask test`").into()
}

/// The machine that an image is for.
pub(crate) fn machine_of(image: &Path) -> &str {
    image.parent().and_then(Path::file_name).and_then(OsStr::to_str).expect("the directory of a machine")
}

/// The same program for another machine.
pub(crate) fn image_for(machine: &str) -> PathBuf {
    let image = image();
    image.parent().unwrap().with_file_name(machine).join(image.file_name().unwrap())
}

/// How a kiosk ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) lines: Vec<String>,
}

impl Guest {
    pub(crate) fn start(words: &[String]) -> Self {
        Self::start_with(words, &[])
    }

    /// With more words for the emulator.
    pub(crate) fn start_with(words: &[String], more: &[String]) -> Self {
        Self::start_image(&image(), words, more)
    }

    /// Another image, for the machine that it is for. A kiosk gets a page for what is not for the board.
    pub(crate) fn start_image(image: &Path, words: &[String], more: &[String]) -> Self {
        if image.file_name() != Some(OsStr::new("firmware")) {
            return Self::start_board(image, words, more);
        }
        let page = scratch("page");
        let (words, mut write_page) = provision::provision(&kiosk(), &page, words);
        let written = write_page.output().expect("the kiosk of the desktop");
        assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
        let mut guest = Self::start_board(image, &words, more);
        guest.page = Some(page);
        guest
    }

    /// The board alone, with these words for it.
    pub(crate) fn start_board(image: &Path, words: &[String], more: &[String]) -> Self {
        let mut semihosting = String::from("enable=on,target=native,arg=kiosk");
        for word in words {
            assert!(!word.contains([' ', ',']), "{word}");
            semihosting.push_str(&format!(",arg={word}"));
        }
        let monitor = scratch("monitor");
        let machine = machine_of(image);
        let parts: [&str; 2] = match machine {
            // It has no network. The stack and the buffers of a handshake take more than the RAM that it has.
            "microbit" => ["-global", "nrf51-soc.sram-size=131072"],
            _ => ["-nic", "user,id=n0,model=lan9118"],
        };
        let mut child = Command::new("qemu-system-arm")
            .args(["-M", machine, "-display", "none", "-serial", "none"])
            .args(parts)
            .args(["-monitor", &format!("unix:{},server,nowait", monitor.display())])
            .args(["-semihosting-config", &semihosting])
            .args(more)
            .arg("-kernel")
            .arg(image)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("qemu-system-arm: run `cargo xtask test`, which says what is missing");
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let stderr = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                // A packet for a board that does not listen yet, or has no room for it: it comes again, and no test fails of it.
                if !line.contains("Slirp: Failed to send packet") {
                    eprintln!("{line}");
                }
            }
        });
        Self { child, lines, seen: Vec::new(), monitor, page: None }
    }

    /// Waits for a line with this in it.
    pub(crate) fn wait_for(&mut self, part: &str) {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no {part:?} after {:#?}", self.seen));
            self.seen.push(line);
            if self.seen.last().is_some_and(|line| line.contains(part)) {
                return;
            }
        }
    }

    /// Waits until it has said so many lines, or has ended.
    pub(crate) fn wait_for_lines(&mut self, count: usize) {
        while self.seen.len() < count {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.seen.push(line),
                Err(_) => return,
            }
        }
    }

    /// Kills it now, as a power cut does. The answer is what it said.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.seen.extend(self.lines.iter());
        core::mem::take(&mut self.seen)
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Ended {
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.seen.push(line);
        }
        if let Ok(None) = self.child.try_wait() {
            // Standard output ends a moment before the process does.
            thread::sleep(Duration::from_secs(1));
        }
        let status = self.child.try_wait().unwrap().unwrap_or_else(|| panic!("never ends: {:#?}", self.seen));
        let code = status.code().unwrap_or_else(|| panic!("{status}: {:#?}", self.seen));
        Ended { code, lines: core::mem::take(&mut self.seen) }
    }

    /// Gives the emulator commands, one after the other, and waits until each is done.
    pub(crate) fn monitor(&self, commands: &[&str]) {
        let mut stream = UnixStream::connect(&self.monitor).expect("the monitor");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        for command in commands {
            prompt(&mut stream);
            stream.write_all(format!("{command}\n").as_bytes()).unwrap();
        }
        prompt(&mut stream);
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.monitor);
        self.page.as_ref().map(std::fs::remove_file);
    }
}

impl Ended {
    /// The kinds of events, in order.
    pub(crate) fn events(&self) -> Vec<&str> {
        let event = |line: &'_ str| line.split(r#"{"event":""#).nth(1)?.split('"').next().map(str::len);
        self.lines.iter().filter_map(|line| Some(&line[10..10 + event(line)?])).collect()
    }

    /// Ended so, or everything it said.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{:#?}", self.lines);
        self
    }

    pub(crate) fn said(&self, part: &str) -> bool {
        self.lines.iter().any(|line| line.contains(part))
    }
}

/// A path that no other test uses.
pub(crate) fn scratch(name: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("kiosk-{}-{count}-{name}", std::process::id()))
}

fn prompt(stream: &mut UnixStream) {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(b"(qemu) ") {
        assert_eq!(stream.read(&mut byte).expect("the monitor answers"), 1, "the monitor is gone");
        seen.push(byte[0]);
    }
}
