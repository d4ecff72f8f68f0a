//! A push service on a real socket, as strict as the large ones, and a browser's device that reads what it is handed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::hkdf;
use aws_lc_rs::signature::{self, ECDSA_P256_SHA256_FIXED};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State as With;
use axum::http::{HeaderMap, StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// A request that the service took, or would have taken.
#[derive(Clone, Debug)]
pub struct Push {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub answered: u16,
}

impl Push {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A status, and a Retry-After.
type Answer = (u16, Option<&'static str>);

/// Takes what is right, but for what its script says.
#[derive(Clone, Default)]
pub struct PushService {
    pub origin: String,
    pushes: Arc<Mutex<Vec<Push>>>,
    script: Arc<Mutex<VecDeque<Answer>>>,
}

impl PushService {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let service = Self { origin, ..Self::default() };
        let app = Router::new().fallback(answer).with_state(service.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        service
    }

    /// Answers the next request so, whatever it is, with this Retry-After.
    pub fn answer_next(&self, status: u16, retry_after: Option<&'static str>) {
        self.script.lock().unwrap().push_back((status, retry_after));
    }

    pub fn pushes(&self) -> Vec<Push> {
        self.pushes.lock().unwrap().clone()
    }

    /// What a service looks at: RFC 8030 §5.2, RFC 8188 §2.1, RFC 8291 §4, RFC 8292 §4.2.
    fn judge(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), u16> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        text("ttl").parse::<u32>().map_err(|_| 400_u16)?;
        if text("content-encoding") != "aes128gcm" || body.len() < 86 + 17 || body[20] != 65 {
            return Err(400);
        }
        if body.len() > 4096 {
            return Err(413);
        }
        let topic = text("topic");
        let is_topic = |octet: u8| octet.is_ascii_alphanumeric() || b"-_".contains(&octet);
        if topic.len() > 32 || !topic.bytes().all(is_topic) {
            return Err(400);
        }
        let (token, key) =
            text("authorization").strip_prefix("vapid t=").and_then(|rest| rest.split_once(", k=")).ok_or(401_u16)?;
        let (signed, given) = token.rsplit_once('.').ok_or(401_u16)?;
        let public = signature::UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, URL_SAFE_NO_PAD.decode(key).unwrap());
        public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(given).unwrap()).map_err(|_| 403_u16)?;
        let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        let contact = claims["sub"].as_str().unwrap();
        let is_right = claims["aud"] == self.origin.as_str()
            && (contact.starts_with("mailto:") || contact.starts_with("https://"));
        if is_right { Ok(()) } else { Err(403) }
    }
}

async fn answer(
    With(service): With<PushService>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap) {
    let judged = service.judge(&headers, &body).err();
    let (status, retry_after) = match (judged, service.script.lock().unwrap().pop_front()) {
        (Some(status), _) => (status, None),
        (None, scripted) => scripted.unwrap_or((201, None)),
    };
    let push = Push { path: uri.path().to_owned(), headers, body: body.to_vec(), answered: status };
    service.pushes.lock().unwrap().push(push);
    let mut answered = HeaderMap::new();
    if let Some(wait) = retry_after {
        answered.insert("retry-after", wait.parse().unwrap());
    }
    (StatusCode::from_u16(status).unwrap(), answered)
}

/// A browser's device: the half of the key that nobody else has.
pub struct Device {
    pub endpoint: String,
    private: PrivateKey,
    pub raw_private: Vec<u8>,
    auth: [u8; 16],
}

impl Device {
    pub fn new(endpoint: String) -> Self {
        use aws_lc_rs::encoding::{AsBigEndian as _, EcPrivateKeyBin};
        let private = PrivateKey::generate(&ECDH_P256).unwrap();
        let raw: EcPrivateKeyBin<'_> = private.as_be_bytes().unwrap();
        let raw_private = raw.as_ref().to_vec();
        Self { endpoint, private, raw_private, auth: courtesy::id::random_bytes() }
    }

    pub fn public(&self) -> Vec<u8> {
        self.private.compute_public_key().unwrap().as_ref().to_vec()
    }

    pub fn p256dh(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.public())
    }

    pub fn auth(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.auth)
    }

    /// What a push says, as the browser reads it (RFC 8291 §3.4, RFC 8188 §2).
    pub fn read(&self, push: &Push) -> Value {
        let (salt, rest) = push.body.split_at(16);
        let (theirs, record) = rest[5..].split_at(65);
        let info = [b"WebPush: info\0".as_slice(), &self.public(), theirs].concat();
        let peer = UnparsedPublicKey::new(&ECDH_P256, theirs);
        let ikm: Vec<u8> = agree(&self.private, peer, (), |shared| Ok(derive(&self.auth, shared, &info, 32))).unwrap();
        let key = derive(salt, &ikm, b"Content-Encoding: aes128gcm\0", 16);
        let nonce = derive(salt, &ikm, b"Content-Encoding: nonce\0", 12);
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap());
        let mut record = record.to_vec();
        let plain =
            key.open_in_place(Nonce::try_assume_unique_for_key(&nonce).unwrap(), Aad::empty(), &mut record).unwrap();
        let end = plain.iter().rposition(|octet| *octet != 0).unwrap();
        assert_eq!(plain[end], 2, "the last record");
        serde_json::from_slice(&plain[..end]).unwrap()
    }
}

struct Octets(usize);

impl hkdf::KeyType for Octets {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive(salt: &[u8], secret: &[u8], info: &[u8], octets: usize) -> Vec<u8> {
    let mut out = vec![0; octets];
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    extracted.expand(&[info], Octets(octets)).unwrap().fill(&mut out).unwrap();
    out
}
