//! What `courtesy explain` prints.

use super::{Args, explain};

fn printed(what: &[&str], json: bool, lang: &str, stdin: &str) -> (i32, String) {
    let args = Args { what: what.iter().map(|&one| one.to_owned()).collect(), json, lang: lang.to_owned() };
    let mut out = Vec::new();
    let code = explain(&args, &mut stdin.as_bytes(), &mut out).unwrap();
    (code, String::from_utf8(out).unwrap())
}

const REFUSAL: &str =
    "550-5.7.26 Unauthenticated email from mapleridge.example is not accepted due to domain's DMARC policy";

#[test]
fn a_refusal_is_explained_with_whose_job_it_is() {
    let (code, text) = printed(&[REFUSAL], false, "en", "");
    assert_eq!(code, 0);
    insta::assert_snapshot!(text, @r"
    auth.dmarc   Gmail refused it: mapleridge.example has not authorised our server.
      Whose job    the IT department of mapleridge.example
      Patron       did nothing wrong; do not remove their address
      Do           courtesy dns kit mapleridge.example     or send from the shared address
      Certainty    exact match (Gmail, 5.7.26)
    ");
}

#[test]
fn it_is_explained_in_french_too() {
    let (_, text) = printed(&["552 5.2.2 over quota"], false, "fr-CA", "");
    assert!(text.starts_with("mailbox.full   La boîte de l’usager est pleine."), "{text}");
    assert!(text.contains("gardez son adresse"), "{text}");
}

#[test]
fn json_is_one_line_for_each_input() {
    let (code, text) = printed(&[REFUSAL, "550 5.1.1 no such user"], true, "en", "");
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, lines.len()), (0, 2));
    assert_eq!(lines[0]["file"], serde_json::Value::Null);
    assert_eq!(lines[0]["results"][0]["cause"], "auth.dmarc");
    assert_eq!(lines[0]["results"][0]["status"], "5.7.26");
    assert_eq!(lines[0]["results"][0]["reply"], 550);
    assert_eq!(lines[0]["results"][0]["stop"], false);
    assert_eq!(lines[1]["results"][0]["stop"], true);
}

#[test]
fn standard_input_may_be_a_mail_or_a_reply() {
    let mail = "From: MAILER-DAEMON@relay.example\nSubject: failure notice\n\n<ann@receiver.example>:\n550 5.1.1 no such user\n";
    let (_, text) = printed(&["-"], true, "en", mail);
    assert!(text.contains(r#""file":"-""#) && text.contains("ann@receiver.example"), "{text}");
    let (_, text) = printed(&["-"], true, "en", "550 5.1.1 no such user\n");
    assert!(text.contains(r#""file":null"#) && text.contains("addr.unknown"), "{text}");
}

#[test]
fn what_is_no_report_and_what_cannot_be_read_is_said() {
    let (code, text) =
        printed(&["-"], false, "en", "From: ann@receiver.example\nSubject: hello\n\nSee you on Friday.\n");
    assert_eq!(code, 1);
    assert!(text.contains("This is no report about a delivery."), "{text}");
    assert_eq!(printed(&["no-such-file.eml"], false, "en", "").0, 1);
}
