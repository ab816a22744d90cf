//! A record as bytes: what journals store. Versioned, of fixed length, with a checksum.

use core::fmt;

use super::super::model::{
    Amount, ApiVersion, CfPaymentId, Currency, Environment, IdempotencyKey, MethodClass, OrderId, RefundReason, Text,
    UnixSeconds,
};
use super::record::{
    Attempt, AttemptEnd, AttemptState, Closed, MAX_ATTEMPTS, NotPaid, Record, RefusedBy, Return, Returned, Stage,
};
use super::release::Release;
use super::settle::ReadAt;
use super::time::Millis;

/// The layout that is written. The next one keeps version, number and order id where they are
/// ([`Record::order_of_image`]). 1 had neither device, time, goods nor digests; it is read as if they were unknown. 1
/// and 2 counted surplus payments and did not say which; their refunds keep the ids that they had.
const VERSION: u8 = 3;
const LEN: usize = 768;
/// What stands before the checksum.
const BODY: usize = LEN - 4;

/// Why bytes are not a record. Nothing is lost: keep them, and let a person look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ImageError {
    /// Not [`Record::IMAGE_LEN`] bytes.
    Length,
    /// The checksum does not match: never written completely, or damaged since.
    Checksum,
    /// Written by a newer version of this program: use that one.
    Newer {
        /// The layout's number.
        version: u8,
    },
    /// The checksum matches, but this field has an impossible value.
    Field(&'static str),
}

impl Record {
    /// Bytes of an image.
    pub const IMAGE_LEN: usize = LEN;

    /// The record as bytes. The last four are a CRC-32 (ISO-HDLC) over the rest, least significant byte first.
    pub fn to_image(&self) -> [u8; LEN] {
        let mut image = [0; LEN];
        let mut to = Writer { bytes: &mut image, at: 0 };
        to.put(&[VERSION, 0]);
        to.put(&self.seq.to_le_bytes());
        to.text::<45>(self.order_id.as_str());
        to.put(&self.amount.minor().to_le_bytes());
        to.put(self.currency.as_str().as_bytes());
        to.put(&[environment_code(self.environment), version_code(self.api_version)]);
        to.stage(&self.stage, self.said.as_ref());
        to.text::<28>(self.device.as_ref().map_or("", Text::as_str));
        to.put(&[release_code(self.release), u8::from(self.report_due), u8::from(self.created.is_some())]);
        to.put(&self.created.map_or(0, |time| time.0).to_le_bytes());
        to.put(&self.writer);
        to.put(&self.from.to_le_bytes());
        to.closed(self.alone, self.closed);
        for due in &self.returns {
            to.due(*due);
        }
        for attempt in self.attempts() {
            to.attempt(attempt);
        }
        let sum = checksum(image.get(..BODY).unwrap_or_default());
        Writer { bytes: &mut image, at: BODY }.put(&sum.to_le_bytes());
        image
    }

    /// The order of an image whose checksum fits, also where [`Record::from_image`] cannot read the rest: every layout,
    /// newer ones too, has version, number and order id at its begin. `None`: damaged, or not even that can be read.
    pub fn order_of_image(image: &[u8]) -> Option<OrderId> {
        let mut from = Reader(checked(image).ok()?);
        let [_, _, _, _, _, _] = from.take();
        OrderId::parse(from.text::<45>("order_id").ok()?).ok()
    }

