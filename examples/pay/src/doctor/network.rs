//! Names and addresses.

use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use super::finding::Finding;
use super::question::{DNS, REACH};
use super::wire::{CONNECT, Server, words};

/// No more addresses are tried.
const TRIED: usize = 8;

/// The addresses, and what came of connecting to each: milliseconds, or why not.
#[derive(Debug, Default)]
pub(super) struct Network {
    addresses: Vec<SocketAddr>,
    /// Why there are none.
    problem: Option<String>,
    connected: Vec<(SocketAddr, Result<u128, String>)>,
}

impl Network {
    /// Some address answers.
    pub(super) fn is_reached(&self) -> bool {
        self.connected.iter().any(|(_, result)| result.is_ok())
    }
}

pub(super) fn look(server: &Server) -> Network {
    let mut network = Network::default();
    match server.addresses() {
        Ok(addresses) => network.addresses = addresses,
        Err(error) => network.problem = Some(words(&error)),
    }
    network.addresses.sort();
    network.addresses.dedup();
    for address in network.addresses.iter().take(TRIED) {
        let start = Instant::now();
        let result = TcpStream::connect_timeout(address, CONNECT);
        let result = result.map(|_| start.elapsed().as_millis()).map_err(|error| words(&error));
        network.connected.push((*address, result));
    }
    network
}

pub(super) fn judge(network: &Network) -> Vec<Finding> {
    vec![dns(network), reach(network)]
}

fn dns(network: &Network) -> Finding {
    if let Some(problem) = &network.problem {
        return DNS.otherwise(
            format!("The name was not found: {problem}"),
            "Nothing can be sent: check the host's name, DNS and the cable",
        );
    }
    let six = network.addresses.iter().filter(|address| address.is_ipv6()).count();
    let four = network.addresses.len() - six;
    let came = format!("{four} of IPv4, {six} of IPv6");
    match (four, six) {
        (0, _) => DNS.otherwise(came, "A kiosk over embassy-net asks for IPv4 addresses only, and finds none"),
        (_, 0) => DNS.as_assumed(came, "A network with IPv6 only does not reach it"),
        _ => DNS.as_assumed(came, "Networks with either can reach it"),
    }
}

fn reach(network: &Network) -> Finding {
    if network.connected.is_empty() {
        return REACH.not_learned("the host has no address here");
    }
    let shown = network.connected.iter().map(|(address, result)| match result {
        Ok(ms) => format!("{} in {ms} ms", address.ip()),
        Err(why) => format!("{}: {why}", address.ip()),
    });
    let came = shown.collect::<Vec<_>>().join(", ");
    let failed: Vec<_> = network.connected.iter().filter(|(_, result)| result.is_err()).collect();
    if failed.is_empty() {
        return REACH.as_assumed(came, "No firewall blocks the port");
    }
    let others = failed.len() < network.connected.len();
    let only_six = failed.iter().all(|(address, _)| address.is_ipv6());
    REACH.otherwise(
        came,
        match (others, only_six) {
            (false, _) => "Nothing can be sent: a firewall, or the host is down",
            (true, true) => "IPv6 does not work here; the transports try IPv4 after 250 ms",
            (true, false) => "Connections take longer while the transports try the next address",
        },
    )
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    fn of(addresses: &[(&str, bool)]) -> Network {
        let parsed = addresses.iter().map(|(text, works)| {
            let address: SocketAddr = text.parse().unwrap();
            (address, if *works { Ok(3) } else { Err("refused".to_owned()) })
        });
        let connected: Vec<_> = parsed.collect();
        Network { addresses: connected.iter().map(|(address, _)| *address).collect(), problem: None, connected }
    }

    // Mutant: `(0, _)` without its arm.
    #[test]
    fn a_host_of_ipv6_alone_is_not_for_kiosks() {
        assert_eq!(dns(&of(&[("[::1]:443", true)])).state, State::Otherwise);
        assert_eq!(dns(&of(&[("[::1]:443", true), ("192.0.2.1:443", true)])).state, State::AsAssumed);
        let lost = Network { problem: Some("no such host".to_owned()), ..Network::default() };
        assert_eq!(dns(&lost).state, State::Otherwise);
        assert_eq!(reach(&lost).state, State::NotLearned);
    }

    #[test]
    fn what_does_not_get_through_is_told_by_its_kind() {
        let six = reach(&of(&[("[::1]:443", false), ("192.0.2.1:443", true)]));
        assert_eq!(six.state, State::Otherwise);
        assert!(six.means.contains("IPv6") && six.came.contains("192.0.2.1 in 3 ms"), "{six:?}");
        assert!(reach(&of(&[("192.0.2.1:443", false)])).means.contains("Nothing can be sent"));
        assert_eq!(reach(&of(&[("192.0.2.1:443", true)])).state, State::AsAssumed);
    }
}
