//! Real records in flash of real size: eight open sales in nine sectors of 4 KiB.

use embedded_storage_async::nor_flash::{NorFlash, ReadNorFlash as _};
use pay_core::drive::journal::Journal as _;
use pay_core::model::OrderId;
use pay_core::sale::{Conflict, NotPaid, Record, Stage};
use tests::nor::{Nor, block_on};
use transport_embassy::journal::{FlashJournal, JournalError};

use crate::note::crc32;

/// Where an image has the number of the record that its sale knew to be stored.
const FROM: usize = 157;

/// A record with attempts that continues the one before it; its keys are changed with the order.
fn record(order: u16, seq: u32) -> Record {
    let mut image = *include_bytes!("../../../pay-core/src/sale/golden/record-1.bin");
    for key in [b"k0", b"k1", b"k2"] {
        let at = image.windows(2).position(|pair| pair == key).expect("a key");
        image[at] = b'A' + (order % 26) as u8;
    }
    let mut record = signed(image);
    record.order_id = OrderId::parse(&format!("kiosk-7-{order:04}")).unwrap();
    record.seq = seq;
    record.stage = Stage::Open;
    let mut image = record.to_image();
    image[FROM..FROM + 4].copy_from_slice(&(seq - 1).to_le_bytes());
    signed(image)
}

fn signed(mut image: [u8; Record::IMAGE_LEN]) -> Record {
    let sum = crc32(&image[..764]);
    image[764..].copy_from_slice(&sum.to_le_bytes());
    Record::from_image(&image).expect("a record")
}

fn closed(mut record: Record) -> Record {
    record.stage = Stage::NotPaid(NotPaid::Terminated);
    record
}

async fn eight_sales<F: NorFlash>(flash: &mut F) {
    let end = flash.capacity() as u32;
    let mut journal: FlashJournal<_, 9> = FlashJournal::format(&mut *flash, 0..end).await.unwrap();
    assert_eq!(journal.capacity(), 8);
    for seq in 1..=12 {
        for order in 1..=8 {
            journal.store(&record(order, seq)).await.unwrap();
        }
    }
    assert!(matches!(journal.store(&record(9, 1)).await, Err(JournalError::Full)));
    let mut journal: FlashJournal<_, 9> = FlashJournal::open(flash, 0..end).await.unwrap();
    let mut after = None;
    for order in 1..=8 {
        let next = journal.next_open(after.as_ref()).await.unwrap().unwrap();
        assert_eq!(next, record(order, 12));
        after = Some(next.order_id);
    }
    assert_eq!(journal.next_open(after.as_ref()).await.unwrap(), None);
    journal.store(&closed(record(3, 13))).await.unwrap();
    assert_eq!(journal.find(&record(3, 1).order_id).await.unwrap(), Some(closed(record(3, 13))));
    journal.store(&record(9, 1)).await.unwrap();
    assert_eq!(journal.find(&record(3, 1).order_id).await.unwrap(), None);
}

#[test]
fn eight_open_sales_on_every_word_size() {
    block_on(eight_sales(&mut Nor::<1, 4096>::new(9)));
    block_on(eight_sales(&mut Nor::<2, 4096>::new(9)));
    block_on(eight_sales(&mut Nor::<4, 4096>::new(9)));
    block_on(eight_sales(&mut Nor::<8, 4096>::new(9)));
    block_on(eight_sales(&mut Nor::<16, 4096>::new(9)));
    block_on(eight_sales(&mut Nor::<32, 4096>::new(9)));
    // Small pages: a sector is several of them.
    block_on(eight_sales(&mut Nor::<4, 256>::new(9 * 16)));
}

// Mutants: `may_replace` not called; `may_join` not called.
#[test]
fn another_intent_is_refused() {
    let mut nor = Nor::<4, 4096>::new(3);
    let mut journal: FlashJournal<_, 3> = block_on(FlashJournal::format(&mut nor, 0..3 * 4096)).unwrap();
    let mut store = |record: &Record| block_on(journal.store(record));
    store(&record(1, 5)).unwrap();
    store(&record(1, 5)).expect("the same again");
    let conflict = |conflict| Err(JournalError::Conflict(conflict));
    assert_eq!(store(&record(1, 4)), conflict(Conflict::Stale));
    let mut other = record(1, 6);
    other.amount = pay_core::model::Amount::from_minor(99).unwrap();
    assert_eq!(store(&other), conflict(Conflict::OtherIntent));
    assert_eq!(store(&record(1 + 26, 1)), conflict(Conflict::KeyReused));
    store(&closed(record(1, 6))).unwrap();
    assert_eq!(store(&record(1 + 26, 1)), conflict(Conflict::KeyReused), "closed and still kept");
    store(&record(2, 1)).unwrap();
}

/// What the README and `docs/journal.md` say of RAM.
#[test]
fn memory_is_as_documented() {
    let bytes = size_of::<FlashJournal<Nor<4, 4096>, 9>>() - size_of::<Nor<4, 4096>>();
    println!("FlashJournal of 9 sectors: {bytes} bytes and the flash driver");
    assert!(bytes <= 1280, "{bytes}");
}

