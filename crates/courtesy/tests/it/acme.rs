//! The certificate of our own doors comes from an authority: Pebble, of the people who write Let's Encrypt, where it is installed.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use courtesy::config::{Acme, Config};
use courtesy::service::Service;
use practice::dns::Data;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;

use crate::world::{World, domain};

/// The name of the doors.
const DOORS: &str = "doors.notices.example";

const PATIENCE: Duration = Duration::from_secs(60);

/// An authority on loopback.
struct Pebble {
    child: Child,
    port: u16,
    management: u16,
    folder: tempfile::TempDir,
}

impl Drop for Pebble {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Pebble {
    /// One that asks for names at `resolver` and for answers at `http_port`; none where it is not installed.
    async fn start(resolver: std::net::SocketAddr, http_port: u16) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        std::fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        let (port, management) = (free_port(), free_port());
        let at = |name: &str| folder.path().join(name);
        let settings = serde_json::json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{port}"), "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": at("cert.pem"), "privateKey": at("key.pem"), "httpPort": http_port, "tlsPort": 5001,
            "ocspResponderURL": "", "externalAccountBindingRequired": false
        } });
        std::fs::write(at("pebble.json"), settings.to_string()).unwrap();
        let child = Command::new("pebble")
            .args(["-config".as_ref(), at("pebble.json").as_os_str()])
            .args(["-dnsserver", &resolver.to_string()])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .stdout(std::fs::File::create(at("log")).unwrap())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = child else {
            println!("skipped: pebble is not installed (Debian: pebble)");
            return None;
        };
        let pebble = Self { child, port, management, folder };
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", management)).await.is_err()
            || TcpStream::connect(("127.0.0.1", port)).await.is_err()
        {
            assert!(tokio::time::Instant::now() < deadline, "pebble never listened");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(pebble)
    }

    /// The root that it signs under, asked where it tells it.
    async fn root(&self) -> CertificateDer<'static> {
        let client = reqwest::Client::builder().no_proxy().tls_danger_accept_invalid_certs(true).build().unwrap();
        let url = format!("https://127.0.0.1:{}/roots/0", self.management);
        let pem = client.get(url).send().await.unwrap().bytes().await.unwrap();
        CertificateDer::from_pem_slice(&pem).unwrap()
    }

    fn settings(&self, config: &mut Config, http_port: u16) {
        config.acme = Acme {
            directory: Some(format!("https://127.0.0.1:{}/dir", self.port)),
            contact: Some("mailto:operator@notices.example".to_owned()),
            names: vec![domain(DOORS)],
            listen: Some(([127, 0, 0, 1], http_port).into()),
        };
        config.https.private = true;
        config.smtp.extra_ca = Some(self.folder.path().join("cert.pem"));
        config.listen.https = Some("127.0.0.1:0".parse().unwrap());
        config.listen.submissions = Some("127.0.0.1:0".parse().unwrap());
    }
}

/// The certificate at a door, where its chain leads to `root` and it has our name.
async fn certificate_at(door: std::net::SocketAddr, root: &CertificateDer<'static>) -> Option<CertificateDer<'static>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(door).await.unwrap();
    let name = ServerName::try_from(DOORS).unwrap();
    let shaken = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
    Some(shaken.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned())
}

async fn until_held(service: &Service, root: &CertificateDer<'static>) -> CertificateDer<'static> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(certificate) = certificate_at(service.https.unwrap(), root).await {
            return certificate;
        }
        let standing = service.acme().unwrap().standing().await.unwrap();
        assert!(tokio::time::Instant::now() < deadline, "no certificate came: {standing:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn the_doors_have_a_certificate_of_the_authority_and_renew_it_without_a_restart() {
    let outside = practice::world::start(practice::world::Options::default()).await.unwrap();
    outside.zones().put(&domain(DOORS), Data::A([127, 0, 0, 1].into()));
    let (resolver, http_port) = (outside.resolver_addr(), free_port());
    let Some(pebble) = Pebble::start(resolver, http_port).await else { return };
    let database = practice::postgres::schema().ok();
    let world = World::with(|config| {
        pebble.settings(config, http_port);
        config.dns.resolver = Some(resolver);
        config.database = database.clone().unwrap_or_default();
    })
    .await;
    let root = pebble.root().await;
    let first = until_held(&world.service, &root).await;
    let submissions = *world.service.submission.last().unwrap();
    assert_eq!(certificate_at(submissions, &root).await, Some(first.clone()), "the SMTP doors have it too");
    let doctor = world.get("/v1/doctor").await.text;
    assert!(doctor.contains("that of doors.notices.example is good until"), "{doctor}");
    assert!(world.get("/metrics").await.text.contains("courtesy_certificate_ends_seconds"));
    if database.is_some() {
        // Another machine has it from the store, and orders none of its own.
        let other = world.beside(|config| config.acme.listen = None).await;
        assert_eq!(certificate_at(other.https.unwrap(), &root).await, Some(first.clone()));
        other.stop().await;
    }
    // Nothing is ordered before two thirds of its life are over; then it is, and the doors have it at once.
    let acme = world.service.acme().unwrap();
    acme.look(courtesy::clock::now()).await;
    assert_eq!(certificate_at(submissions, &root).await, Some(first.clone()));
    let later = acme.standing().await.unwrap().ends_at.unwrap() - jiff::SignedDuration::from_hours(24);
    acme.look(later).await;
    let second = certificate_at(submissions, &root).await.unwrap();
    assert_ne!(second, first);
    // An authority that is gone takes nothing away, and is told of.
    drop(pebble);
    acme.look(later + jiff::SignedDuration::from_hours(24 * 365 * 5)).await;
    assert_eq!(certificate_at(submissions, &root).await, Some(second));
    let doctor = world.get("/v1/doctor").await.text;
    assert!(doctor.contains("the last order was in vain"), "{doctor}");
    assert_eq!(world.get("/.well-known/acme-challenge/none").await.status, 404);
}
