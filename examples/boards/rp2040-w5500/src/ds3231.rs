//! The clock chip DS3231, which a coin cell keeps going.

use embassy_rp::i2c::{Blocking, I2c, Instance};

/// Its address on the bus.
const ADDRESS: u8 = 0x68;
/// Seconds, minutes, hours, day of the week, date, month, year.
const TIME: u8 = 0x00;
/// Bit 7: the oscillator was stopped, so the time means nothing.
const STATUS: u8 = 0x0F;

/// The time it shows (UTC), if there is such a chip and it was set and never stopped.
pub(crate) fn now<T: Instance>(bus: &mut I2c<'_, T, Blocking>) -> Option<u64> {
    let (mut status, mut time) = ([0; 1], [0; 7]);
    bus.blocking_write_read(ADDRESS, &[STATUS], &mut status).ok()?;
    bus.blocking_write_read(ADDRESS, &[TIME], &mut time).ok()?;
    // Bit 6 of the hours: counted by twelve. Bit 7 of the month: the century.
    if status[0] & 0x80 != 0 || time[2] & 0x40 != 0 {
        return None;
    }
    let [second, minute, hour, _, day, month, year] = time;
    let year = 2000 + u16::from(decimal(year)?) + if month & 0x80 == 0 { 0 } else { 100 };
    let month = decimal(month & 0x1F)?;
    kiosk::unix_seconds(year, month, decimal(day)?, decimal(hour)?, decimal(minute)?, decimal(second)?)
}

/// Two decimal digits in four bits each.
fn decimal(byte: u8) -> Option<u8> {
    let (tens, ones) = (byte >> 4, byte & 0x0F);
    (tens < 10 && ones < 10).then_some(tens * 10 + ones)
}
