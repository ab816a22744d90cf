//! Webhooks as the gateway would send them: bodies in the shapes of each API version with values of our own, signed with Python's
//! `hmac` and `base64`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use pay_core::model::{ApiVersion, UnixSeconds};
use pay_core::wire::webhook::{Key, Keys};

pub(crate) const SECRET: &str = "a secret of the shop";

pub(crate) struct Vector {
    pub(crate) version: ApiVersion,
    pub(crate) name: &'static str,
    pub(crate) timestamp: &'static str,
    pub(crate) signature: &'static str,
    pub(crate) body: &'static [u8],
}

macro_rules! vectors {
    ($($version:ident $folder:literal: $($name:literal $timestamp:literal $signature:literal,)*)*) => {
        &[$($(Vector {
            version: ApiVersion::$version,
            name: $name,
            timestamp: $timestamp,
            signature: $signature,
            body: include_bytes!(concat!("bodies/", $folder, "/", $name, ".json")),
        },)*)*]
    };
}

/// Each event of each version. Two timestamps are in seconds, the others in milliseconds.
#[rustfmt::skip]
pub(crate) const VECTORS: &[Vector] = vectors! {
    V2022_09_01 "2022-09-01":
        "payment_success" "1795364400250" "paj393bz9XrHK6XnFnKamT2/v8MLrvMPjzJ8YRmdZE8=",
        "payment_failed" "1795364401250" "zpY6v6gpV/dTfbKpxqIKNKvF3dBHXhSosUixE6Zntc0=",
        "payment_user_dropped" "1795364402250" "c8dj8TdtI1vpsFFpy4pkzovXaa3joT/cXiSfFYURlKM=",
        "payment_charges" "1795364403250" "PrtKAcAsS02VT3dmP1xQmSjI82eNrGmW0BD/Qg5iL+o=",
        "refund_status" "1795364404250" "Sdx2JFsl9RkkQI8pOtgdCZCcD9dEbSeMFFMWTX7egJY=",
        "refund_success" "1795364405250" "ZvND3Juck+WaUeN59yJyIwh8h100VxElj2WoClKLiVI=",
        "auto_refund_status" "1795364406250" "bIQVJhAydI3BTDNJNs2JoLQDsoVdVZtKWXs4X9Fk7hY=",
    V2023_08_01 "2023-08-01":
        "payment_success" "1795364410" "RIjZs02jjccvgCl/y1VRm9zJ5/H16NFJ/MijIeSJlqg=",
        "payment_failed" "1795364411250" "Lz7yyrfqjcIkRmgHNsJTmIpyUQDEdzdAAVIu6/jifpI=",
        "payment_user_dropped" "1795364412250" "MwxpoM2fVlhhVqm7kLruUidSsEnvL1JDVxf/bCKTH2E=",
        "payment_charges" "1795364413250" "DYcXQUb2dR4LoCey19kVwnwjnZmVFUFqFSsPZCP+2yk=",
        "refund_status" "1795364414250" "5Ls2AJZhqcd7MbTSMRaRjVdBYl9fDErGETSh6OITQRs=",
        "refund_success" "1795364415250" "v8fBgpQ1bdb3S0wqELkFVJTyzjofZvK7VGoifNG7fmQ=",
        "auto_refund_status" "1795364416250" "GzMs76cJFSpUnVkJ+55+fRlZX8J9PEz0fn1pVK8XvR8=",
    V2025_01_01 "2025-01-01":
        "payment_success" "1795364420250" "eiZAJ1N10ecf2KUlsIauGLrB3P0qEu5n0Aw4kcF2ncA=",
        "payment_failed" "1795364421250" "Qbl0/pQ2KISkf2aA7udUo193NR5HVgfC6PdajCxkNUQ=",
        "payment_user_dropped" "1795364422250" "bB+7e0ozLGyT3Kvm//aUdgoZao4sBkzTj3OKhSCsqEE=",
        "payment_charges" "1795364423250" "6fKmYpzC941YLjjgSOBf2nRkEvln57SEChOz8VOcvQA=",
        "refund_status" "1795364424250" "XsvmJi08PbMAa+1I7QCZLGplJid2aWjMfazLQJ9fv08=",
        "refund_success" "1795364425250" "BkyPSsRv9WbcdM6iM1D3uWcFVL85KLJFH57LWKPES5s=",
        "auto_refund_status" "1795364426250" "Gax5gCepV1tNGmzEl+2eJVLPRp/MPjFZ9U3V3mqwr7M=",
    V2026_01_01 "2026-01-01":
        "payment_success" "1795364430" "Aek2U6GC+3sR9zVvdl5FgjBdmb3eCxTaNNV24n3fzx4=",
        "payment_failed" "1795364431250" "LVYl9BNuUxNcHFGnrdyRYSf5Dp/KAu4mJlZUt8oh6Ac=",
        "payment_user_dropped" "1795364432250" "oFmtY9XXfsu9S+lqzURvu9HpEX9emQfvHGGPKHVdT8c=",
        "payment_charges" "1795364433250" "mZbpDfffyGzq+K8hznJ4knsR7KvBfwGeZUkdikRpDS0=",
        "refund_status" "1795364434250" "e9rbZZf0gpw7bDVHfoqb0Pw57r6X9tEoC2mll6ZEv80=",
        "refund_success" "1795364435250" "GUrPrK0tdjfC+VKPausf+ndHHLmjKr2NcQGlijIcPTI=",
        "auto_refund_status" "1795364436250" "uBE4O32RZMr34JVq2hJwkAupszjmAR+5rEy0yHz3z8g=",
};

pub(crate) fn key(secret: &str) -> Key {
    Key::parse(secret).unwrap()
}

pub(crate) fn keys() -> Keys {
    Keys::new(key(SECRET))
}

/// As the gateway does it.
pub(crate) fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(timestamp.as_bytes());
    mac.update(body);
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

impl Vector {
    pub(crate) fn headers(&self) -> [(&'static str, &'static [u8]); 3] {
        [
            ("x-webhook-timestamp", self.timestamp.as_bytes()),
            ("x-webhook-signature", self.signature.as_bytes()),
            ("x-webhook-version", self.version.as_str().as_bytes()),
        ]
    }

    /// When it was signed.
    pub(crate) fn sent(&self) -> UnixSeconds {
        UnixSeconds(self.timestamp[..10].parse().unwrap())
    }
}
