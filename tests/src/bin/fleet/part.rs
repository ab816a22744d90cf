//! A process of the fleet: this program again, with words of its own; lines of JSON in and out.

use std::env;
use std::io::{BufRead, BufReader, Write, stdout};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::{self, JoinHandle};

use serde_json::Value;

pub struct Part {
    child: Child,
    stdin: Option<ChildStdin>,
    /// Reads what it says as it comes: a full pipe would stop it.
    said: Option<JoinHandle<Vec<Value>>>,
}

impl Part {
    /// Starts it; what it says when it is ready.
    pub fn start(name: &str, words: &Value) -> (Self, Value) {
        let program = env::current_exe().expect("this program");
        let mut child = Command::new(program)
            .args([name, &words.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("another process");
        let stdin = child.stdin.take();
        let mut lines = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("its first line");
        let said = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{name} did not start"));
        let lines = lines.lines().map_while(Result::ok);
        let rest = thread::spawn(|| lines.filter_map(|line| serde_json::from_str(&line).ok()).collect());
        (Self { child, stdin, said: Some(rest) }, said)
    }

    pub fn tell(&mut self, words: &Value) {
        let stdin = self.stdin.as_mut().expect("its input");
        writeln!(stdin, "{words}").expect("it listens");
    }

    /// Waits for its end; what it says until then. Those that serve end with their input.
    pub fn end(mut self) -> Vec<Value> {
        drop(self.stdin.take());
        let said = self.said.take().map(|said| said.join().expect("what it says"));
        let _ = self.child.wait();
        said.unwrap_or_default()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// Says a line to who started this process.
pub fn say(words: &Value) {
    let mut out = stdout().lock();
    writeln!(out, "{words}").and_then(|()| out.flush()).expect("standard output");
}

/// What `name` is among the words.
pub fn text<'w>(words: &'w Value, name: &str) -> &'w str {
    words[name].as_str().unwrap_or_else(|| panic!("no {name}"))
}

pub fn number(words: &Value, name: &str) -> u64 {
    words[name].as_u64().unwrap_or_else(|| panic!("no {name}"))
}
