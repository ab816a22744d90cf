//! `cargo xtask picture`: the picture in the README, a recording of `pay demo` and of a kiosk's screen.
//!
//! The programs run as anybody would run them, against a sandbox and a backend on this machine. Each line that they print appears in the
//! picture at its time. Tests of `pay` and `kiosk` compare its texts with what the programs print now.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::built::{Built, executables};
use crate::command::{cargo, output};
use crate::workspace;

/// Where it is.
const FILE: &str = "docs/demo.svg";

/// Columns of a pane, and pixels of a character.
const COLUMNS: usize = 62;
const WIDTH: usize = 8;
const HEIGHT: usize = 16;
/// Between panes, and around all.
const GAP: usize = 16;

/// What one program printed, and when.
struct Pane {
    /// Its class in the picture, by which the tests find its lines.
    class: &'static str,
    title: &'static str,
    lines: Vec<(u128, String)>,
}

/// Runs both programs and writes the picture.
pub(crate) fn run() -> Result<()> {
    let build =
        ["build", "--message-format=json", "-p", "pay", "-p", "backend", "-p", "kiosk", "--features", "kiosk/host"];
    let built = executables(&output(cargo(build).stderr(Stdio::inherit()))?);
    let program = |name: &str| -> Result<Command> {
        let found = built.iter().find(|Built { name: its, .. }| its == name).context("cargo built no such program")?;
        Ok(Command::new(&found.path))
    };
    let dir = workspace::target("picture");
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir)?;
    let at = |name: &str| dir.join(name).display().to_string();

    let demo = program("pay")?.arg("demo").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let demo = Pane {
        class: "pay",
        title: "cargo run --release -p pay -- demo",
        lines: recorded(demo, |it| it.stdout.take())?,
    };

    let (sandbox, line) =
        Server::start(program("pay")?.args(["sandbox", "--settle-after-ms", "2000", "--dir", &at("")]))?;
    fs::write(dir.join("keys.json"), line.to_string())?;
    let gateway = line["url"].as_str().context("no URL of the sandbox")?;
    let (backend, line) = Server::start(
        program("backend")?
            .args([
                "--listen",
                "127.0.0.1:0",
                "--gateway",
                gateway,
                "--gateway-ca",
                &at("ca.pem"),
                "--keys",
                &at("keys.json"),
            ])
            .args(["--limits", "sandbox", "--dir", &at("state"), "--new-token-file", &at("token")]),
    )?;
    let shop = line["url"].as_str().context("no URL of the backend")?;
    let kiosk = program("kiosk")?
        .args(["--connect", host(gateway)?, "--server-name", "localhost", "--ca", &at("ca.der")])
        .args([
            "--status-connect",
            host(shop)?,
            "--status-server-name",
            "localhost",
            "--status-ca",
            &at("state/backend-ca.der"),
        ])
        .args(["--device-token-file", &at("token"), "--amount", "10.15", "--method", "upi-link"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let kiosk = Pane { class: "kiosk", title: "the screen of a kiosk", lines: recorded(kiosk, |it| it.stderr.take())? };
    drop((backend, sandbox));

    let picture = drawn(&[demo, kiosk]);
    fs::write(workspace::root().join(FILE), &picture)?;
    println!("{FILE}: {} bytes", picture.len());
    Ok(())
}

/// A program that runs until it is dropped.
struct Server(Child);

impl Server {
    /// And the line of JSON that says that it is ready.
    fn start(command: &mut Command) -> Result<(Self, Value)> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let out = child.stdout.take().context("no standard output")?;
        let server = Self(child);
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        Ok((server, serde_json::from_str(&line).context("a server did not start")?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `127.0.0.1:8443` of `https://127.0.0.1:8443/pg`.
fn host(url: &str) -> Result<&str> {
    url.split('/').nth(2).with_context(|| format!("{url} is no URL"))
}

/// The lines of one of its outputs, each with the milliseconds since its start.
fn recorded<R: Read>(mut child: Child, of: impl Fn(&mut Child) -> Option<R>) -> Result<Vec<(u128, String)>> {
    let begun = Instant::now();
    let out = BufReader::new(of(&mut child).context("no output")?);
    let lines = out.lines().map(|line| Ok((begun.elapsed().as_millis(), line?))).collect::<Result<_>>()?;
    let status = child.wait()?;
    ensure!(status.success(), "a program ended with {status}");
    Ok(lines)
}

fn drawn(panes: &[Pane]) -> String {
    let rows = panes.iter().map(|pane| pane.lines.len()).max().unwrap_or(0);
    let pane_width = COLUMNS * WIDTH;
    let (width, height) = (panes.len() * (pane_width + GAP) + GAP, (rows + 2) * HEIGHT + 2 * GAP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-size=\"13\" \
         font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,monospace\">\n\
         <style>g{{animation:appear 1ms backwards}}@keyframes appear{{from{{visibility:hidden}}}}\
         path{{shape-rendering:crispEdges}}text{{fill:#d8dee9;white-space:pre}}.title{{fill:#88c0d0}}</style>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#1d2129\"/>\n"
    );
    for (index, pane) in panes.iter().enumerate() {
        let left = GAP + index * (pane_width + GAP);
        let _ =
            writeln!(svg, "<text class=\"title\" x=\"{left}\" y=\"{}\">{}</text>", GAP + HEIGHT, escaped(pane.title));
        for (row, (ms, line)) in pane.lines.iter().enumerate() {
            let top = GAP + (row + 2) * HEIGHT;
            let what = match code(line) {
                Some((chars, light)) => squares(&chars, light, left, top),
                None => label(line, pane.class, left, top),
            };
            if !what.is_empty() {
                let _ = writeln!(svg, "<g style=\"animation-delay:{ms}ms\">{what}</g>");
            }
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// A line of a QR code without its colours, and whether a full block is light.
fn code(line: &str) -> Option<(Vec<char>, bool)> {
    const LIGHT_ON_DARK: &str = "\x1b[97;40m";
    let light = line.starts_with(LIGHT_ON_DARK);
    let plain = line.trim_start_matches(LIGHT_ON_DARK).trim_end_matches("\x1b[0m");
    let is_code = plain.chars().count() >= 21 && plain.chars().all(|c| matches!(c, ' ' | '█' | '▀' | '▄'));
    is_code.then(|| (plain.chars().collect(), light))
}

/// Both halves of each character: white, and what is dark on it.
fn squares(chars: &[char], light: bool, left: usize, top: usize) -> String {
    let half = HEIGHT / 2;
    let mut dark = String::new();
    for (row, full) in [['█', '▀'], ['█', '▄']].iter().enumerate() {
        let y = top + row * half;
        let mut x = 0;
        for run in chars.chunk_by(|a, b| full.contains(a) == full.contains(b)) {
            if full.contains(&run[0]) != light {
                let _ = write!(dark, "M{} {y}h{}v{half}h-{}z", left + x * WIDTH, run.len() * WIDTH, run.len() * WIDTH);
            }
            x += run.len();
        }
    }
    let width = chars.len() * WIDTH;
    format!("<path fill=\"#fff\" d=\"M{left} {top}h{width}v{HEIGHT}h-{width}z\"/><path d=\"{dark}\"/>")
}

/// A line of text, as wide as a terminal has it, whatever font is there.
fn label(line: &str, class: &str, left: usize, top: usize) -> String {
    let shown: String = line.chars().take(COLUMNS).collect();
    if shown.trim().is_empty() {
        return String::new();
    }
    format!(
        "<text class=\"{class}\" x=\"{left}\" y=\"{}\" textLength=\"{}\" xml:space=\"preserve\">{}</text>",
        top + HEIGHT - 4,
        shown.chars().count() * WIDTH,
        escaped(&shown)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Meant to notice: a kiosk's code drawn as a negative, which no phone reads.
    #[test]
    fn dark_is_dark_whatever_a_block_stands_for() {
        let of = |line: &str| code(line).map(|(chars, light)| squares(&chars, light, 0, 0));
        let on_white = of(&format!("█▀▄{}", " ".repeat(18))).unwrap();
        let on_black = of(&format!("\x1b[97;40m ▄▀{}\x1b[0m", "█".repeat(18))).unwrap();
        assert_eq!(on_white, on_black);
        assert!(on_white.ends_with("d=\"M0 0h16v8h-16zM0 8h8v8h-8zM16 8h8v8h-8z\"/>"), "{on_white}");
        assert!(of("   paid   ").is_none() && of("").is_none());
        assert_eq!(label("a<b", "pay", 0, 0).matches("a&lt;b").count(), 1);
    }
}