    /// Reads an image of this version or an older one.
    ///
    /// # Errors
    /// [`ImageError`].
    pub fn from_image(image: &[u8]) -> Result<Self, ImageError> {
        let mut from = Reader(checked(image)?);
        let [version, _] = from.take();
        if version > VERSION {
            return Err(ImageError::Newer { version });
        }
        if version == 0 {
            return Err(ImageError::Field("version"));
        }
        let extended = version >= 2;
        let code = if version >= 3 { 39 } else { 48 };
        let seq = u32::from_le_bytes(from.take());
        let order_id = OrderId::parse(from.text::<45>("order_id")?).map_err(|_| ImageError::Field("order_id"))?;
        let amount = Amount::from_minor(u64::from_le_bytes(from.take())).map_err(|_| ImageError::Field("amount"))?;
        let currency: [u8; 3] = from.take();
        let currency = core::str::from_utf8(&currency).ok().and_then(|code| Currency::parse(code).ok());
        let [environment, api_version] = from.take();
        let environment = match environment {
            1 => Environment::Sandbox,
            2 => Environment::Production,
            _ => return Err(ImageError::Field("environment")),
        };
        let api_version = ApiVersion::ALL.into_iter().find(|version| version_code(*version) == api_version);
        let (stage, said) = from.stage(code)?;
        let mut record = Self::new(
            order_id,
            amount,
            currency.ok_or(ImageError::Field("currency"))?,
            environment,
            api_version.ok_or(ImageError::Field("api_version"))?,
            stage,
        );
        record.seq = seq;
        record.said = said;
        let mut surplus = [0_u8; 2];
        if extended {
            let device = from.text::<28>("device")?;
            record.device = (!device.is_empty()).then(|| Text::cut(device));
            let [release, report_due, has_created] = from.take();
            record.release = RELEASES
                .into_iter()
                .find(|known| release_code(*known) == release)
                .ok_or(ImageError::Field("release"))?;
            record.report_due = flag(report_due, "report_due")?;
            let created = UnixSeconds(u64::from_le_bytes(from.take()));
            record.created = flag(has_created, "created")?.then_some(created);
            if version == 2 {
                surplus = from.take();
            }
            record.writer = from.take();
            record.from = u32::from_le_bytes(from.take());
        }
        if version >= 3 {
            (record.alone, record.closed) = from.closed();
            for slot in &mut record.returns {
                *slot = from.due()?;
            }
        }
        if !extended {
            // It knew of one surplus at most.
            let known = [Stage::RefundDue(RefundReason::Surplus), Stage::Refunded(RefundReason::Surplus)];
            surplus = [u8::from(known.contains(&record.stage)), u8::from(record.stage == known[1])];
        }
        if version < 3 {
            old_returns(&mut record, surplus);
        }
        for slot in &mut record.attempts {
            *slot = from.attempt(extended, code)?;
        }
        for index in 0..MAX_ATTEMPTS {
            // What an older version did not keep can be told from the rest.
            let digest = match record.attempts.get(index).and_then(Option::as_ref) {
                Some(attempt) if !extended => record.digest(attempt.class),
                _ => continue,
            };
            if let Some(Some(attempt)) = record.attempts.get_mut(index) {
                attempt.digest = digest;
            }
        }
        Ok(record)
    }
}

/// The refunds of a layout that did not name payments: they keep the ids that they were begun under.
fn old_returns(record: &mut Record, [surplus, surplus_back]: [u8; 2]) {
    let one = match (&record.stage, record.release) {
        (Stage::RefundDue(RefundReason::LateSuccess), _) => Some((RefundReason::LateSuccess, false)),
        (Stage::Refunded(RefundReason::LateSuccess), _) => Some((RefundReason::LateSuccess, true)),
        (_, Release::NotReleased) => Some((RefundReason::NotReleased, false)),
        (_, Release::Returned) => Some((RefundReason::NotReleased, true)),
        _ => None,
    };
    let several = (0..surplus).map(|n| (RefundReason::Surplus, n, n < surplus_back));
    let known = several.chain(one.map(|(reason, back)| (reason, 0, back)));
    for (slot, (reason, n, back)) in record.returns.iter_mut().zip(known) {
        *slot = Some(Return { what: Returned::Reason(reason, n), back });
    }
}

const RELEASES: [Release; 7] = [
    Release::Untracked,
    Release::Due,
    Release::Releasing,
    Release::Unknown,
    Release::Released,
    Release::NotReleased,
    Release::Returned,
];
const REASONS: [RefundReason; 4] =
    [RefundReason::LateSuccess, RefundReason::Surplus, RefundReason::NotReleased, RefundReason::Requested];

// The numbers are the format: they never change, and none is used again.

const fn flag(byte: u8, field: &'static str) -> Result<bool, ImageError> {
    match byte {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(ImageError::Field(field)),
    }
}

const fn environment_code(environment: Environment) -> u8 {
    match environment {
        Environment::Sandbox => 1,
        Environment::Production => 2,
    }
}

