use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use super::*;

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut *self.0.lock().unwrap(), octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Kept {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// What stands in the log after `tell`.
fn log(tell: impl FnOnce()) -> String {
    let kept = Kept::default();
    let lines = tracing_subscriber::fmt::layer().with_writer(kept.clone()).with_ansi(false).fmt_fields(OneLine);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), tell);
    let octets = kept.0.lock().unwrap().clone();
    String::from_utf8(octets).unwrap()
}

#[test]
fn whatever_others_say_is_one_line_of_the_log() {
    let said = "400 x\n2026-11-22T00:00:00Z  INFO somebody signed in staff=FORGED \u{1b}[31m\r\u{2028}\u{202e}\u{9b}";
    let told = log(|| tracing::warn!(error = %said, library = "MRPL", "the provider’s word was not taken: {said}"));
    assert_eq!(told.matches('\n').count(), 1, "{told}");
    assert!(told.ends_with('\n') && !told.trim_end().contains(is_strange), "{told:?}");
    assert!(told.contains("the provider’s word was not taken: 400 x"), "{told}");
    assert!(told.contains("library=\"MRPL\""), "{told}");
}

#[test]
fn nobody_fills_the_log_with_one_line() {
    let told = log(|| tracing::warn!(error = %"é".repeat(100_000), "a gateway refused"));
    assert!(told.chars().count() < LETTERS_MAX + 200 && told.ends_with("…\n"), "{}", told.len());
}
