use std::io;

use proptest::prelude::{any, proptest};

use super::{Secret, write_private};

fn secret() -> Secret {
    Secret::from_octets([7; 32])
}

#[test]
fn what_is_sealed_opens_for_the_same_thing_only() {
    let sealed = secret().seal(b"a private key", "dkim c1 notices.example");
    assert_eq!(secret().open_sealed(&sealed, "dkim c1 notices.example").unwrap(), b"a private key");
    assert!(secret().open_sealed(&sealed, "dkim c2 notices.example").is_err(), "it cannot stand in for another key");
    assert!(Secret::from_octets([8; 32]).open_sealed(&sealed, "dkim c1 notices.example").is_err());
}

#[test]
fn the_same_thing_sealed_twice_looks_different() {
    assert_ne!(secret().seal(b"x", "y"), secret().seal(b"x", "y"));
}

#[test]
fn a_mark_is_bound_to_its_use_and_to_the_installation() {
    let mark = secret().mark("01abc", "return-path");
    assert_eq!(mark, secret().mark("01abc", "return-path"));
    assert_ne!(mark, secret().mark("01abd", "return-path"));
    assert_ne!(mark, secret().mark("01abc", "release"));
    assert_ne!(mark, Secret::from_octets([8; 32]).mark("01abc", "return-path"));
    // Use and text cannot run into each other.
    assert_ne!(secret().mark("b\0c", "a"), secret().mark("c", "a\0b").map(|octet| octet ^ 1));
}

#[test]
fn the_file_is_made_once_and_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret.key");
    let sealed = Secret::open(&file).unwrap().seal(b"x", "y");
    assert_eq!(Secret::open(&file).unwrap().open_sealed(&sealed, "y").unwrap(), b"x");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::fs::write(&file, b"too short").unwrap();
    assert!(Secret::open(&file).is_err(), "a damaged secret is never replaced: what it sealed would be lost");
    assert_eq!(std::fs::read(&file).unwrap(), b"too short");
}

proptest! {
    #[test]
    fn a_changed_octet_is_noticed(plain in proptest::collection::vec(any::<u8>(), 0..200), at in any::<proptest::sample::Index>(), flip in 1_u8..) {
        let mut sealed = secret().seal(&plain, "about");
        assert_eq!(secret().open_sealed(&sealed, "about").unwrap(), plain);
        let at = at.index(sealed.len());
        sealed[at] ^= flip;
        assert!(secret().open_sealed(&sealed, "about").is_err());
    }

    #[test]
    fn nothing_that_is_not_ours_opens_or_panics(octets in proptest::collection::vec(any::<u8>(), 0..100)) {
        assert!(secret().open_sealed(&octets, "about").is_err());
    }
}

#[test]
fn a_private_file_is_its_owners_alone_and_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("operator.key");
    write_private(&file, b"first").unwrap();
    assert_eq!(write_private(&file, b"second").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read(&file).unwrap(), b"first");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