const fn version_code(version: ApiVersion) -> u8 {
    match version {
        ApiVersion::V2022_09_01 => 1,
        ApiVersion::V2023_08_01 => 2,
        ApiVersion::V2025_01_01 => 3,
        ApiVersion::V2026_01_01 => 4,
    }
}

const fn release_code(release: Release) -> u8 {
    match release {
        Release::Untracked => 0,
        Release::Due => 1,
        Release::Releasing => 2,
        Release::Unknown => 3,
        Release::Released => 4,
        Release::NotReleased => 5,
        Release::Returned => 6,
    }
}

const fn reason_code(reason: RefundReason) -> u8 {
    match reason {
        RefundReason::LateSuccess => 1,
        RefundReason::Surplus => 2,
        RefundReason::NotReleased => 3,
        RefundReason::Requested => 4,
    }
}

struct Writer<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) {
        // The layout is of fixed size and fits: the test of the longest record holds it to that.
        if let Some(to) = self.bytes.get_mut(self.at..).and_then(|rest| rest.get_mut(..bytes.len())) {
            to.copy_from_slice(bytes);
        }
        self.at += bytes.len();
    }

    /// A length and `N` bytes.
    fn text<const N: usize>(&mut self, text: &str) {
        self.put(&[u8::try_from(text.len()).unwrap_or(u8::MAX)]);
        self.put(text.as_bytes());
        self.at += N.saturating_sub(text.len());
    }

    fn refusal(&mut self, refusal: Option<&RefusedBy>) {
        self.put(&refusal.map_or(0, |by| by.status).to_le_bytes());
        self.text::<39>(refusal.map_or("", |by| by.code.as_str()));
    }

    /// The stage, and what the gateway said last: of a refused sale the two are the same.
    fn stage(&mut self, stage: &Stage, said: Option<&RefusedBy>) {
        let (kind, detail, refusal) = match stage {
            Stage::Creating => (1, 0, None),
            Stage::Open => (2, 0, None),
            Stage::Closing => (3, 0, None),
            Stage::Paid { watch } => (4, u8::from(*watch), None),
            Stage::NotPaid(why) => match why {
                NotPaid::Terminated => (5, 1, None),
                NotPaid::Expired => (5, 2, None),
                NotPaid::NotStarted => (5, 3, None),
                NotPaid::Refused(by) => (5, 4, Some(by)),
                NotPaid::NotSent => (5, 5, None),
                NotPaid::OrderConflict => (5, 6, None),
                NotPaid::Attested => (5, 7, None),
            },
            Stage::RefundDue(why) => (6, reason_code(*why), None),
            Stage::Refunded(why) => (7, reason_code(*why), None),
            Stage::Taken => (8, 0, None),
            Stage::PaidElsewhere { watch } => (9, u8::from(*watch), None),
            Stage::PaidUnclear => (10, 0, None),
            Stage::HandedOver => (11, 0, None),
        };
        self.put(&[kind, detail]);
        self.refusal(refusal.or(said));
    }

    fn closed(&mut self, alone: bool, closed: Option<Closed>) {
        let Closed { quiet, since, person } = closed.unwrap_or_default();
        let date = since.and_then(|since| since.date);
        let flags = [alone, closed.is_some(), quiet, person, since.is_some(), date.is_some()];
        self.put(&[flags.into_iter().rev().fold(0, |bits, flag| bits << 1 | u8::from(flag))]);
        self.put(&since.map_or(0, |since| since.power_on).to_le_bytes());
        self.put(&since.map_or(0, |since| since.now.0).to_le_bytes());
        self.put(&date.map_or(0, |date| u32::try_from(date.0).unwrap_or(u32::MAX)).to_le_bytes());
    }

    fn due(&mut self, due: Option<Return>) {
        let (kind, number) = match due.map(|due| due.what) {
            None => (0, 0),
            Some(Returned::Payment(id)) => (1, id.get()),
            Some(Returned::Reason(reason, n)) => (2, u64::from(reason_code(reason)) << 8 | u64::from(n)),
        };
        let back = due.is_some_and(|due| due.back);
        self.put(&[kind | u8::from(back) << 7]);
        self.put(&number.to_le_bytes());
    }

    fn attempt(&mut self, attempt: &Attempt) {
        let (state, refusal) = match &attempt.state {
            AttemptState::Sent => (1, None),
            AttemptState::Known => (2, None),
            AttemptState::Ended(end) => match end {
                AttemptEnd::Success => (3, None),
                AttemptEnd::Failed => (4, None),
                AttemptEnd::UserDropped => (5, None),
                AttemptEnd::Reversed => (6, None),
                AttemptEnd::Refused(by) => (7, Some(by)),
                AttemptEnd::NotSent => (8, None),
                AttemptEnd::Untrusted => (9, None),
                AttemptEnd::NotFound => (10, None),
            },
        };
        let known = u8::from(attempt.cf_payment_id.is_some());
        self.put(&[attempt.class.code(), state, u8::from(attempt.repeated), known]);
        self.text::<64>(attempt.key.as_str());
        self.put(&attempt.cf_payment_id.map_or(0, CfPaymentId::get).to_le_bytes());
        self.refusal(refusal);
        self.put(&attempt.digest);
    }
}

