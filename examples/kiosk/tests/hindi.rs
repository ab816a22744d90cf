//! Draws the pictures of Hindi words, `src/graphic/hindi.bin`, from the table of texts and a font, and says whether the file has them.
//!
//! `BLESS=1 cargo test -p kiosk --features host --test hindi` writes the file anew. The font is Noto Sans Devanagari of Debian's package
//! `fonts-noto-core` (20201225), under the SIL Open Font License 1.1. Without it nothing is checked.

use kiosk::{Language, Words};
use swash::FontRef;
use swash::scale::{Render, ScaleContext, Source};
use swash::shape::ShapeContext;
use swash::text::Script;
use swash::zeno::Format;

const FONT: &str = "/usr/share/fonts/truetype/noto/NotoSansDevanagari-Regular.ttf";
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/graphic/hindi.bin");

/// Dots that are as dark as this are ink, of 255.
const INK: u8 = 100;

/// Dots of an em: what stands beside a code is smaller.
fn size(words: Words) -> u8 {
    if matches!(words, Words::ScanToPay | Words::TimeLeft) { 20 } else { 32 }
}

/// A word's dots that are ink: to the right from where it begins, and down from the line that it stands on.
fn ink(font: FontRef<'_>, word: &str, size: f32) -> Vec<(i32, i32)> {
    let (mut context, mut glyphs, mut x) = (ShapeContext::new(), Vec::new(), 0.0);
    let mut shaper = context.builder(font).script(Script::Devanagari).size(size).build();
    shaper.add_str(word);
    shaper.shape_with(|cluster| {
        for glyph in cluster.glyphs {
            assert_ne!(glyph.id, 0, "{word}: the font lacks a letter");
            glyphs.push((glyph.id, x + glyph.x, glyph.y));
            x += glyph.advance;
        }
    });
    let mut context = ScaleContext::new();
    let mut scaler = context.builder(font).size(size).hint(true).build();
    let mut ink = Vec::new();
    for (id, x, y) in glyphs {
        let image = Render::new(&[Source::Outline]).format(Format::Alpha).render(&mut scaler, id).unwrap();
        let (left, top) = (x.round() as i32 + image.placement.left, -image.placement.top - y.round() as i32);
        for (at, _) in image.data.iter().enumerate().filter(|(_, dark)| **dark > INK) {
            let (at, width) = (at as i32, image.placement.width as i32);
            ink.push((left + at % width, top + at / width));
        }
    }
    ink
}

/// Meant to notice: a text that was changed, and its picture left as it was.
#[test]
fn the_pictures_are_of_these_texts() {
    let Ok(font) = std::fs::read(FONT) else {
        println!("SKIPPED: no {FONT}: apt-get install fonts-noto-core");
        return;
    };
    let font = FontRef::from_index(&font, 0).unwrap();
    let mut file = Vec::new();
    let all = Words::ALL.map(|words| {
        let words_of = words.text(Language::Hindi).split(' ');
        (size(words), words_of.map(|word| ink(font, word, size(words).into())).collect::<Vec<_>>())
    });
    for (size, words) in &all {
        // The same rows for all texts of a size, and one to keep lines apart.
        let rows = || all.iter().filter(|(other, _)| other == size).flat_map(|(_, words)| words.iter().flatten());
        let (first, last) = (rows().map(|dot| dot.1).min().unwrap(), rows().map(|dot| dot.1).max().unwrap() + 1);
        let height = usize::try_from(last - first + 1).unwrap();
        let mut text = vec![u8::try_from(height).unwrap()];
        for word in words {
            let (left, right) =
                (word.iter().map(|dot| dot.0).min().unwrap(), word.iter().map(|dot| dot.0).max().unwrap());
            let width = usize::try_from(right - left + 1).unwrap();
            text.push(u8::try_from(width).unwrap());
            let (row, start) = (width.div_ceil(8), text.len());
            text.resize(start + row * height, 0);
            for (x, y) in word {
                let (x, y) = (usize::try_from(x - left).unwrap(), usize::try_from(y - first).unwrap());
                text[start + y * row + x / 8] |= 0x80 >> (x % 8);
            }
        }
        file.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
        file.extend(text);
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(FILE, &file).unwrap();
    }
    assert!(std::fs::read(FILE).unwrap() == file, "{FILE} has other pictures: BLESS=1");
}
