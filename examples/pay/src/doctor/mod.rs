//! `pay doctor`: what nobody has published about the gateway, measured. Every call is paced below the published limits, the
//! one order that is made is closed in the end, and nothing of it can be paid.

mod access;
mod answer;
mod back;
mod finding;
mod kiosk;
mod limit;
mod network;
mod notes;
mod order;
mod pace;
mod question;
mod repeat;
mod report;
mod steps;
mod tls;
mod visit;
mod wire;

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use pay_core::model::{ApiVersion, OrderId, RequestId};
use pay_core::wire::{Auth, Call, Endpoint, Request};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use zeroize::Zeroizing;

use super::cli::DoctorArgs;
use super::console::Console;
use super::entropy::{now, random, unix_now};
use super::exit::Ending;
use super::gateway::{self, Gateway};
use super::patience;
use finding::{Finding, State};
use notes::{Answer, KeyKind, Notes, Step};
use pace::{Pace, WHOLE};
use question::{ALL, Needs};
use report::Visited;
use steps::{LIFE_S, Made};
use visit::Visit;
use wire::Server;

pub(super) fn run(console: Console, args: &DoctorArgs) -> anyhow::Result<Ending> {
    let gateway = Gateway::to(&args.to)?;
    if !gateway.is_test() && !args.production {
        bail!(
            "this host is no sandbox: with --production the doctor makes one order of Rs 1 there, which nobody can pay, \
             and closes it"
        );
    }
    let hooks = args.hooks_url.as_deref().map(|url| {
        Endpoint::parse(url, Auth::Session)
            .map_err(|_| anyhow!("--hooks-url must be https://host/path, with a port if need be"))
    });
    let hooks = hooks.transpose()?;
    let own = args.to.ca.as_deref().map(gateway::certificates).transpose()?;
    let mut file = args
        .report
        .as_ref()
        .map(|path| File::create(path).with_context(|| format!("the file {} cannot be written", path.display())))
        .transpose()?;

    // Ctrl-C ends the visit; the order is closed all the same.
    patience::wait_in_order();
    let (begun, started) = (unix_now(), now());
    let trusted = Trusted { roots: wire::roots(own.as_deref())?, own };
    let mut made = None;
    let mut visit = begin(&gateway, &trusted)?;
    let result = ask_all(&mut visit, &gateway, &trusted, hooks.as_ref(), &mut made, console);
    let stopped = visit.is_over();
    if let Some(made) = &mut made {
        steps::close(&mut visit, made);
    }
    result?;

    let findings = findings(&visit.notes, given(&gateway, &visit, hooks.is_some()), stopped);
    let visited = Visited {
        host: gateway.pay.host(),
        environment: if gateway.is_test() { "sandbox" } else { "production" },
        api_version: gateway.version.as_str(),
        unix_s: begun.0,
        took_s: now().since(started) / 1000,
        order: made.as_ref(),
        stopped,
        problem: problem(made.as_ref(), stopped),
    };
    let mut value = report::report(&visited, &findings, &visit.notes.exchanges);
    report::scrub(&mut value, &secrets(&gateway, &visit.notes));
    if let Some(file) = &mut file {
        let written = serde_json::to_writer_pretty(&mut *file, &value).map_err(Into::into);
        written.and_then(|()| writeln!(file)).context("the report cannot be written")?;
    }
    console.answer(&value);
    if !console.is_json() {
        tell(console, &value, &findings, &secrets(&gateway, &visit.notes));
    }
    Ok(visited.problem.map_or(Ending::Done, Ending::NotSent))
}

/// Whom to trust.
struct Trusted {
    roots: Arc<RootCertStore>,
    /// The certificates of `--ca`.
    own: Option<Vec<CertificateDer<'static>>>,
}

fn begin(gateway: &Gateway, trusted: &Trusted) -> anyhow::Result<Visit> {
    let auth = gateway.pay.auth().clone();
    let keys = match &auth {
        Auth::Merchant { client_id, .. } => Some(key_kind(client_id.as_str())),
        _ => None,
    };
    Ok(Visit {
        server: Server::new(&gateway.pay, Arc::clone(&trusted.roots))?,
        auth,
        notes: Notes { keys, is_test: gateway.is_test(), ..Notes::default() },
        pace: Pace::new(gateway.is_loopback()),
        end: now().after(u32::try_from(WHOLE.as_millis())?),
        hinted: false,
        opened: false,
    })
}

/// The sandbox's client ids begin with TEST.
fn key_kind(client_id: &str) -> KeyKind {
    match client_id {
        id if id.starts_with("TEST") => KeyKind::Sandbox,
        id if id.bytes().all(|byte| byte.is_ascii_hexdigit()) => KeyKind::Production,
        _ => KeyKind::Unclear,
    }
}

fn ask_all(
    visit: &mut Visit,
    gateway: &Gateway,
    trusted: &Trusted,
    hooks: Option<&Endpoint>,
    made: &mut Option<Made>,
    console: Console,
) -> anyhow::Result<()> {
    let spinner = console.spin("Looking at the network");
    visit.notes.network = network::look(&visit.server);
    if visit.notes.network.is_reached() && visit.is_over().is_none() {
        spinner.set("Looking at TLS");
        visit.notes.tls = tls::look(&visit.server);
        visit.notes.kiosk = Some(kiosk::look(&visit.server, trusted.own.as_deref()));
        spinner.set("Asking the gateway");
        if visit.auth.has_keys() {
            steps::with_account(visit, gateway.version, made)?;
        }
        if visit.notes.success(Step::Create).is_err() {
            steps::without_account(visit, gateway.version)?;
        }
    }
    if let Some(backend) = &gateway.ask {
        spinner.set("Asking the backend");
        let result = ask_backend(backend, trusted, gateway.version)?;
        visit.note(Step::Backend, result);
    }
    if let Some(hooks) = hooks {
        let result = send_hook(hooks, trusted)?;
        visit.note(Step::Hook, result);
    }
    Ok(())
}

