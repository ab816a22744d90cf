//! The screen of dots: golden pictures of all that it shows, and what a reader makes of the codes on them.
//!
//! `BLESS=1 cargo test -p kiosk --features host --test screen` writes the pictures anew. Look at them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use embedded_graphics::geometry::Size;
use embedded_graphics::pixelcolor::{PixelColor, Rgb888};
use kiosk::{Act, GraphicScreen, Language, Notice, Palette, Price, QrPicture, Screen, Words};
use pay_core::Amount;
use pay_core::model::{BankTransferDetails, Currency, UpiLink, UpiLinks, Url};

#[path = "../src/host/canvas.rs"]
mod canvas;

use canvas::Canvas;

const SIZES: [Size; 2] = [Size::new(320, 240), Size::new(480, 320)];

/// What the gateway's sandbox sends has about this length.
const SHORT: &str = "upi://pay?pa=shop@upi&pn=Shop&tr=ATC1457655315005187584&am=10.15&cu=INR&tn=Order%20Payment";

/// As long as production links are.
const LONG: &str = "upi://pay?pa=cf.shopnameofthemerchant@cashnsdl&pn=Shop%20name%20of%20the%20merchant&tr=1457655315005187584\
    &am=98765.40&cu=INR&mode=00&purpose=00&mc=5399&tn=1457655315005187584&url=https%3A%2F%2Fwww.cashfree.com";

/// The longest that makes a code.
fn longest() -> String {
    let link = "upi://pay?pa=shop@upi&am=1.00&cu=INR&tn=";
    format!("{link}{}", "x".repeat(666 - link.len()))
}

fn links(link: &str) -> UpiLinks<'_> {
    let mut links = UpiLinks::default();
    links.default = UpiLink::parse(link);
    links
}

/// A screen with this on it, after what `show` does.
fn drawn<C>(size: Size, palette: Palette<C>, language: Language, show: &dyn Fn(&mut dyn Screen)) -> Vec<u8>
where
    C: PixelColor + Into<Rgb888>,
{
    // Of the ink's colour, so that what is not painted is seen.
    let mut screen = GraphicScreen::new(Canvas::new(size, palette.ink), palette, language, |_| {});
    show(&mut screen);
    screen.display().png()
}

/// Shows something.
type Show = Box<dyn Fn(&mut dyn Screen)>;

/// All that can be shown: its name, and what shows it.
fn notices() -> Vec<(String, Show)> {
    let mut all: Vec<(String, Show)> = Vec::new();
    for words in Words::ALL {
        if !matches!(words, Words::ScanToPay | Words::GoOnAt | Words::TransferTo | Words::TimeLeft) {
            all.push((format!("say-{words:?}"), Box::new(move |screen| screen.show(Notice::Say(words)))));
        }
    }
    for (name, link, minor, left_s) in [
        ("short", SHORT.to_owned(), 1015, 299),
        ("long", LONG.to_owned(), 9_876_540, 60),
        ("longest", longest(), 100, 3599),
    ] {
        let show = move |screen: &mut dyn Screen| code(screen, &link, minor, left_s);
        all.push((format!("code-{name}"), Box::new(show)));
    }
    let act = |on: Act<'static>| {
        move |screen: &mut dyn Screen| {
            let currency = Currency::inr();
            let price = Price { amount: Amount::from_minor(1015).unwrap(), currency: &currency };
            screen.show(Notice::Act { on, price, left_s: 9 });
        }
    };
    let page = Url::parse("https://payments.cashfree.com/order/#abc").unwrap();
    let mut transfer = BankTransferDetails::default();
    transfer.account_number = Some("00112233445566778899");
    all.push(("page".into(), Box::new(act(Act::Page(page)))));
    all.push(("transfer".into(), Box::new(act(Act::Transfer(transfer)))));
    for words in [Words::ConfirmInApp, Words::CardNotUsable] {
        all.push((format!("act-{words:?}"), Box::new(act(Act::Words(words)))));
    }
    // Later, and after something else.
    let later = move |screen: &mut dyn Screen| {
        screen.show(Notice::Say(Words::OneMoment));
        code(screen, SHORT, 1015, 600);
        screen.left(599);
        screen.left(61);
        screen.left(7);
    };
    all.push(("code-later".into(), Box::new(later)));
    all
}

