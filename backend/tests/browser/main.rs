//! The page for people in Debian's Chromium, 1280 and 400 pixels wide. `cargo xtask test --install` installs it; the screenshots are in
//! `target/tmp/page`. Beside it the sandbox's pages for the shopper, as the browser is here.

mod driver;
#[path = "../https/shop.rs"]
#[allow(dead_code)] // other tests use the rest
mod shop;
mod shopper;

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use backend::{Database, PageConfig, Way, add_person, add_shop_token, revoke_token};
use fantoccini::{Client, Locator};
use sandbox::RefundStatus;
use serde_json::json;

use driver::Driver;
use shop::{Shop, until};

const PASSWORD: &str = "correct horse battery";
const LONG: Duration = Duration::from_secs(60);

fn database(_: &str, dir: &Path) -> Database {
    Database::from(dir)
}

/// A day in a shop: sold, not paid, a refund that the gateway rejects, paid and never reported on.
fn open() -> Shop {
    let page = PageConfig::new(SocketAddr::from(([127, 0, 0, 1], 0)));
    let mut shop = Shop::with("browser", |config| config.page = Some(page));
    let database = shop.config.database.clone();
    add_person(&database, "asha", PASSWORD).expect("a person");
    for (name, way) in [("mg-road-2", Way::Relayed), ("mg-road-card", Way::Direct), ("stolen", Way::Relayed)] {
        add_shop_token(&database, "mg-road", name, way).expect("a token");
    }
    assert!(revoke_token(&database, "stolen").expect("a database"));
    assert_eq!(shop.create("coffee-1001", "20.00").status, 200);
    for id in ["coffee-1002", "coffee-1003", "coffee-1004"] {
        shop.paid(id);
    }
    assert_eq!(shop.report("coffee-1002", true).status, 200);
    shop.gateway.gateway().rules_mut().refunds = RefundStatus::Rejected;
    assert_eq!(shop.report("coffee-1003", false).status, 200);
    until("the duty", || shop.program(&["duties"]).contains("REJECTED"));
    shop.gateway.gateway().rules_mut().refunds = RefundStatus::Success;
    // Written at its end, so that the list of kiosks shows it.
    shop.start();
    shop
}

#[test]
fn a_person_works_with_the_page_in_a_browser() {
    let (shop, driver) = (open(), Driver::start("people"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        for width in [1280, 400] {
            let browser = driver.browser(width).await;
            let visit = visit(&shop, &browser, width);
            tokio::time::timeout(LONG * 5, visit).await.expect("an end");
            browser.close().await.expect("an end");
        }
    });
    assert_eq!(shop.refunds(), 2, "the rejected one, and the one that was decided here");
}

