//! Proxy settings of the environment do not count.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use super::server::{OK, Server, exchange};

const CHILD: &str = "TRANSPORT_STD_TEST_CHILD";

// Mutant: ureq's default agent in place of ours asks the proxy.
#[test]
fn proxies_are_ignored() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = proxy.local_addr().unwrap();
    let visits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&visits);
    // Hangs up on whoever comes.
    thread::spawn(move || {
        for _ in proxy.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "environment::child", "--nocapture"])
        .env(CHILD, "1")
        .env_remove("NO_PROXY")
        .env_remove("no_proxy");
    for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, format!("http://{address}"));
    }
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("exchanged"), "{text}");
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

/// Run by [`proxies_are_ignored`] in a process of its own; by itself it has nothing to show.
#[test]
fn child() {
    if std::env::var_os(CHILD).is_some() {
        assert_eq!(exchange(&mut Server::answering(OK).client()).unwrap().1, "{}");
        println!("exchanged");
    }
}
