use super::{Letter, Part, said_on_paper};
use crate::notice::Language;
use crate::notice::builtin::tests::frame;
use crate::notice::catalogue::{Audience, NOTICES};
use crate::notice::render::render_letter;
use crate::notice::value::Fields;

fn text(letter: &Letter) -> String {
    let lines = letter.parts.iter().flat_map(|part| match part {
        Part::Heading(line) => vec![line.clone()],
        Part::Paragraph(lines) => lines.clone(),
        Part::List(items) => items.concat(),
        Part::Facts(rows) => rows.iter().map(|(label, value)| format!("{label} {value}")).collect(),
        Part::Divider => Vec::new(),
    });
    lines.chain(letter.contact.iter().cloned()).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_letter_to_a_patron_speaks_of_mail_that_can_be_answered() {
    for entry in NOTICES.iter().filter(|entry| entry.notice.audience == Audience::Patron) {
        for language in Language::ALL {
            let Some(words) = crate::notice::builtin::words(entry.notice, language) else { continue };
            let frame = frame(Audience::Patron, language);
            let letter = render_letter(words, &Fields::samples(language), &frame).unwrap();
            let said = text(&letter).to_lowercase();
            for mail in ["reply", "this message", "répond", "ce message"] {
                let lender_is_answered = mail == "répond" && said.contains("nous lui répondrons");
                assert!(
                    !said.contains(mail) || lender_is_answered,
                    "{} {language:?}: {mail}\n{said}",
                    entry.notice.code()
                );
            }
        }
    }
}

#[test]
fn what_paper_says_is_a_sentence() {
    let en = "Would it still be useful? Reply to this message with a new date, or call us.";
    assert_eq!(said_on_paper(en, Language::En), "Would it still be useful? Write to us with a new date, or call us.");
    let fr = "Une question? Répondez à ce message ou appelez-nous.";
    assert_eq!(said_on_paper(fr, Language::Fr), "Une question? Écrivez-nous ou appelez-nous.");
}
