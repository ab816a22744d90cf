//! The program itself, and what it lets out.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::child::Guard;
use crate::shop::{agent_of, order};

// Mutants: printing the request's headers or the answer's body as a notice; storing the token itself; `not_ours` with
// the body in it.
#[test]
fn it_serves_and_keeps_its_secrets() {
    let gateway = sandbox::Server::start(sandbox::Config::default()).expect("a sandbox");
    let dir = std::env::temp_dir().join(format!("backend-{}-program", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(dir.join("state")).expect("a directory");
    fs::write(dir.join("gateway.pem"), gateway.ca_pem()).expect("a file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_backend"))
        .args(["--listen", "127.0.0.1:0", "--gateway", gateway.url(), "--cap", "20"])
        .arg("--gateway-ca")
        .arg(dir.join("gateway.pem"))
        .arg("--dir")
        .arg(dir.join("state"))
        .arg("--new-token-file")
        .arg(dir.join("token"))
        .env("CASHFREE_CLIENT_ID", gateway.client_id())
        .env("CASHFREE_CLIENT_SECRET", gateway.client_secret())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map(Guard)
        .expect("the program");
    let mut out = BufReader::new(child.0.stdout.take().expect("stdout"));
    let mut text = String::new();
    out.read_line(&mut text).expect("a line");
    let ready: Value = serde_json::from_str(&text).expect("JSON");
    let url = ready["url"].as_str().expect("a URL");
    let ca = fs::read(ready["ca"].as_str().expect("a path")).expect("the authority");
    assert!(dir.join("state/backend-ca.der").exists());
    let token = fs::read_to_string(dir.join("token")).expect("a token");
    assert_eq!(token.len(), 64);

    let agent = agent_of(&ca);
    let send = |token: &str, path: &str, body: String| {
        let request = agent
            .post(format!("{url}{path}"))
            .header("authorization", format!("Bearer {token}"))
            .header("x-api-version", "2025-01-01")
            .header("content-type", "application/json");
        let mut reply = request.send(body).expect("an answer");
        (reply.status().as_u16(), reply.body_mut().read_to_string().expect("a body"))
    };
    let (status, body) = send(&token, "/orders", order("till-1", "10.15"));
    assert_eq!(status, 200, "{body}");
    let made: Value = serde_json::from_str(&body).expect("JSON");
    let session = made["payment_session_id"].as_str().expect("a session").to_owned();
    // Trouble makes programs talkative.
    let echo = sandbox::Fault::Replace { status: 500, body: format!("{{\"message\":\"{session}\"}}").into_bytes() };
    gateway.gateway().inject("GET /orders/*", 2, echo);
    assert_eq!(send("wrong-token-wrong-token", "/orders", order("till-2", "10.15")).0, 401);
    assert_eq!(send(&token, "/orders", order("till-2", "20.01")).0, 400);
    assert_eq!(send(&token, "/orders", order("till-1", "10.15")).0, 500);
    assert_eq!(send(&token, "/orders/till-1/release", r#"{"released":false}"#.into()).0, 200);

    let _ = child.0.kill();
    out.read_to_string(&mut text).expect("stdout");
    child.0.stderr.take().expect("stderr").read_to_string(&mut text).expect("stderr");
    for file in fs::read_dir(dir.join("state")).expect("the directory") {
        text += &String::from_utf8_lossy(&fs::read(file.expect("a file").path()).expect("its bytes"));
    }
    assert!(text.contains("till-1"), "the orders are among what is searched");
    for secret in [&token, gateway.client_secret(), &session, "wrong-token", "9999999999"] {
        assert!(!text.contains(secret), "a secret got out");
    }
    drop(child);
    fs::remove_dir_all(dir).expect("an end");
}

// Mutant: `println!` of the hash in place of the token.
#[test]
fn a_token_is_made_and_shown_once() {
    let dir = std::env::temp_dir().join(format!("backend-{}-token", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    let add = |name: &str| {
        let command =
            Command::new(env!("CARGO_BIN_EXE_backend")).args(["token", "add", name, "--dir"]).arg(&dir).output();
        let output = command.expect("the program");
        (output.status.success(), String::from_utf8(output.stdout).expect("text"))
    };
    let (ok, token) = add("kiosk-1");
    assert!(ok && token.trim().len() == 64);
    let files = fs::read_dir(&dir).expect("the folder").map(|file| fs::read(file.expect("a file").path()));
    let kept: String = files.map(|bytes| String::from_utf8_lossy(&bytes.expect("its bytes")).into_owned()).collect();
    assert!(kept.contains("kiosk-1") && !kept.contains(token.trim()));
    assert!(!add("kiosk-1").0 && !add("a b").0);
    assert_ne!(add("kiosk-2").1, token);
    fs::remove_dir_all(dir).expect("an end");
}

// Meant to notice: a mistyped folder that is made and has nothing to do; an error with a backtrace, or without what to do.
#[test]
fn a_mistake_is_one_line_that_says_what_to_do() {
    let dir = std::env::temp_dir().join(format!("backend-{}-nowhere", std::process::id()));
    let said = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backend"));
        command.args(args).arg("--dir").arg(&dir).env("RUST_BACKTRACE", "1").env_remove("BACKEND_DATABASE");
        let run = command.output().expect("the program");
        assert_eq!((run.status.code(), &*run.stdout), (Some(1), &b""[..]), "{args:?}");
        let said = String::from_utf8(run.stderr).expect("text");
        assert!(said.starts_with("error: ") && said.lines().count() == 1, "{args:?}: {said}");
        said
    };
    for args in [
        &["duties"][..],
        &["done", "order-1", "look", "--who", "asha", "--why", "looked"],
        &["forget", "--older-than", "90"],
        &["token", "list"],
        &["token", "revoke", "kiosk-1"],
        &["person", "list"],
        &["person", "remove", "asha"],
    ] {
        assert!(said(args).contains("is no backend's folder: it has no backend.sqlite"), "{args:?}");
        assert!(!dir.exists(), "{args:?}");
    }
    assert!(
        Command::new(env!("CARGO_BIN_EXE_backend"))
            .args(["token", "add", "kiosk-1", "--dir"])
            .arg(&dir)
            .output()
            .is_ok_and(|run| run.status.success())
    );
    assert!(said(&["token", "add", "kiosk-1"]).contains("choose another name"));
    fs::remove_dir_all(dir).expect("an end");
}

// Meant to notice: a command or an option that a shell or the manual does not know.
#[test]
fn completions_and_manual_have_its_commands_and_options() {
    let run = |args: &[&str]| {
        let run = Command::new(env!("CARGO_BIN_EXE_backend")).args(args).output().expect("the program");
        assert!(run.status.success() && run.stderr.is_empty(), "{args:?}: {run:?}");
        String::from_utf8(run.stdout).expect("text")
    };
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(&["completions", shell]);
        for word in ["reconcile", "gateway-ca", "older-than"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    // A shell takes it, and proposes what there is.
    let ask = "COMP_WORDS=(backend token re); COMP_CWORD=2; _backend backend re token; echo ${COMPREPLY[*]}";
    let script = format!("{}\n{ask}", run(&["completions", "bash"]));
    let bash = Command::new("bash").args(["-c", &script]).output().expect("bash");
    assert_eq!(String::from_utf8_lossy(&bash.stdout).trim(), "revoke", "{bash:?}");
    assert!(run(&["man"]).contains(".TH backend 1"));
    let dir = std::env::temp_dir().join(format!("backend-{}-man", std::process::id()));
    run(&["man", "--dir", dir.to_str().expect("a path")]);
    for (name, part) in
        [("backend", "gateway\\-ca"), ("backend-token-add", "direct"), ("backend-reconcile", "dry\\-run")]
    {
        let page = fs::read_to_string(dir.join(format!("{name}.1"))).expect(name);
        assert!(page.contains(part), "{name}: {page}");
    }
    fs::remove_dir_all(dir).expect("no folder");
}
