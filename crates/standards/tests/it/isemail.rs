//! The public isemail set: 164 texts, each with what the mail standards say of it.
//!
//! How its categories map to ours. *Deliverable* is what SMTP can carry to a mailbox of a domain: VALID, DNSWARN (a
//! matter of DNS, not of syntax), quoted local parts and a top-level domain alone. *Not deliverable in SMTP*, and
//! refused: every ERR; comments, folding and obsolete forms (CFWS, DEPREC), which RFC 5322 allows in headers and RFC 5321
//! never in a path; whatever is over a length. *Refused by choice*: address literals, which name no domain, and
//! top-level domains of digits, which are IP addresses mistaken for names (RFC 3696 §2).

use quick_xml::Reader;
use quick_xml::events::Event;
use standards::address::Address;

#[derive(Default)]
struct Case {
    id: String,
    address: String,
    category: String,
    diagnosis: String,
}

impl Case {
    fn is_deliverable(&self) -> bool {
        matches!(self.category.as_str(), "ISEMAIL_VALID_CATEGORY" | "ISEMAIL_DNSWARN")
            || matches!(self.diagnosis.as_str(), "ISEMAIL_RFC5321_QUOTEDSTRING" | "ISEMAIL_RFC5321_TLD")
    }
}

/// The set writes a control character as its symbol: U+2400 and its code.
fn with_controls(text: &str) -> String {
    text.chars()
        .map(|c| match u32::from(c) {
            code @ 0x2400..=0x241F => char::from_u32(code - 0x2400).unwrap(),
            _ => c,
        })
        .collect()
}

fn cases(xml: &str) -> Vec<Case> {
    let mut reader = Reader::from_str(xml);
    let mut cases = Vec::new();
    let mut case = Case::default();
    let mut text = String::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                text.clear();
                if start.name().as_ref() == "test" {
                    let id = start.try_get_attribute("id").unwrap().unwrap();
                    case = Case { id: id.value.to_string(), ..Case::default() };
                }
            }
            Event::Text(part) => text.push_str(&part),
            Event::GeneralRef(reference) => match reference.resolve_char_ref().unwrap() {
                Some(c) => text.push(c),
                None => {
                    text.push_str(quick_xml::escape::resolve_predefined_entity(&reference).expect("a plain entity"))
                }
            },
            Event::End(end) => match end.name().as_ref() {
                "address" => case.address = with_controls(&text),
                "category" => case.category = text.trim().to_owned(),
                "diagnosis" => case.diagnosis = text.trim().to_owned(),
                "test" => cases.push(std::mem::take(&mut case)),
                _ => {}
            },
            Event::Eof => return cases,
            _ => {}
        }
    }
}

#[test]
fn no_deliverable_address_is_refused_and_no_header_is_split() {
    let Some(xml) = crate::corpus("address/isemail-tests.xml") else { return };
    let cases = cases(&xml);
    assert_eq!(cases.len(), 164);
    let (mut deliverable, mut wrong) = (0, Vec::new());
    for case in &cases {
        let taken = Address::parse(&case.address);
        deliverable += usize::from(case.is_deliverable());
        if let Ok(address) = &taken {
            assert!(!address.to_string().chars().any(char::is_control), "{} would split a header", case.id);
        }
        // 35: one dot after the domain is dropped, so that nothing wrong leaves.
        let expected = case.is_deliverable() || case.id == "35";
        if taken.is_ok() != expected {
            wrong.push(format!("{} {} {:?}: {taken:?}", case.id, case.diagnosis, case.address));
        }
    }
    println!("isemail: {} texts, {deliverable} deliverable", cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
