use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

use super::ceremony::{Wrong, made, signed};
use super::*;

const HOST: &str = "notices.example";
const ORIGIN: &str = "https://notices.example";

/// An authenticator in software, as a phone has one.
struct Phone {
    key: EcdsaKeyPair,
    credential: Vec<u8>,
}

impl Phone {
    fn new() -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        Self { key, credential: vec![7; 20] }
    }

    fn public_key(&self) -> Vec<u8> {
        self.key.public_key().as_der().unwrap().as_ref().to_vec()
    }

    fn authenticator_data(&self, host: &str, flags: u8, counter: u32) -> Vec<u8> {
        let mut data = digest(&SHA256, host.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend(counter.to_be_bytes());
        if flags & 0x40 != 0 {
            data.extend([0; 16]);
            data.extend(u16::try_from(self.credential.len()).unwrap().to_be_bytes());
            data.extend(&self.credential);
            data.extend(b"the key in COSE, which nobody reads here");
        }
        data
    }

    fn sign(&self, authenticator_data: &[u8], client_data: &[u8]) -> Vec<u8> {
        let message = [authenticator_data, digest(&SHA256, client_data).as_ref()].concat();
        self.key.sign(&SystemRandom::new(), &message).unwrap().as_ref().to_vec()
    }
}

fn client_data(kind: &str, challenge: &str, origin: &str) -> Vec<u8> {
    serde_json::json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false })
        .to_string()
        .into_bytes()
}

const ASKED: Asked<'_> = Asked { challenge: "abc", origin: ORIGIN, host: HOST };

#[test]
fn a_passkey_that_was_made_for_us_is_kept_and_opens() {
    let phone = Phone::new();
    let (said, data) = (client_data("webauthn.create", "abc", ORIGIN), phone.authenticator_data(HOST, 0x45, 0));
    let new = Made {
        credential: &phone.credential,
        client_data: &said,
        authenticator_data: &data,
        public_key: &phone.public_key(),
        algorithm: -7,
    };
    assert_eq!(made(&ASKED, &new), Ok(0));
    assert_eq!(made(&ASKED, &Made { algorithm: -257, ..new }), Err(Wrong::Key), "a key of another kind");
    let new = Made {
        public_key: b"nonsense",
        credential: &phone.credential,
        client_data: &said,
        authenticator_data: &data,
        algorithm: -7,
    };
    assert_eq!(made(&ASKED, &new), Err(Wrong::Key));
    let new = Made { credential: b"another", public_key: &phone.public_key(), ..new };
    assert_eq!(made(&ASKED, &new), Err(Wrong::Credential));

    let (said, data) = (client_data("webauthn.get", "abc", ORIGIN), phone.authenticator_data(HOST, 0x05, 0));
    let signature = phone.sign(&data, &said);
    let held = Signed { client_data: &said, authenticator_data: &data, signature: &signature };
    assert_eq!(signed(&ASKED, &phone.public_key(), -7, 0, &held), Ok(0));
    assert_eq!(signed(&ASKED, &Phone::new().public_key(), -7, 0, &held), Err(Wrong::Signature));
}

#[test]
fn what_was_signed_elsewhere_for_others_or_by_nobody_opens_nothing() {
    let phone = Phone::new();
    let get = "webauthn.get";
    let good = client_data(get, "abc", ORIGIN);
    let framed = serde_json::json!({ "type": get, "challenge": "abc", "origin": ORIGIN, "crossOrigin": true });
    for (said, host, flags, counter, counted, expected) in [
        (client_data("webauthn.create", "abc", ORIGIN), HOST, 5, 0, 0, Wrong::Kind),
        (client_data(get, "abd", ORIGIN), HOST, 5, 0, 0, Wrong::Challenge),
        (client_data(get, "abc", "https://evil.example"), HOST, 5, 0, 0, Wrong::Origin),
        (client_data(get, "abc", "http://notices.example"), HOST, 5, 0, 0, Wrong::Origin),
        (framed.to_string().into_bytes(), HOST, 5, 0, 0, Wrong::Origin),
        (b"{}".to_vec(), HOST, 5, 0, 0, Wrong::ClientData),
        (good.clone(), "evil.example", 5, 0, 0, Wrong::Host),
        (good.clone(), HOST, 4, 0, 0, Wrong::NobodyThere),
        (good.clone(), HOST, 1, 0, 0, Wrong::NotVerified),
        (good.clone(), HOST, 5, 7, 7, Wrong::Counter),
        (good.clone(), HOST, 5, 0, 7, Wrong::Counter),
    ] {
        let data = phone.authenticator_data(host, flags, counter);
        let signature = phone.sign(&data, &said);
        let held = Signed { client_data: &said, authenticator_data: &data, signature: &signature };
        assert_eq!(signed(&ASKED, &phone.public_key(), -7, counted, &held), Err(expected));
    }
    let data = phone.authenticator_data(HOST, 5, 8);
    let signature = phone.sign(&data, &good);
    for cut in 0..data.len() {
        let held = Signed { client_data: &good, authenticator_data: &data[..cut], signature: &signature };
        assert!(signed(&ASKED, &phone.public_key(), -7, 7, &held).is_err(), "{cut} octets");
    }
    let held = Signed { client_data: &good, authenticator_data: &data, signature: &signature };
    assert_eq!(signed(&ASKED, &phone.public_key(), -7, 7, &held), Ok(8));
}

#[test]
fn a_challenge_is_ours_for_one_thing_and_for_an_hour() {
    let (secret, now) = (Secret::from_octets([3; 32]), Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1));
    let text = challenge(&secret, "sign in", now);
    assert!(is_good(&secret, "sign in", &text, now) && is_good(&secret, "sign in", &text, now + CHALLENGE_LASTS));
    assert!(!is_good(&secret, "make ses_1", &text, now));
    assert!(!is_good(&secret, "sign in", &text, now + CHALLENGE_LASTS + SignedDuration::from_secs(1)));
    assert!(!is_good(&secret, "sign in", &text, now - SignedDuration::from_secs(1)), "of the future");
    assert!(!is_good(&Secret::from_octets([4; 32]), "sign in", &text, now));
    for wrong in ["", "abc", &text[1..], "\u{e9}"] {
        assert!(!is_good(&secret, "sign in", wrong, now));
    }
    assert_ne!(text, challenge(&secret, "sign in", now));
}

#[test]
fn passkeys_are_for_hosts_with_a_name_and_https() {
    let host = |url| Place::at(url).map(|place| (place.host, place.origin));
    let both = |host: &str, origin: &str| Some((host.to_owned(), origin.to_owned()));
    assert_eq!(host("https://notices.example"), both(HOST, ORIGIN));
    assert_eq!(host("https://notices.example:8443/"), both(HOST, "https://notices.example:8443"));
    assert_eq!(host("http://localhost:8025"), both("localhost", "http://localhost:8025"));
    for none in ["http://notices.example", "https://192.0.2.1", "http://127.0.0.1:8025", "https://[2001:db8::1]", ""] {
        assert_eq!(host(none), None, "{none}");
    }
}