struct Reader<'a>(&'a [u8]);

/// CRC-32 (ISO-HDLC), half a byte at a time: its table has 64 bytes instead of 1 KB.
fn checksum(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 16] = {
        let mut table = [0; 16];
        let mut at = 0;
        while at < table.len() {
            let mut sum = at as u32;
            let mut bit = 0;
            while bit < 4 {
                sum = if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 };
                bit += 1;
            }
            table[at] = sum;
            at += 1;
        }
        table
    };
    let half = |sum: u32| sum >> 4 ^ TABLE[sum as usize & 15];
    !bytes.iter().fold(!0, |sum, byte| half(half(sum ^ u32::from(*byte))))
}

/// What stands before the checksum, if that fits.
fn checked(image: &[u8]) -> Result<&[u8], ImageError> {
    let (body, sum) = image.split_at_checked(BODY).ok_or(ImageError::Length)?;
    let sum: [u8; 4] = sum.try_into().map_err(|_| ImageError::Length)?;
    if checksum(body) == u32::from_le_bytes(sum) { Ok(body) } else { Err(ImageError::Checksum) }
}

impl<'a> Reader<'a> {
    /// The layouts are of fixed size and fit: the tests of the golden images hold them to that.
    fn take<const N: usize>(&mut self) -> [u8; N] {
        self.next(N).first_chunk().copied().unwrap_or([0; N])
    }

