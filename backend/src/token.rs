//! Device tokens: who may call. Only their hashes are kept.
//!
//! A token is 32 random bytes, so its SHA-256 is enough: slow, salted hashes are for secrets that people choose and
//! others can guess; nobody can go through 2^256 tokens, however fast the hash.

use core::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::book::Owner;

/// One line for each token: its name, a space, the hash in hex.
const FILE: &str = "tokens";
/// Longest token looked at: what `pay_core`'s `Auth::bearer` sends at most.
const TOKEN_MAX: usize = 256;

/// The tokens that are good.
pub(crate) struct Tokens(Vec<Owner>);

/// Why a token was not made, or the file of hashes not read.
#[derive(Debug)]
pub enum TokenError {
    /// A name is 1 to 32 of `[A-Za-z0-9_-]`.
    Name,
    /// There is a token of this name.
    Taken,
    /// A line of the file is not a name and a hash.
    Line(usize),
    /// No randomness.
    Random,
    /// The file cannot be read or written.
    Io(io::Error),
}

/// Makes a token, stores its hash under `name` in `dir` and gives the token out: this once, it is kept nowhere.
/// A running backend takes it after a restart.
///
/// # Errors
/// [`TokenError`].
pub fn add_token(dir: &Path, name: &str) -> Result<Zeroizing<String>, TokenError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || name.len() > 32 || !name.bytes().all(plain) {
        return Err(TokenError::Name);
    }
    if lines(dir)?.iter().any(|(other, _)| other == name) {
        return Err(TokenError::Taken);
    }
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut()).map_err(|_| TokenError::Random)?;
    let token = Zeroizing::new(hex(bytes.as_ref()));
    fs::create_dir_all(dir)?;
    let mut file = OpenOptions::new().create(true).append(true).open(path(dir))?;
    file.write_all(format!("{name} {}\n", owner_of(token.as_bytes())).as_bytes())?;
    file.sync_all()?;
    Ok(token)
}

/// Whose this token is.
fn owner_of(token: &[u8]) -> Owner {
    Owner::new(Sha256::digest(token).into())
}

impl Tokens {
    /// The tokens of this directory; none if there is no file.
    pub(crate) fn read(dir: &Path) -> Result<Self, TokenError> {
        Ok(Self(lines(dir)?.into_iter().map(|(_, owner)| owner).collect()))
    }

    /// Who presents this token, if anybody. The time taken says neither how much of a hash was right nor whose.
    pub(crate) fn owner(&self, presented: &[u8]) -> Option<Owner> {
        if presented.is_empty() || presented.len() > TOKEN_MAX {
            return None;
        }
        let hash = owner_of(presented);
        let mut found = Choice::from(0);
        let mut owner = [0; 32];
        for known in &self.0 {
            let same = known.0.ct_eq(&hash.0);
            for (to, from) in owner.iter_mut().zip(&known.0) {
                to.conditional_assign(from, same);
            }
            found |= same;
        }
        bool::from(found).then_some(Owner::new(owner))
    }
}

fn path(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

fn lines(dir: &Path) -> Result<Vec<(String, Owner)>, TokenError> {
    let text = match fs::read_to_string(path(dir)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        text => text?,
    };
    let line = |(at, line): (usize, &str)| {
        let (name, hash) = line.split_once(' ').ok_or(TokenError::Line(at + 1))?;
        Ok((name.to_owned(), Owner::parse(hash).ok_or(TokenError::Line(at + 1))?))
    };
    text.lines().enumerate().map(line).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("a token's name is 1 to 32 letters, digits, '-' or '_'"),
            Self::Taken => f.write_str("there is a token of this name"),
            Self::Line(line) => write!(f, "line {line} of the file of tokens is not a name and a hash"),
            Self::Random => f.write_str("the operating system gives no random bytes"),
            Self::Io(error) => write!(f, "the file of tokens: {error}"),
        }
    }
}

impl core::error::Error for TokenError {}

impl From<io::Error> for TokenError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

#[cfg(test)]
mod tests {
    use super::{Owner, Tokens, owner_of};

    // Mutant: `ct_eq` over the first byte of the hashes only: of 200 strangers about half share it with one of 200 tokens.
    #[test]
    fn only_the_whole_hash_counts() {
        let tokens = Tokens((0..200).map(|n| owner_of(format!("a{n}").as_bytes())).collect());
        for n in 0..200 {
            assert!(tokens.owner(format!("a{n}").as_bytes()) == Some(owner_of(format!("a{n}").as_bytes())));
            assert!(tokens.owner(format!("b{n}").as_bytes()).is_none());
        }
        assert!(tokens.owner(b"").is_none());
    }

    #[test]
    fn hashes_are_read_as_written() {
        let owner = owner_of(b"x");
        assert!(Owner::parse(&owner.to_string()) == Some(owner));
        for text in ["", "00", &"g".repeat(64), &"0".repeat(65)] {
            assert!(Owner::parse(text).is_none(), "{text}");
        }
    }
}
