//! People's passwords: Argon2id (RFC 9106) with the parameters that OWASP names, 19 MiB and two passes.

use std::sync::{Mutex, OnceLock, PoisonError};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

/// The least length of a password in characters, the greatest in bytes.
pub const MIN: usize = 12;
pub(crate) const MAX: usize = 1024;

/// `None`: the operating system gave no random bytes.
pub(crate) fn hash(password: &str) -> Option<String> {
    Argon2::default().hash_password(password.as_bytes()).ok().map(|hash| hash.to_string())
}

/// Whether this is the password. One check at a time, as each needs its memory. It takes the same time for an unknown name.
pub(crate) fn is_right(password: &str, hash: Option<&str>) -> bool {
    static NOBODY: OnceLock<String> = OnceLock::new();
    static ONE: Mutex<()> = Mutex::new(());
    let nobody = NOBODY.get_or_init(|| self::hash("nobody's password").unwrap_or_default());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Ok(known) = PasswordHash::new(hash.unwrap_or(nobody)) else { return false };
    password.len() <= MAX && Argon2::default().verify_password(password.as_bytes(), &known).is_ok() && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Mutant: `&& hash.is_some()` left out: anybody signs in under an unknown name with the password in this file.
    #[test]
    fn only_the_password_is_right() {
        let kept = hash("correct horse battery").unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_ne!(hash("correct horse battery").unwrap(), kept, "each has its salt");
        assert!(is_right("correct horse battery", Some(&kept)));
        for (password, hash) in [
            ("correct horse batterz", Some(kept.as_str())),
            ("", Some(&kept)),
            ("nobody's password", None),
            ("x", Some("$argon2id$v=19$m=1")),
        ] {
            assert!(!is_right(password, hash), "{password}");
        }
    }
}
