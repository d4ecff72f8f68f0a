use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use standards::domain::Domain;

use super::*;
use crate::net::tls::{Demand, Demands, Security};

struct Chain {
    leaf: CertificateDer<'static>,
    authority: CertificateDer<'static>,
}

fn chain(name: &str) -> Chain {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    Chain { leaf: leaf.der().clone(), authority: authority.der().clone() }
}

fn key_of(certificate: &CertificateDer<'_>) -> Vec<u8> {
    EndEntityCert::try_from(certificate).unwrap().subject_public_key_info().to_vec()
}

fn sha256(data: &[u8]) -> Vec<u8> {
    digest(&SHA256, data).as_ref().to_vec()
}

fn record(usage: u8, selector: u8, matching: u8, data: Vec<u8>) -> Tlsa {
    Tlsa { usage, selector, matching, data }
}

fn believed(records: &[Tlsa], shown: &Chain, name: &str) -> bool {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = DaneVerifier { records: records.to_vec(), provider };
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_900_000_000));
    verifier.judge(&shown.leaf, std::slice::from_ref(&shown.authority), &name, now).is_ok()
}

#[test]
fn a_hosts_own_certificate_is_known_by_itself_or_its_key_whatever_name_it_has() {
    let shown = chain("mx.example");
    let key = key_of(&shown.leaf);
    for fits in [
        record(3, 0, 0, shown.leaf.to_vec()),
        record(3, 0, 1, sha256(&shown.leaf)),
        record(3, 1, 0, key.clone()),
        record(3, 1, 1, sha256(&key)),
        record(3, 1, 2, digest(&SHA512, &key).as_ref().to_vec()),
    ] {
        assert!(believed(std::slice::from_ref(&fits), &shown, "other.example"), "{fits:?}");
        assert!(!believed(&[fits], &chain("mx.example"), "mx.example"));
    }
}

#[test]
fn an_authority_vouches_for_a_host_of_its_chain_under_its_name() {
    let shown = chain("mx.example");
    for vouches in [record(2, 0, 1, sha256(&shown.authority)), record(2, 1, 1, sha256(&key_of(&shown.authority)))] {
        assert!(believed(std::slice::from_ref(&vouches), &shown, "mx.example"));
        assert!(!believed(std::slice::from_ref(&vouches), &shown, "other.example"));
        let forged = Chain { leaf: chain("mx.example").leaf, authority: shown.authority.clone() };
        assert!(!believed(&[vouches], &forged, "mx.example"), "a certificate that this authority never signed");
    }
    assert!(believed(&[record(2, 0, 0, shown.authority.to_vec())], &shown, "mx.example"));
}

#[test]
fn one_that_fits_is_enough_and_none_that_fits_is_no() {
    let shown = chain("mx.example");
    let (good, old) = (record(3, 1, 1, sha256(&key_of(&shown.leaf))), record(3, 1, 1, vec![7; 32]));
    assert!(believed(&[old.clone(), good], &shown, "mx.example"));
    assert!(!believed(std::slice::from_ref(&old), &shown, "mx.example"));
    assert!(!believed(&[old, record(1, 0, 1, sha256(&shown.leaf))], &shown, "mx.example"), "usage 1 holds nobody");
}

#[test]
fn records_that_nobody_can_use_leave_any_certificate() {
    let shown = chain("mx.example");
    assert!(believed(&[record(1, 1, 1, vec![1; 32]), record(3, 9, 1, vec![1; 32])], &shown, "mx.example"));
    for useless in [
        record(0, 1, 1, vec![0; 32]),
        record(3, 1, 1, vec![0; 20]),
        record(3, 1, 3, vec![0; 32]),
        record(3, 0, 0, Vec::new()),
    ] {
        assert!(!useless.is_usable(), "{useless:?}");
    }
}

#[test]
fn dane_goes_before_sts_and_what_is_unknown_is_not_called() {
    let host = |name: &str| Domain::parse(name).unwrap();
    let records = vec![record(3, 1, 1, vec![1; 32])];
    let demands = Demands {
        sts_tried: None,
        encrypted: true,
        sts: Some(vec!["*.sts.example".to_owned()]),
        dane: vec![(host("mx.dane.example"), Some(records.clone())), (host("mx.bogus.example"), None)],
    };
    let security = Security::Demands(Arc::new(demands));
    assert_eq!(security.at(&host("mx.dane.example")), Demand::Vouched(records));
    assert_eq!(security.at(&host("mx.bogus.example")), Demand::Unknown);
    assert_eq!(security.at(&host("mx.sts.example")), Demand::Named { name: host("mx.sts.example"), by_policy: true });
    assert_eq!(security.at(&host("evil.example")), Demand::NotNamed);
    let encrypted = Demands { encrypted: true, ..Demands::default() };
    assert_eq!(Security::Demands(Arc::new(encrypted)).at(&host("mx.example")), Demand::Encrypted);
    assert_eq!(Security::Opportunistic.at(&host("mx.example")), Demand::Nothing);
}