    #[inline(never)]
    fn next(&mut self, len: usize) -> &'a [u8] {
        let (head, rest) = self.0.split_at_checked(len).unwrap_or_default();
        self.0 = rest;
        head
    }

    fn text<const N: usize>(&mut self, field: &'static str) -> Result<&'a str, ImageError> {
        self.text_of(N, field)
    }

    fn text_of(&mut self, room: usize, field: &'static str) -> Result<&'a str, ImageError> {
        let [len] = self.take();
        let bytes = self.next(room);
        let text = bytes.get(..usize::from(len)).and_then(|text| core::str::from_utf8(text).ok());
        text.ok_or(ImageError::Field(field))
    }

    /// `room`: how many bytes the layout has for a code.
    fn refusal(&mut self, room: usize) -> Result<RefusedBy, ImageError> {
        let status = u16::from_le_bytes(self.take());
        Ok(RefusedBy { status, code: Text::cut(self.text_of(room, "code")?) })
    }

    fn closed(&mut self) -> (bool, Option<Closed>) {
        let [flags] = self.take();
        let flag = |n: u8| flags >> n & 1 == 1;
        let power_on = u32::from_le_bytes(self.take());
        let now = Millis(u64::from_le_bytes(self.take()));
        let date = UnixSeconds(u32::from_le_bytes(self.take()).into());
        let since = flag(4).then_some(ReadAt { power_on, now, date: flag(5).then_some(date) });
        (flag(0), flag(1).then_some(Closed { quiet: flag(2), since, person: flag(3) }))
    }

    fn due(&mut self) -> Result<Option<Return>, ImageError> {
        let [kind] = self.take();
        let number = u64::from_le_bytes(self.take());
        let what = match kind & 0x7f {
            0 => return Ok(None),
            1 => Returned::Payment(CfPaymentId::new(number)),
            2 => {
                let [n, code, ..] = number.to_le_bytes();
                let reason = REASONS.into_iter().find(|reason| reason_code(*reason) == code);
                Returned::Reason(reason.ok_or(ImageError::Field("returns"))?, n)
            }
            _ => return Err(ImageError::Field("returns")),
        };
        Ok(Some(Return { what, back: kind & 0x80 != 0 }))
    }

    fn stage(&mut self, room: usize) -> Result<(Stage, Option<RefusedBy>), ImageError> {
        let [kind, detail] = self.take();
        let by = self.refusal(room)?;
        let said = (by.status != 0).then(|| by.clone());
        let reason = || {
            let known = REASONS.into_iter().find(|reason| reason_code(*reason) == detail);
            known.ok_or(ImageError::Field("stage"))
        };
        let stage = match (kind, detail) {
            (1, _) => Stage::Creating,
            (2, _) => Stage::Open,
            (3, _) => Stage::Closing,
            (4, watch @ 0..=1) => Stage::Paid { watch: watch == 1 },
            (5, 1) => Stage::NotPaid(NotPaid::Terminated),
            (5, 2) => Stage::NotPaid(NotPaid::Expired),
            (5, 3) => Stage::NotPaid(NotPaid::NotStarted),
            (5, 4) => Stage::NotPaid(NotPaid::Refused(by)),
            (5, 5) => Stage::NotPaid(NotPaid::NotSent),
            (5, 6) => Stage::NotPaid(NotPaid::OrderConflict),
            (5, 7) => Stage::NotPaid(NotPaid::Attested),
            (6, _) => Stage::RefundDue(reason()?),
            (7, _) => Stage::Refunded(reason()?),
            (8, _) => Stage::Taken,
            (9, watch @ 0..=1) => Stage::PaidElsewhere { watch: watch == 1 },
            (10, _) => Stage::PaidUnclear,
            (11, _) => Stage::HandedOver,
            _ => return Err(ImageError::Field("stage")),
        };
        Ok((stage, said))
    }

    fn attempt(&mut self, extended: bool, room: usize) -> Result<Option<Attempt>, ImageError> {
        let [class, state, repeated, known] = self.take();
        let key = self.text::<64>("key")?;
        let number = u64::from_le_bytes(self.take());
        let by = self.refusal(room)?;
        let digest = if extended { self.take() } else { [0; 16] };
        if class == 0 {
            return Ok(None);
        }
        let class = MethodClass::ALL.into_iter().find(|known| known.code() == class);
        Ok(Some(Attempt {
            class: class.ok_or(ImageError::Field("class"))?,
            key: IdempotencyKey::parse(key).map_err(|_| ImageError::Field("key"))?,
            digest,
            cf_payment_id: flag(known, "cf_payment_id")?.then(|| CfPaymentId::new(number)),
            repeated: flag(repeated, "repeated")?,
            state: match state {
                1 => AttemptState::Sent,
                2 => AttemptState::Known,
                3 => AttemptState::Ended(AttemptEnd::Success),
                4 => AttemptState::Ended(AttemptEnd::Failed),
                5 => AttemptState::Ended(AttemptEnd::UserDropped),
                6 => AttemptState::Ended(AttemptEnd::Reversed),
                7 => AttemptState::Ended(AttemptEnd::Refused(by)),
                8 => AttemptState::Ended(AttemptEnd::NotSent),
                9 => AttemptState::Ended(AttemptEnd::Untrusted),
                10 => AttemptState::Ended(AttemptEnd::NotFound),
                _ => return Err(ImageError::Field("state")),
            },
        }))
    }
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => write!(f, "not the {LEN} bytes of a record"),
            Self::Checksum => f.write_str("the checksum of a record does not fit"),
            Self::Newer { version } => write!(f, "a record of layout {version}; this program knows up to {VERSION}"),
            Self::Field(field) => write!(f, "{field}: a record with a right checksum and a value that cannot be"),
        }
    }
}

impl core::error::Error for ImageError {}

#[cfg(test)]
#[path = "image_tests.rs"]
mod tests;