/// A power cut at a sample of the words of a real record, in the middle of a full journal.
#[test]
fn cuts_in_real_records() {
    let mut nor = Nor::<4, 4096>::new(3);
    {
        let mut journal: FlashJournal<_, 3> = block_on(FlashJournal::format(&mut nor, 0..3 * 4096)).unwrap();
        for seq in 1..=5 {
            block_on(journal.store(&record(1, seq))).unwrap();
        }
        block_on(journal.store(&record(2, 1))).unwrap();
    }
    let mut stored = 0;
    for cut in 0..210 {
        let mut nor = nor.clone();
        nor.cut_after(cut, cut);
        let mut journal: FlashJournal<_, 3> = block_on(FlashJournal::open(&mut nor, 0..3 * 4096)).unwrap();
        let done = block_on(journal.store(&record(1, 6))).is_ok();
        nor.boot(cut);
        let mut journal: FlashJournal<_, 3> = block_on(FlashJournal::open(&mut nor, 0..3 * 4096)).unwrap();
        let found = block_on(journal.find(&record(1, 1).order_id)).unwrap().unwrap();
        assert!(found == record(1, 6) || (!done && found == record(1, 5)), "cut at {cut}");
        assert_eq!(block_on(journal.find(&record(2, 1).order_id)), Ok(Some(record(2, 1))));
        stored += u32::from(done);
    }
    assert!(stored > 0 && stored < 10);
}

/// This record's newest image in the flash is of a newer program from now on, or has another change.
fn changed(nor: &Nor<4, 4096>, record: &Record, change: impl Fn(&mut [u8])) -> Nor<4, 4096> {
    let (mut bytes, image) = (nor.bytes().to_vec(), record.to_image());
    let at = bytes.windows(image.len()).position(|window| window == image).expect("its image");
    let image = &mut bytes[at..at + image.len()];
    change(image);
    let sum = crc32(&image[..764]);
    image[764..].copy_from_slice(&sum.to_le_bytes());
    Nor::from_bytes(bytes)
}

// Mutants: `put` that takes an unreadable record for none, and so begins its order anew; `look` that takes one for closed, whose sector is
// then given to the next order; `next_open` without it.
#[test]
fn a_record_of_a_newer_program_blocks_its_own_order_only() {
    const ALL: core::ops::Range<u32> = 0..5 * 4096;
    let mut nor = Nor::<4, 4096>::new(5);
    {
        let mut journal: FlashJournal<_, 5> = block_on(FlashJournal::format(&mut nor, ALL)).unwrap();
        for order in 1..=3 {
            block_on(journal.store(&record(order, 1))).unwrap();
        }
    }
    let newer = |image: &mut [u8]| image[0] = 200;
    let mut nor = changed(&nor, &record(2, 1), newer);
    let (before, id) = (nor.bytes().to_vec(), record(2, 1).order_id);
    let blocked = |error: &JournalError<_>| {
        assert!(error.to_string().contains("kiosk-7-0002") && error.to_string().contains("format 200"), "{error}");
        FlashJournal::<&mut Nor<4, 4096>, 5>::unreadable(error) == Some(id.clone())
    };
    // It is listed in its place, and the others are there.
    let mut journal: FlashJournal<_, 5> = block_on(FlashJournal::open(&mut nor, ALL)).unwrap();
    assert_eq!(block_on(journal.next_open(None)), Ok(Some(record(1, 1))));
    assert!(blocked(&block_on(journal.next_open(Some(&record(1, 1).order_id))).unwrap_err()));
    assert_eq!(block_on(journal.next_open(Some(&id))), Ok(Some(record(3, 1))));
    assert_eq!(block_on(journal.next_open(Some(&record(3, 1).order_id))), Ok(None));
    assert!(blocked(&block_on(journal.find(&id)).unwrap_err()));
    assert_eq!(block_on(journal.find(&record(9, 1).order_id)), Ok(None));
    assert!(blocked(&block_on(journal.store(&record(2, 2))).unwrap_err()));
    assert_eq!(nor.bytes(), before);
    // The others sell on, through moves and levelling, and a boot for each; it stays, and keeps one of four places.
    for seq in 2..60 {
        let mut journal: FlashJournal<_, 5> = block_on(FlashJournal::open(&mut nor, ALL)).unwrap();
        for order in [1, 3] {
            block_on(journal.store(&record(order, seq))).unwrap();
        }
        let guest = 5 + (seq % 20) as u16;
        block_on(journal.store(&record(guest, 1))).unwrap();
        assert_eq!(block_on(journal.store(&record(25, 1))), Err(JournalError::Full));
        block_on(journal.store(&closed(record(guest, 2)))).unwrap();
        assert!(blocked(&block_on(journal.find(&id)).unwrap_err()));
    }
    // Not even its order can be read: any order may be meant.
    let mut nor = changed(&Nor::from_bytes(before), &record(3, 1), |image| image[6] = 46);
    let before = nor.bytes().to_vec();
    let refused = block_on(FlashJournal::<_, 5>::open(&mut nor, ALL)).map(drop).unwrap_err();
    assert!(matches!(refused, JournalError::Record { order: None, .. }), "{refused}");
    assert_eq!(nor.bytes(), before);
}