async fn visit(shop: &Shop, browser: &Client, width: u32) {
    let url = shop.backend().page_url().expect("a page");
    browser.goto(url).await.expect("a page");
    assert_eq!(browser.current_url().await.expect("a URL").path(), "/sign-in");
    shot(browser, "sign-in", width).await;
    sign_in(browser, "wrong wrong wrong").await;
    sees(browser, "[role=alert]", "wrong").await;
    sign_in(browser, PASSWORD).await;
    sees(browser, "h1", "To do").await;

    // Neither scripts nor other pages get at the session.
    assert_eq!(browser.execute("return document.cookie", vec![]).await.expect("a value"), json!(""));
    let cookie = browser.get_all_cookies().await.expect("cookies").remove(0);
    assert_eq!(
        (cookie.http_only(), cookie.same_site().map(|site| site.to_string())),
        (Some(true), Some("Strict".into()))
    );
    let scripts = "return document.scripts.length + document.querySelectorAll('[style],[onclick]').length";
    assert_eq!(browser.execute(scripts, vec![]).await.expect("a value"), json!(0));
    let styled = "return getComputedStyle(document.querySelector('header')).display";
    assert_eq!(browser.execute(styled, vec![]).await.expect("a value"), json!("flex"), "the style is loaded");

    if width == 1280 {
        sees(browser, "main", "REJECTED").await;
    }
    shot(browser, "to-do", width).await;
    follow(browser, "Orders").await;
    sees(browser, "h1", "Orders").await;
    shot(browser, "orders", width).await;
    follow(browser, "coffee-1003").await;
    sees(browser, "h1", "Order coffee-1003").await;
    shot(browser, "order-to-do", width).await;
    if width == 1280 {
        fill(browser, "form[action$='/done'] input[name=why]", "paid back in cash <script>alert(1)</script>").await;
        press(browser, "form[action$='/done'] button").await;
        sees(browser, "[role=status]", "Kept.").await;
    }
    sees(browser, ".story", "asha has seen to refund-").await;
    sees(browser, ".story", "<script>alert(1)</script>").await;
    follow(browser, "To do").await;
    sees(browser, "main", "Nothing needs a person.").await;

    follow(browser, "Orders").await;
    sees(browser, "h1", "Orders").await;
    fill(browser, "#id", "coffee-1004").await;
    press(browser, ".search button").await;
    sees(browser, "h1", "Order coffee-1004").await;
    if width == 1280 {
        decide(browser, "goods_in", "camera: the tray stayed shut").await;
        sees(browser, "[role=status]", "Kept.").await;
        until("the refund", || shop.refunds() == 2);
        decide(browser, "look", "did it go back?").await;
        sees(browser, ".story", "asha had the order read again").await;
    }
    sees(browser, ".story", "asha said that the goods were not handed out: camera: the tray stayed shut").await;
    shot(browser, "order", width).await;
    follow(browser, "Kiosks").await;
    for part in ["kiosk-1", "mg-road-card", "revoked"] {
        sees(browser, "main", part).await;
    }
    shot(browser, "kiosks", width).await;
    press(browser, "form[action='/sign-out'] button").await;
    sees(browser, "h1", "Sign in").await;
    browser.goto(&format!("{url}/orders/coffee-1004")).await.expect("a page");
    assert_eq!(browser.current_url().await.expect("a URL").path(), "/sign-in");
}

async fn sign_in(browser: &Client, password: &str) {
    fill(browser, "#name", "asha").await;
    fill(browser, "#password", password).await;
    press(browser, "button").await;
}

async fn decide(browser: &Client, decision: &str, why: &str) {
    press(browser, &format!("input[value={decision}]")).await;
    fill(browser, "#why", why).await;
    press(browser, "form[action$='/decide'] button").await;
}

/// Waits until this element has this text: a click does not wait for the page that it leads to.
async fn sees(browser: &Client, css: &str, part: &str) {
    let end = Instant::now() + LONG;
    loop {
        let seen = match browser.find(Locator::Css(css)).await {
            Ok(element) => element.text().await,
            Err(error) => Err(error),
        };
        match seen {
            Ok(text) if text.contains(part) => return,
            seen => assert!(Instant::now() < end, "{css} has no {part}: {seen:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn fill(browser: &Client, css: &str, text: &str) {
    let field = browser.find(Locator::Css(css)).await.expect(css);
    field.clear().await.expect("an empty field");
    field.send_keys(text).await.expect("a field");
}

async fn press(browser: &Client, css: &str) {
    browser.find(Locator::Css(css)).await.expect(css).click().await.expect("a click");
}

async fn follow(browser: &Client, name: &str) {
    browser.find(Locator::LinkText(name)).await.expect(name).click().await.expect("a click");
}

/// Keeps a picture of the page, which fits the width.
async fn shot(browser: &Client, name: &str, width: u32) {
    let wide = browser.execute("return document.documentElement.scrollWidth", vec![]).await.expect("a width");
    assert_eq!(wide, json!(width), "{name} does not fit");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    std::fs::create_dir_all(&folder).expect("a folder");
    let png = browser.screenshot().await.expect("a picture");
    std::fs::write(folder.join(format!("{name}-{width}.png")), png).expect("a file");
}