fn code(screen: &mut dyn Screen, link: &str, minor: u64, left_s: u32) {
    let (amount, currency) = (Amount::from_minor(minor).unwrap(), Currency::inr());
    let price = Price { amount, currency: &currency };
    let shown = QrPicture::draw(&links(link), amount, &currency, |picture| {
        screen.show(Notice::Act { on: Act::Code(picture), price, left_s });
    });
    shown.unwrap();
}

/// Every picture on every screen: its name, the screen's size, the file.
static PICTURES: LazyLock<Vec<(String, Size, Vec<u8>)>> = LazyLock::new(|| {
    let mut pictures = Vec::new();
    for size in SIZES {
        for (name, show) in notices() {
            for (language, behind) in [(Language::English, ""), (Language::Hindi, "-hindi")] {
                let place = |colours| format!("{}x{}-{colours}{behind}/{name}.png", size.width, size.height);
                pictures.push((place("colour"), size, drawn(size, Palette::COLOUR, language, &*show)));
                pictures.push((place("mono"), size, drawn(size, Palette::ON_IS_LIGHT, language, &*show)));
            }
        }
    }
    if std::env::var_os("BLESS").is_some() {
        for (name, _, png) in &pictures {
            let path = golden().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, png).unwrap();
        }
    }
    pictures
});

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// The dots of a PNG: red, green, blue.
fn dots(png: &[u8]) -> Vec<[u8; 3]> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let length = reader.next_frame(&mut bytes).unwrap().buffer_size();
    bytes[..length].chunks_exact(3).map(|dot| [dot[0], dot[1], dot[2]]).collect()
}

/// Meant to notice: any dot. Mutant seen red: `kiosk-money-back-says-not-paid`.
#[test]
fn pictures_are_as_they_were() {
    let mut different = Vec::new();
    for (name, _, png) in &*PICTURES {
        match fs::read(golden().join(name)) {
            Ok(kept) if dots(&kept) == dots(png) => {}
            Ok(_) => different.push(format!("{name}: another picture")),
            Err(error) => different.push(format!("{name}: {error}")),
        }
    }
    assert!(different.is_empty(), "{different:#?}\nlook at them, and if that is meant: BLESS=1");
    let places = fs::read_dir(golden()).unwrap().flat_map(|place| fs::read_dir(place.unwrap().path()).unwrap());
    assert_eq!(places.count(), PICTURES.len(), "a golden picture of nothing");
}

/// On the golden files themselves, by another implementation. Meant to notice: a code without its quiet zone, ink and paper exchanged, a
/// time that is drawn over the code.
#[test]
fn a_reader_reads_each_code() {
    let mut read = 0;
    for (name, size, png) in &*PICTURES {
        let link = match name.split('/').nth(1).unwrap() {
            "code-short.png" | "code-later.png" => SHORT.to_owned(),
            "code-long.png" => LONG.to_owned(),
            "code-longest.png" => longest(),
            _ => continue,
        };
        let (kept, width) = (dots(&fs::read(golden().join(name)).unwrap()), size.width as usize);
        assert_eq!(kept, dots(png), "{name}");
        let grey = |x: usize, y: usize| kept[y * width + x][1];
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, size.height as usize, grey);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1, "{name}");
        assert_eq!(grids[0].decode().unwrap().1, link, "{name}");
        read += 1;
    }
    assert_eq!(read, 32);
}

/// Nothing is cut off. Meant to notice: a price that touches the upper edge.
#[test]
fn the_edge_of_a_picture_is_paper() {
    for (name, size, png) in &*PICTURES {
        let (dots, width, height) = (dots(png), size.width as usize, size.height as usize);
        let edge = (0..width).flat_map(|x| [(x, 0), (x, 1), (x, height - 2), (x, height - 1)]);
        let edge = edge.chain((0..height).flat_map(|y| [(0, y), (1, y), (width - 2, y), (width - 1, y)]));
        for (x, y) in edge {
            assert_eq!(dots[y * width + x], [255; 3], "{name}: {x}, {y}");
        }
    }
}
