//! What patrons take into their own mail program: a contact card, and a filter for Gmail.
//!
//! In: a library's name and addresses. Out: text in the program's own format.

use standards::address::Address;

/// Octets of a line before it is folded (RFC 6350 §3.2).
const LINE_OCTETS: usize = 75;

/// Who writes.
pub(super) struct Contact<'a> {
    /// The library's name.
    pub name: &'a str,
    /// Its code, which stays when all else changes.
    pub code: &'a str,
    /// The addresses that notices come from, the usual one first.
    pub addresses: &'a [Address],
    /// Its telephone number.
    pub phone: Option<&'a str>,
    /// Its page.
    pub url: Option<&'a str>,
}

/// A contact card (RFC 6350) of an organization. `host` makes its id our own.
pub(super) fn card(contact: &Contact<'_>, host: &str) -> String {
    let name = escaped(contact.name);
    let mut lines = vec![
        "BEGIN:VCARD".to_owned(),
        "VERSION:4.0".to_owned(),
        "KIND:org".to_owned(),
        format!("UID:https://{host}/libraries/{}", contact.code),
        format!("FN:{name}"),
        format!("ORG:{name}"),
    ];
    for (index, address) in contact.addresses.iter().enumerate() {
        lines.push(format!("EMAIL;PREF={}:{}", index + 1, escaped(&address.to_string())));
    }
    if let Some(phone) = contact.phone {
        lines.push(format!("TEL;TYPE=work:{}", escaped(phone)));
    }
    // A URI stands as it is.
    if let Some(url) = contact.url.filter(|url| !url.chars().any(char::is_whitespace)) {
        lines.push(format!("URL:{url}"));
    }
    lines.push("END:VCARD".to_owned());
    lines.iter().map(|line| folded(line)).collect()
}

/// RFC 6350 §3.4: commas, semicolons, backslashes and line ends of a value.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            ',' | ';' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            letter if letter.is_control() => {}
            letter => out.push(letter),
        }
    }
    out
}

/// Long lines go on behind CRLF and a space, never within a character.
fn folded(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    let mut octets = 0;
    for letter in line.chars() {
        if octets + letter.len_utf8() > LINE_OCTETS {
            out.push_str("\r\n ");
            octets = 1;
        }
        out.push(letter);
        octets += letter.len_utf8();
    }
    out.push_str("\r\n");
    out
}

/// Addresses as Gmail searches for them: `a@b.example OR c@d.example`.
pub(super) fn any_of(addresses: &[Address]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" OR ")
}

/// A filter as Gmail exports and imports them: mail from these addresses is never spam.
pub(super) fn gmail_filter(addresses: &[Address]) -> String {
    let from = any_of(addresses).replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&apos;");
    format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n\
         <feed xmlns='http://www.w3.org/2005/Atom' xmlns:apps='http://schemas.{}/apps/2006'>\n\
         <title>Mail Filters</title>\n\
         <entry>\n\
         <category term='filter'></category>\n\
         <title>Mail Filter</title>\n\
         <content></content>\n\
         <apps:property name='from' value='{from}'/>\n\
         <apps:property name='shouldNeverSpam' value='true'/>\n\
         </entry>\n\
         </feed>\n",
        GOOGLE
    )
}

/// The host in the namespace of Gmail's filters: a name, not a place that anything is fetched from.
const GOOGLE: &str = concat!("google", ".", "com");

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> Vec<Address> {
        ["mrpl@notices.example", "o'neil+ill@library.example"].map(|text| Address::parse(text).unwrap()).into()
    }

    #[test]
    fn a_contact_card_has_every_address_and_no_line_longer_than_allowed() {
        let addresses = addresses();
        let long = "Bibliothèque publique, régionale et universitaire de la Vallée-de-la-Rivière-aux-Cèdres; annexe";
        let contact = Contact {
            name: long,
            code: "MRPL",
            addresses: &addresses,
            phone: Some("604-555-0100"),
            url: Some("https://library.example/"),
        };
        let card = card(&contact, "notices.example");
        assert!(card.starts_with("BEGIN:VCARD\r\nVERSION:4.0\r\n") && card.ends_with("END:VCARD\r\n"), "{card}");
        assert!(card.split("\r\n").all(|line| line.len() <= LINE_OCTETS), "{card}");
        let whole = card.replace("\r\n ", "");
        assert!(whole.contains("FN:Bibliothèque publique\\, régionale") && whole.contains("\\; annexe"), "{whole}");
        assert!(whole.contains("EMAIL;PREF=1:mrpl@notices.example\r\nEMAIL;PREF=2:o'neil+ill@library.example\r\n"));
    }

    #[test]
    fn a_filter_names_every_address_and_is_well_formed() {
        let filter = gmail_filter(&addresses());
        assert!(filter.contains("value='mrpl@notices.example OR o&apos;neil+ill@library.example'"), "{filter}");
        assert_eq!(filter.matches('<').count(), filter.matches('>').count());
        assert!(filter.contains("<apps:property name='shouldNeverSpam' value='true'/>"));
    }
}
