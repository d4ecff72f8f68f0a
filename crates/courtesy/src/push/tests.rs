use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;

use super::device::{Device, NotADevice};
use super::encrypt::{PLAIN_OCTETS_MAX, encrypt, encrypt_padded};
use super::pass::{NoPass, Pass};
use super::payload::{Shown, TEXT_OCTETS_MAX};
use super::vapid::{Pair, Tokens};
use super::{receipt, verdict};
use crate::clock::Timestamp;
use crate::id::MessageId;
use crate::library::LibraryCode;
use crate::net::https::{Answer, HeaderMap, HeaderValue};
use crate::notice::Language;
use crate::outcome::Outcome;
use crate::secret::Secret;
use crate::store::Subscription;

const UA_PUBLIC: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

fn octets<const N: usize>(text: &str) -> [u8; N] {
    URL_SAFE_NO_PAD.decode(text).unwrap().try_into().unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn secret() -> Secret {
    Secret::from_octets([7; 32])
}

fn library(code: &str) -> LibraryCode {
    LibraryCode::parse(code).unwrap()
}

/// RFC 8291 Appendix A.
#[test]
fn the_example_of_the_standard_comes_out_to_the_octet() {
    let ours = octets::<32>("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
    let ours = PrivateKey::from_private_key(&ECDH_P256, &ours).unwrap();
    let salt = octets("DGv6ra1nlYgDCS1FRnbzlw");
    let plain = b"When I grow up, I want to be a watermelon";
    let body = encrypt_padded(plain, 0, &octets(UA_PUBLIC), &octets(AUTH), &ours, salt).unwrap();
    let wanted = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml\
                  mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT\
                  pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
    assert_eq!(URL_SAFE_NO_PAD.encode(body), wanted);
}

#[test]
fn lengths_do_not_tell_which_notice_it_is_and_too_long_a_text_is_refused() {
    let ours = PrivateKey::generate(&ECDH_P256).unwrap();
    let body = |length| encrypt(&vec![b'a'; length], &octets(UA_PUBLIC), &octets(AUTH), &ours, [1; 16]);
    assert_eq!(body(10).unwrap().len(), body(200).unwrap().len());
    assert_ne!(body(10).unwrap().len(), body(300).unwrap().len());
    // RFC 8291 §4: what is sent has at most 4,096 octets.
    assert_eq!(body(PLAIN_OCTETS_MAX).unwrap().len(), 4096);
    assert!(body(PLAIN_OCTETS_MAX + 1).is_none());
    assert!(encrypt(b"a", &[4; 65], &octets(AUTH), &ours, [1; 16]).is_none(), "not a point of the curve");
}

#[test]
fn a_token_names_the_service_and_holds_less_than_a_day() {
    let (pair, pkcs8) = Pair::generate().unwrap();
    let again = Pair::from_pkcs8(&pkcs8).unwrap();
    assert_eq!(pair.public(), again.public());
    let tokens = Tokens::default();
    let header = tokens.header(&again, "https://push.example", "mailto:ops@notices.example", now());
    let (token, key) = header.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
    assert_eq!(key, pair.public());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let public = URL_SAFE_NO_PAD.decode(key).unwrap();
    let checked = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public);
    checked.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(
        (claims["aud"].as_str(), claims["sub"].as_str()),
        (Some("https://push.example"), Some("mailto:ops@notices.example"))
    );
    let lasts = claims["exp"].as_i64().unwrap() - now().as_second();
    assert!((3600..86_400).contains(&lasts), "{lasts}");

    let header_at = |hours, origin: &str| {
        tokens.header(&again, origin, "mailto:ops@notices.example", now() + SignedDuration::from_hours(hours))
    };
    assert_eq!(header_at(1, "https://push.example"), header, "used again");
    assert_ne!(header_at(7, "https://push.example"), header, "made anew before it ends");
    assert_ne!(header_at(1, "https://other.example"), header, "each service its own");
}

#[test]
fn a_device_is_believed_only_with_a_key_and_a_secret() {
    let read = |endpoint: &str, key: &str, auth: &str| Device::read(endpoint, key, auth);
    let endpoint = "https://push.example/a";
    let device = read(endpoint, UA_PUBLIC, AUTH).unwrap();
    assert_eq!(read(endpoint, &format!("{UA_PUBLIC}="), &format!("{AUTH}==")).unwrap().digest(), device.digest());
    assert_eq!(read(endpoint, &UA_PUBLIC[..80], AUTH).err(), Some(NotADevice::Key));
    assert_eq!(read(endpoint, &URL_SAFE_NO_PAD.encode([4; 65]), AUTH).err(), Some(NotADevice::Key));
    assert_eq!(read(endpoint, UA_PUBLIC, "AAAA").err(), Some(NotADevice::Auth));
    assert!(matches!(read(&"a".repeat(3000), UA_PUBLIC, AUTH), Err(NotADevice::Endpoint(_))));
}

#[test]
fn a_kept_device_opens_with_our_secret_at_its_library_alone() {
    let device = Device::read("https://push.example/a", UA_PUBLIC, AUTH).unwrap();
    let sealed = device.seal(&secret(), &library("MRPL"));
    assert!(!String::from_utf8_lossy(&sealed).contains("push.example"));
    let kept = |library: LibraryCode| Subscription {
        library,
        number: "21234".to_owned(),
        digest: device.digest(),
        sealed: sealed.clone(),
        key: String::new(),
        name: String::new(),
        made_at: now(),
        used_at: now(),
    };
    let opened = Device::open(&secret(), &kept(library("MRPL"))).unwrap();
    assert!(opened == device);
    assert!(Device::open(&secret(), &kept(library("ALDR"))).is_none());
    assert!(Device::open(&Secret::from_octets([8; 32]), &kept(library("MRPL"))).is_none());
}

#[test]
fn a_pass_opens_one_patrons_devices_for_a_time() {
    let until = now() + SignedDuration::from_hours(1);
    let pass = Pass { library: library("MRPL"), number: "21 234/é".to_owned(), made_at: now(), until };
    let text = pass.write(&secret());
    assert!(text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet)), "{text}");
    assert_eq!(Pass::read(&secret(), &text, now()), Ok(pass.clone()));
    assert_eq!(Pass::read(&secret(), &text, until), Err(NoPass::Over));
    assert_eq!(Pass::read(&Secret::from_octets([8; 32]), &text, now()), Err(NoPass::NotOurs));
    let mut octets = URL_SAFE_NO_PAD.decode(&text).unwrap();
    *octets.last_mut().unwrap() ^= 1;
    assert_eq!(Pass::read(&secret(), &URL_SAFE_NO_PAD.encode(octets), now()), Err(NoPass::NotOurs));
    assert_eq!(Pass::read(&secret(), "", now()), Err(NoPass::NotOurs));
}

