//! The five bodies.

pub const CARD: &str = r#"{"payment_session_id":"session__CvcEmNKDkmERQrxnx39ibhJ3Ii034pjc8ZVxf3qcgEXCWlgDDlHRgz2XYZCqpajDQSXMMtCusPgOIxYP2LZx0-05p39gC2Vgmq1RAj--gcn","payment_method":{"card":{"channel":"link","card_number":"4111111111111111","card_holder_name":"Meera Rao","card_expiry_mm":"03","card_expiry_yy":"28","card_cvv":"123"}},"save_instrument":true,"offer_id":"faa6cc05-d1e2-401c-b0cf-0c9db3ff0f0b"}"#;

pub const ORDER: &str = r#"{"cart_details":null,"cf_order_id":"2183323902","created_at":"2026-08-05T03:23:09+05:30","customer_details":{"customer_email":null,"customer_id":"walk-in","customer_name":null,"customer_phone":"9000000017","customer_uid":null},"entity":"order","order_amount":10.34,"order_currency":"INR","order_expiry_time":"2026-09-04T03:23:09+05:30","order_id":"till3-0000000000000a1f","order_meta":{"notify_url":null,"payment_methods":null,"return_url":"https://shop.example/return"},"order_note":null,"order_splits":[],"order_status":"ACTIVE","order_tags":null,"payment_session_id":"session__CvcEmNKDkmERQrxnx39ibhJ3Ii034pjc8ZVxf3qcgEXCWlgDDlHRgz2XYZCqpajDQSXMMtCusPgOIxYP2LZx0-05p39gC2Vgmq1RAj--gcn","terminal_data":null}"#;

pub fn upi_link() -> Vec<u8> {
    let query = r"pa=shop.till3%40okbank\u0026pn=Shop%20and%20Co\u0026tr=ATC1457655315005187584\u0026am=10.15\u0026cu=INR\u0026mode=00\u0026purpose=00\u0026mc=5732\u0026tn=Tea";
    let web = "https://api.cashfree.com/pg/view/upi/7f3a.session__CvcEmNKDkmERQrxnx39ibhJ3Ii034pjc8ZVxf3qcgEXCWlgDDlHRgz2XYZCqpajDQSXMMtCusPgOIxYP2LZx0-05p39gC2Vgmq1RAj--gcn.c0ffee";
    format!(
        r#"{{"action":"custom","cf_payment_id":1457655315005187584,"channel":"link","data":{{"url":null,"payload":{{"bhim":"bhim://upi/pay?{query}","default":"upi://pay?{query}","gpay":"tez://upi/pay?{query}","paytm":"paytmmp://pay?{query}","phonepe":"phonepe://pay?{query}","web":"{web}"}},"content_type":null,"method":null}},"payment_amount":10.15,"payment_method":"upi"}}"#
    )
    .into_bytes()
}

pub fn qr() -> Vec<u8> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let image: String = (0..9_600_usize).map(|i| char::from(digits[i * i % 61])).collect();
    format!(
        r#"{{"action":"custom","cf_payment_id":1457655315005187584,"channel":"qrcode","data":{{"url":null,"payload":{{"qrcode":"data:image/png;base64,{image}"}},"content_type":null,"method":null}},"payment_amount":10.15,"payment_method":"upi"}}"#
    )
    .into_bytes()
}

pub fn payments() -> Vec<u8> {
    let one = |id: u64, status: &str| {
        format!(
            r#"{{"auth_id":null,"authorization":null,"bank_reference":"232626286848","cf_payment_id":{id},"entity":"payment","error_details":null,"is_captured":true,"order_amount":10.15,"order_id":"till3-0000000000000a1f","payment_amount":10.15,"payment_completion_time":"2026-09-18T16:52:45+05:30","payment_currency":"INR","payment_gateway_details":null,"payment_group":"upi","payment_message":"{status} \u0026 noted","payment_method":{{"upi":{{"channel":"link","upi_id":"meera@okbank"}}}},"payment_offers":null,"payment_status":"{status}","payment_time":"2026-09-18T16:52:12+05:30"}}"#
        )
    };
    let statuses = ["SUCCESS", "FAILED", "USER_DROPPED", "FAILED"];
    let list: Vec<_> = (0_u64..).zip(statuses).map(|(i, status)| one(1_457_655_315_005_187_584 + i, status)).collect();
    format!("[{}]", list.join(",")).into_bytes()
}
