//! Signs for those who do not read the words beside them.

use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{Point, Size};
use embedded_graphics::primitives::Rectangle;

use super::palette::Palette;
use crate::words::Words;

/// Dots in a row of a sign; as many rows.
pub(super) const SIDE: u32 = 16;

/// A sign: rows of dots, the first in the highest bit.
type Dots = [u16; SIDE as usize];

/// Draws the sign of these words, each dot a square of `scale`.
pub(super) fn draw<D: DrawTarget>(
    words: Words,
    at: Point,
    scale: u32,
    palette: &Palette<D::Color>,
    display: &mut D,
) -> Result<(), D::Error> {
    let (dots, colour) = match words {
        Words::GoodsComing | Words::TakeGoods | Words::Paid => (&TICK, palette.good),
        Words::NotPaid | Words::CardNotUsable | Words::CodeNotDrawn => (&CROSS, palette.bad),
        Words::MoneyBack | Words::IfPaidMoneyBack => (&BACK, palette.good),
        Words::PaidAskStaff | Words::AskStaff | Words::PaidElsewhere | Words::OutOfOrder => (&MARK, palette.bad),
        _ => (&GLASS, palette.busy),
    };
    for (y, row) in (0..).zip(dots) {
        for x in (0..SIDE as i32).filter(|x| row << x & 0x8000 != 0) {
            let dot = Point::new(x, y) * scale as i32;
            display.fill_solid(&Rectangle::new(at + dot, Size::new_equal(scale)), colour)?;
        }
    }
    Ok(())
}

static TICK: Dots = dots([
    "                ",
    "              ##",
    "             ###",
    "            ### ",
    "           ###  ",
    "          ###   ",
    "         ###    ",
    "        ###     ",
    "##     ###      ",
    "###   ###       ",
    " ### ###        ",
    "  #####         ",
    "   ###          ",
    "    #           ",
    "                ",
    "                ",
]);

static CROSS: Dots = dots([
    "                ",
    " ##          ## ",
    " ###        ### ",
    "  ###      ###  ",
    "   ###    ###   ",
    "    ###  ###    ",
    "     ######     ",
    "      ####      ",
    "      ####      ",
    "     ######     ",
    "    ###  ###    ",
    "   ###    ###   ",
    "  ###      ###  ",
    " ###        ### ",
    " ##          ## ",
    "                ",
]);

/// An arrow that comes back.
static BACK: Dots = dots([
    "                ",
    "     ##         ",
    "    ###         ",
    "   ###          ",
    "  ###########   ",
    " #############  ",
    "  ############# ",
    "   ###       ## ",
    "    ###      ## ",
    "     ##      ## ",
    "             ## ",
    "   ############ ",
    "   ###########  ",
    "   ##########   ",
    "                ",
    "                ",
]);

static MARK: Dots = dots([
    "      ####      ",
    "      ####      ",
    "      ####      ",
    "      ####      ",
    "      ####      ",
    "      ####      ",
    "       ##       ",
    "       ##       ",
    "       ##       ",
    "       ##       ",
    "                ",
    "                ",
    "      ####      ",
    "      ####      ",
    "      ####      ",
    "                ",
]);

/// An hourglass.
static GLASS: Dots = dots([
    "################",
    "################",
    "  ##        ##  ",
    "  ##        ##  ",
    "  ###  ##  ###  ",
    "   ##########   ",
    "    ########    ",
    "      ####      ",
    "      #  #      ",
    "    ##    ##    ",
    "   ##  ##  ##   ",
    "  ##  ####  ##  ",
    "  ## ###### ##  ",
    "  ############  ",
    "################",
    "################",
]);

/// From a drawing. A drawing of another size does not compile.
const fn dots(drawing: [&str; SIDE as usize]) -> Dots {
    let mut dots = [0; SIDE as usize];
    let mut y = 0;
    while y < dots.len() {
        let row = drawing[y].as_bytes();
        assert!(row.len() == SIDE as usize);
        let mut x = 0;
        while x < row.len() {
            dots[y] |= ((row[x] == b'#') as u16) << (row.len() - 1 - x);
            x += 1;
        }
        y += 1;
    }
    dots
}