/// Asks the backend about an order that nobody has.
fn ask_backend(backend: &Endpoint, trusted: &Trusted, version: ApiVersion) -> anyhow::Result<Result<Answer, String>> {
    let server = Server::new(backend, Arc::clone(&trusted.roots))?;
    let order_id = OrderId::mint("doctor", random()?)?;
    let request = Request::new(Call::ReadOrder(&order_id), version, RequestId::from_random(random()?));
    let bytes = server.encode(&request, backend.auth());
    Ok(server.open().and_then(|mut line| line.exchange(&bytes)))
}

/// A webhook without a signature: nothing comes of it but an answer.
fn send_hook(hooks: &Endpoint, trusted: &Trusted) -> anyhow::Result<Result<Answer, String>> {
    let server = Server::new(hooks, Arc::clone(&trusted.roots))?;
    let headers = [("content-type", "application/json")].into_iter();
    let bytes = server.encode_raw("POST", hooks.base_path(), headers, b"{}");
    Ok(server.open().and_then(|mut line| line.exchange(&bytes)))
}

/// What was given to ask with.
fn given(gateway: &Gateway, visit: &Visit, hooks: bool) -> impl Fn(Needs) -> bool {
    let (keys, is_test, backend) = (visit.auth.has_keys(), gateway.is_test(), gateway.ask.is_some());
    move |needs| match needs {
        Needs::Network => true,
        Needs::Keys => keys,
        Needs::TestCards => keys && is_test,
        Needs::Backend => backend,
        Needs::Hooks => hooks,
    }
}

/// Every question once, each with what was learned or why not.
fn findings(notes: &Notes, given: impl Fn(Needs) -> bool, stopped: Option<&str>) -> Vec<Finding> {
    let mut judged = network::judge(&notes.network);
    judged.extend(notes.tls.iter().flat_map(tls::judge));
    judged.extend(notes.kiosk.as_ref().map(kiosk::judge));
    for judge in [access::judge, repeat::judge, order::judge, answer::judge, limit::judge, back::judge] {
        judged.extend(judge(notes));
    }
    let refused = [Step::PayHints, Step::PaySession, Step::Create].into_iter().find_map(|step| {
        let answer = notes.answer(step).ok().filter(|answer| !answer.is_success())?;
        Some(format!("{} was refused ({})", step.name(), answer.said()))
    });
    ALL.iter()
        .map(|question| {
            let at = judged.iter().position(|finding| core::ptr::eq(finding.question, *question));
            let mut finding = at.map_or_else(|| question.not_learned(""), |at| judged.swap_remove(at));
            if finding.state == State::NotLearned && finding.came.is_empty() {
                let why = if !given(question.needs) {
                    question.needs.lacking()
                } else if let Some(stopped) = stopped {
                    stopped
                } else {
                    refused.as_deref().unwrap_or(Needs::Network.lacking())
                };
                finding.came = why.to_owned();
            }
            finding
        })
        .collect()
}

/// What must not be told: keys, tokens, sessions.
fn secrets(gateway: &Gateway, notes: &Notes) -> Vec<Zeroizing<String>> {
    let mut secrets = Vec::new();
    for endpoint in core::iter::once(&gateway.pay).chain(&gateway.ask) {
        let request = Request::new(Call::CreateOrder, gateway.version, RequestId::from_random([0; 16]));
        let hidden = ["x-client-id", "x-client-secret", "authorization"];
        let values = request.headers(endpoint.auth()).filter(|(name, _)| hidden.contains(name)).map(|(_, value)| value);
        secrets.extend(values.map(|value| Zeroizing::new(value.trim_start_matches("Bearer ").to_owned())));
    }
    secrets.extend(notes.answers().filter_map(|(_, answer)| order::session_of(answer)));
    secrets
}

fn tell(console: Console, value: &Value, findings: &[Finding], secrets: &[Zeroizing<String>]) {
    for finding in findings {
        let mut text = Value::String(finding.to_text());
        report::scrub(&mut text, secrets);
        console.say(text.as_str().unwrap_or_default());
    }
    console.say(&format!(
        "\n{} as assumed, {} otherwise, {} not learned, in {} s and {} calls.",
        value["as_assumed"],
        value["otherwise"],
        value["not_learned"],
        value["took_s"],
        value["calls"].as_array().map_or(0, Vec::len)
    ));
}

/// Why it ends with 1, although it has a report.
fn problem(made: Option<&Made>, stopped: Option<&str>) -> Option<String> {
    match (made, stopped) {
        (Some(made), _) if !made.closed => Some(format!(
            "Order {} over Rs 1 could not be closed; nobody has its code, and it expires within {} minutes.",
            made.order_id,
            LIFE_S / 60
        )),
        (_, Some(stopped)) if patience::is_interrupted() => Some(format!("Not everything was asked: {stopped}.")),
        _ => None,
    }
}
