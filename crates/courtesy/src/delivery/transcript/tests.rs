//! What is kept of a conversation, and what a clerk may see of it.

use tokio::time::Instant;

use super::{LINE_OCTETS_MAX, Line, OCTETS_MAX, Transcript, Who};

fn conversation() -> Transcript {
    let mut log = Transcript::new(Instant::now());
    log.note("connected to mx.plain.example");
    log.us("MAIL FROM:<b+01j@bounce.alder.example> SIZE=12");
    log.us("RCPT TO:<sandra.dole@plain.example>");
    log.them("550 5.1.1 <sandra.dole@plain.example>: user sandra.dole unknown, ask postmaster@plain.example.");
    log
}

#[test]
fn lines_come_back_as_they_were_said() {
    let stored = conversation().as_str().to_owned();
    let back = Transcript::from_text(stored);
    let lines: Vec<_> = back.lines().map(|line| (line.who, line.text)).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0], (Who::Note, "connected to mx.plain.example"));
    assert_eq!(lines[2], (Who::Us, "RCPT TO:<sandra.dole@plain.example>"));
    assert_eq!(lines[3].0, Who::Them);
}

#[test]
fn masked_hides_every_address_and_the_patrons_local_part() {
    let masked = conversation().masked();
    assert!(!masked.as_str().contains("sandra"), "{masked:?}");
    assert!(!masked.as_str().contains("postmaster"), "{masked:?}");
    let said: Vec<_> = masked.lines().map(|line| line.text).collect();
    assert_eq!(said[2], "RCPT TO:<s•••e@plain.example>");
    assert_eq!(said[3], "550 5.1.1 <s•••e@plain.example>: user ••• unknown, ask p•••r@plain.example.");
}

#[test]
fn masked_hides_a_quoted_local_part_with_spaces() {
    let mut log = Transcript::new(Instant::now());
    log.us("RCPT TO:<\"sandra dole\"@plain.example>");
    assert_eq!(log.masked().lines().next().unwrap().text, "RCPT TO:<\"•••\"@plain.example>");
}

#[test]
fn a_server_cannot_forge_a_line() {
    let mut log = Transcript::new(Instant::now());
    log.them("250 ok\r\n0 > QUIT");
    assert_eq!(log.lines().count(), 1);
    assert_eq!(log.lines().next().map(|Line { who, .. }| who), Some(Who::Them));
}

#[test]
fn a_talkative_server_is_cut() {
    let mut log = Transcript::new(Instant::now());
    log.them("é".repeat(LINE_OCTETS_MAX));
    assert!(log.as_str().len() < LINE_OCTETS_MAX + 20);
    for _ in 0..1000 {
        log.them("250 and one more thing that nobody asked for");
    }
    assert!(log.as_str().len() < OCTETS_MAX + 60);
    assert_eq!(log.lines().last().map(|line| line.text), Some("the rest was not kept"));
}