#[test]
fn a_receipt_is_for_one_message() {
    let message = MessageId::new(now());
    let word = receipt::write(&secret(), message);
    assert_eq!(receipt::read(&secret(), &word), Some(message));
    assert_eq!(receipt::read(&Secret::from_octets([8; 32]), &word), None);
    assert_eq!(receipt::read(&secret(), &word[1..]), None);
}

#[test]
fn what_shows_is_a_declarative_message_and_fits_into_one_record() {
    let shown = Shown {
        title: "Bibliothèque de Maple Ridge".to_owned(),
        body: "é".repeat(2000),
        navigate: format!("https://notices.example/push/open/{}", "a".repeat(60)),
        language: Language::Fr,
        tag: "a".repeat(32),
        receipt: "a".repeat(60),
    };
    let octets = shown.to_json();
    assert!(octets.len() < PLAIN_OCTETS_MAX, "{}", octets.len());
    let json: serde_json::Value = serde_json::from_slice(&octets).unwrap();
    assert_eq!(json["web_push"], 8030);
    assert_eq!(json["notification"]["title"], "Bibliothèque de Maple Ridge");
    assert_eq!(json["notification"]["lang"], "fr");
    assert_eq!(json["notification"]["body"].as_str().unwrap().len(), TEXT_OCTETS_MAX);
}

fn answered(status: u16, retry_after: Option<&str>, body: &str) -> verdict::Verdict {
    let mut headers = HeaderMap::new();
    if let Some(text) = retry_after {
        headers.insert("retry-after", HeaderValue::from_str(text).unwrap());
    }
    verdict::of(&Answer { status, headers, body: body.as_bytes().to_vec() }, now())
}

#[test]
fn what_a_push_service_answers_is_read_as_it_is_meant() {
    let cause = |status| {
        let verdict = answered(status, None, "");
        let for_now = matches!(verdict.outcome, Outcome::Deferred { .. });
        (verdict.outcome.cause().map(|cause| cause.code()), for_now, verdict.is_gone)
    };
    for status in [200, 201, 202] {
        assert_eq!(cause(status), (None, false, false), "{status}");
    }
    for status in [404, 410] {
        assert_eq!(cause(status), (Some("push.expired"), false, true), "{status}");
    }
    for status in [400, 401, 403, 413] {
        assert_eq!(cause(status), (Some("push.service"), false, false), "{status}");
    }
    assert_eq!(cause(429), (Some("policy.rate"), true, false));
    assert_eq!(cause(503), (Some("temp"), true, false));
}

#[test]
fn a_service_that_asks_to_wait_is_waited_for_within_reason() {
    let wait = |text| answered(429, Some(text), "").wait.map(|wait| wait.as_secs());
    assert_eq!(wait("120"), Some(120));
    assert_eq!(wait("999999999"), Some(6 * 3600));
    assert_eq!(wait("Fri, 15 Jan 2027 08:05:00 GMT"), Some(300));
    assert_eq!(wait("soon"), None);
}

#[test]
fn what_is_kept_of_an_answer_holds_no_endpoint() {
    let said = answered(410, None, "gone: https://push.example/secret\n").said;
    assert!(!said.contains("secret"), "{said}");
    assert!(answered(403, None, "VAPID public key mismatch").said.contains("mismatch"));
}
