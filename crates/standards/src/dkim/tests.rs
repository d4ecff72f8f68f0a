use super::{KeyRecord, NotAKey};

const RSA_1024: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDjXXWM0A7QAuGmqC9YWiQMT0556XKGL36EBMjx2VZn3NbV4hPAnlh42BLCzwhaPgY28ajvZvnj+Wgx3VlGI32kgRVx61bWyJZosNszQyARo7d57EISjbbT6Wzw8n4PqI5Zz8RROOG4nhEUNGCc7ZzCJqh/wwYMYGTKbA7cTApC1QIDAQAB";
const RSA_2048: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAiZRwOGh8+OsszK3GUgd+2quU2KyaALOUaztHE8OfAdnsGJdXl7Sb2F8rnX/hbEbGatIFQKxWwYRK1QIF8RD9kTrqJMIsECEHDompZ0tRPot6IQst2CfL1y25rdYNV7ltcqbDs2fVhrq8GAPoce4KDvU5Z3cd2Ghqcko8JrGh2qLcM8wXKGhskjnO3yUOlnb8LX6QrcgQLy1rVz6kXJOncsscDl2qvvJwiolAfzBJxYPjjEKGayIFFA4hWSyIPNWrvhunUs7tD78aNTRAT29t6o3PrZR1uMnhbyMelmwV36ycRMvfbSmuv7YS0iPCfoFUAcm6miG7xxJvM57sMa/YUQIDAQAB";

fn parse(text: &str) -> Result<KeyRecord, NotAKey> {
    KeyRecord::parse(text.as_bytes())
}

#[test]
fn the_key_is_found_among_its_tags_and_blanks() {
    let (front, back) = RSA_2048.split_at(100);
    let record = parse(&format!("v=DKIM1; k=rsa; t=s ; p={front} \t{back};")).unwrap();
    assert!(record.is("rsa", RSA_2048) && !record.is("rsa", RSA_1024) && !record.is("ed25519", RSA_2048));
    assert!(!record.testing && !record.is_revoked());
}

#[test]
fn rsa_is_meant_where_no_algorithm_is_said() {
    assert_eq!(parse(&format!("p={RSA_1024}")).unwrap().rsa_bits(), Some(1024));
    assert_eq!(parse(&format!("v=DKIM1;k=RSA;p={RSA_2048}")).unwrap().rsa_bits(), Some(2048));
}

#[test]
fn an_empty_key_was_revoked() {
    let record = parse("v=DKIM1; p=").unwrap();
    assert!(record.is_revoked() && !record.is("rsa", ""));
    assert_eq!(record.rsa_bits(), None);
}

#[test]
fn what_a_verifier_would_ignore_says_why() {
    for (text, why) in [
        ("v=DKIM2; p=AAAA", NotAKey::Version),
        ("p=AAAA; v=DKIM1", NotAKey::Version),
        ("v=DKIM1; k=rsa", NotAKey::NoKey),
        ("v=spf1 -all", NotAKey::Version),
        ("nonsense", NotAKey::NoKey),
        ("v=DKIM1; p=\"AAAA\"", NotAKey::BadKey),
        ("v=DKIM1; p=AAAAA", NotAKey::BadKey),
        ("v=DKIM1; h=sha1; p=AAAA", NotAKey::Hash),
        ("v=DKIM1; s=tlsrpt; p=AAAA", NotAKey::Service),
        ("v=DKIM1; p=AAAA; p=BBBB", NotAKey::Twice),
    ] {
        assert_eq!(parse(text).unwrap_err(), why, "{text}");
    }
    assert!(parse("v=DKIM1; h=sha1 : sha256; s=email; t=y:s; p=AAAA").unwrap().testing);
}

#[test]
fn a_broken_key_has_no_length_and_does_no_harm() {
    for cut in 0..RSA_2048.len() / 4 {
        if let Ok(record) = parse(&format!("p={}", &RSA_2048[..cut * 4])) {
            let _ = record.rsa_bits();
        }
    }
    assert_eq!(parse("p=MIIB").unwrap().rsa_bits(), None);
}
