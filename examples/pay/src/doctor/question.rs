//! What is asked: the questions of `docs/unknowns.md`, and those that a first day at a gateway brings.

/// One question, with what the library takes for the answer.
#[derive(Debug)]
pub(super) struct Question {
    /// Its name in reports and in `docs/unknowns.md`.
    pub(super) id: &'static str,
    pub(super) asked: &'static str,
    pub(super) assumed: &'static str,
    /// The setting that the answer bears on.
    pub(super) setting: &'static str,
    pub(super) needs: Needs,
}

/// What must be given before it can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    Network,
    Keys,
    /// Keys, and a gateway where a test card charges nobody.
    TestCards,
    Backend,
    Hooks,
}

impl Needs {
    /// What to give, as a clause.
    pub(super) const fn lacking(self) -> &'static str {
        match self {
            Self::Network => "no connection came about",
            Self::Keys => "merchant keys are needed: set CASHFREE_CLIENT_ID and CASHFREE_CLIENT_SECRET, or give --keys",
            Self::TestCards => "merchant keys of a sandbox are needed: a card is sent to no other gateway",
            Self::Backend => "the merchant's backend is needed: give --status-url and a device token",
            Self::Hooks => "the address that the gateway calls is needed: give --hooks-url",
        }
    }
}

macro_rules! questions {
    ($($name:ident = $id:literal, $needs:ident: $asked:literal, $assumed:literal, $setting:literal;)*) => {
        $(pub(super) static $name: Question = Question {
            id: $id, asked: $asked, assumed: $assumed, setting: $setting, needs: Needs::$needs,
        };)*
        /// All of them, in the order of a report.
        pub(super) static ALL: &[&Question] = &[$(&$name),*];
    };
}

questions! {
    DNS = "dns", Network: "Which addresses does the gateway's host have?",
        "at least one of IPv4", "the network of a kiosk: embassy-net is built for IPv4";
    REACH = "reach", Network: "Can each of its addresses be connected to from here?",
        "yes", "the firewall: TCP to the gateway's port";
    CLOCK = "clock", Network: "How far apart are this machine's clock and the gateway's?",
        "at most 30 s", "the clock of this machine (NTP); certificates and expiry times go by it";
    TRUST = "tls.trust", Network: "Does the gateway's certificate chain end in a root that is trusted here?",
        "yes", "--ca, transport_std::Roots, transport_embassy::tls::Trust";
    TLS_VERSIONS = "tls.versions", Network: "Which TLS versions does it speak?",
        "1.3; a desktop takes 1.2 as well", "transport-embassy or a backend in between";
    TLS_SUITES = "tls.suites", Network: "Which cipher suites does it accept?",
        "TLS 1.3 with AES-128-GCM or ChaCha20", "features of transport-embassy: chacha20";
    TLS_GROUPS = "tls.groups", Network: "Which groups does it accept for the key exchange?",
        "P-256 or X25519", "features of transport-embassy: x25519";
    TLS_CHAIN = "tls.chain", Network: "Which certificates does it send?",
        "at most five, with RSA keys of 2048 to 4096 bits, P-256 or P-384", "features of transport-embassy: rsa, p384";
    TLS_KIOSK = "tls.kiosk", Network: "Can the kiosk's own TLS connect, with its features and buffers?",
        "yes", "features and tls::Buffers of transport-embassy";
    VERSIONS = "versions", Network: "Which API versions are answered?",
        "2022-09-01, 2023-08-01, 2025-01-01 and 2026-01-01", "--api-version, Terms::api_version";
    KEYS = "keys", Keys: "Are the keys of this environment?",
        "yes", "--keys, --gateway";
    S2S = "flag.s2s", Keys: "Is Order Pay (server to server) enabled for the account?",
        "yes", "the account: ask the gateway for the S2S flag";
    CARDS = "flag.cards", TestCards: "Are cards enabled for Order Pay?",
        "yes", "the account: ask the gateway for the PCI DSS flag; --method";
    HINTS = "client.hints", Keys: "Is Order Pay answered without the x-client-* headers?",
        "yes; they are sent where configured", "Terms::client";
    REPEAT_SESSION = "repeat.session", Network: "Is x-idempotency-key honoured on Order Pay without merchant keys?",
        "no: a card is never sent again without keys", "Policy::repeats, Policy::repeat_charging";
    REPEAT_KEYS = "repeat.keys", Keys: "Is it honoured with merchant keys?",
        "yes", "Policy::repeats, Policy::repeat_charging";
    REPEAT_CHANGED = "repeat.changed", Keys: "What does another body under the same key get?",
        "422", "none: the library repeats only the same bytes";
    REPEAT_CONCURRENT = "repeat.concurrent", Keys: "What do two calls at once under one key get?",
        "one payment: the second call waits, or gets 409", "Policy::repeats";
    REPEAT_FAILURE = "repeat.failure", Keys: "Is a stored failure given again?",
        "yes: after a failure the library does not use the key again", "none: the sale asks after a failure";
    SESSION = "order.session", Keys: "Does each reading of an order give another session?",
        "it may: the newest is used", "none";
    TAGS = "order.tags", Keys: "Do order tags come back?",
        "yes", "Till::create: without them a lost answer to a creation ends as OrderTaken";
    FRAMING = "answer.framing", Network: "Do answers have a length, or come in chunks?",
        "one of the two", "none; an answer that ends with its connection costs a new connection each time";
    SIZE = "answer.size", Keys: "How long are answers?",
        "12 KiB for a QR, 4 KiB for all else, 16 KiB of head", "the buffer rx of a till";
    POD_QR = "answer.pod_qr", Keys: "What is the answer to podQrCode?",
        "an image, as for qrcode", "--method upi-pod-qrcode, Upi::PodQrCode";
    LIMIT_SESSION = "limit.session", Network: "What is the limit of Order Pay without merchant keys?",
        "30 calls a minute in the sandbox, 100 in production, for each address", "how many terminals share an address";
    LIMIT_KEYS = "limit.keys", Keys: "Do merchant keys change the limit of Order Pay?",
        "no", "whether tills send their keys with Order Pay";
    BACKEND = "backend", Backend: "Does the merchant's backend answer, and accept the device token?",
        "yes", "--status-url, --token-file";
    HOOKS = "backend.hooks", Hooks: "Can the webhook URL be reached?",
        "yes, and it refuses an unsigned webhook with 401", "the proxy before the backend, backend --listen-hooks";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    const UNKNOWNS: &str = include_str!("../../../../docs/unknowns.md");
    const DOCTOR: &str = include_str!("../../../../docs/doctor.md");

    // Mutant: a question without its row in docs/doctor.md.
    #[test]
    fn every_question_is_explained() {
        for question in ALL {
            assert!(DOCTOR.contains(&format!("`{}`", question.id)), "{} is not in docs/doctor.md", question.id);
        }
    }

    // Mutant: a renamed question.
    #[test]
    fn the_table_of_unknowns_names_questions_that_there_are() {
        let named = UNKNOWNS
            .lines()
            .skip_while(|line| !line.starts_with("|---"))
            .filter_map(|line| line.trim_end().strip_suffix('|')?.rsplit('|').next());
        let named: Vec<&str> = named.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
        assert!(named.len() > 10, "{named:?}");
        for id in named {
            assert!(ALL.iter().any(|question| question.id == id), "{id} is no question");
        }
    }
}
