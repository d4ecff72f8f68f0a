use super::{Block, Button, LINES_MAX, PIECES_MAX, Piece, SOURCE_BYTES_MAX, Target, Words};
use crate::notice::Language;
use crate::notice::catalogue::Audience;
use crate::notice::field::Field;
use crate::notice::problem::{At, Problem, Trouble};

fn parse(body: &str) -> Result<Words, Vec<Problem>> {
    Words::parse(&format!("---\nstatus: ready_for_pickup\nsubject: ((title)) is here\n---\n{body}"), Language::En)
}

fn blocks(body: &str) -> Vec<Block> {
    parse(body).unwrap().blocks
}

/// Problems as an editor reads them; body lines begin at 5.
fn problems(body: &str) -> Vec<String> {
    parse(body).unwrap_err().iter().map(ToString::to_string).collect()
}

fn text(words: &str) -> Piece {
    Piece::Text(words.into())
}

/// The pieces of a one-line paragraph, without places.
fn line(body: &str) -> String {
    let blocks = blocks(body);
    let [Block::Paragraph(lines)] = blocks.as_slice() else { panic!("{blocks:?}") };
    lines.iter().map(|line| shape(line)).collect::<Vec<_>>().join(" / ")
}

fn shape(line: &[Piece]) -> String {
    line.iter()
        .map(|piece| match piece {
            Piece::Text(words) => words.clone(),
            Piece::Field { field, filter: None, .. } => format!("<{}>", field.name()),
            Piece::Field { field, filter: Some(filter), .. } => format!("<{}|{}>", field.name(), filter.name()),
            Piece::When { field, then, .. } => format!("<{}?{}>", field.name(), shape(then)),
            Piece::Bold(line) => format!("<b {}>", shape(line)),
            Piece::Link { label, target: Target::Field(field, _), .. } => {
                format!("<a {} {}>", field.name(), shape(label))
            }
            Piece::Link { label, target: Target::Literal(url, _), .. } => format!("<a {url} {}>", shape(label)),
        })
        .collect()
}

#[test]
fn every_block_is_known_by_its_first_mark() {
    let blocks = blocks(
        "Hello,\nsecond line\n\n# Where\n\n- one\n- two\n  and more\n\n| Due | ((due_date|date)) |\n| Note | ((note??((note)))) |\n\n---\n\n[button: See](((request_url)))\n",
    );
    let kinds: Vec<&str> = blocks
        .iter()
        .map(|block| match block {
            Block::Heading(_) => "heading",
            Block::Paragraph(lines) if lines.len() == 2 => "paragraph of 2",
            Block::Paragraph(_) => "paragraph",
            Block::List(items) if items.len() == 2 => "list of 2",
            Block::List(_) => "list",
            Block::Facts(facts) if facts.len() == 2 => "facts of 2",
            Block::Facts(_) => "facts",
            Block::Button(_) => "button",
            Block::Divider => "divider",
        })
        .collect();
    assert_eq!(kinds, ["paragraph of 2", "heading", "list of 2", "facts of 2", "divider", "button"]);
}

#[test]
fn fields_conditions_and_marks_stand_inside_a_line() {
    assert_eq!(line("A ((title)) by ((pickup_by|date))."), "A <title> by <pickup_by|date>.");
    assert_eq!(line("Hello((first_name?? ((first_name)))),"), "Hello<first_name? <first_name>>,");
    assert_eq!(line("((note??Note: ((note))))"), "<note?Note: <note>>");
    assert_eq!(line("**((title))** ((note??**x**))"), "<b <title>> <note?<b x>>");
    assert_eq!(line("[here](((url))) [x](https://a.example/b?c=1)"), "<a url here> <a https://a.example/b?c=1 x>");
    assert_eq!(line("((cost??((cost))((currency?? ((currency))))))"), "<cost?<cost><currency? <currency>>>");
}

#[test]
fn parentheses_of_the_words_stay_words() {
    assert_eq!(line("a (b) [c] (((title))) d)"), "a (b) [c] (<title>) d)");
    assert_eq!(line("((note??(see ((note)))))"), "<note?(see <note>)>");
    assert_eq!(line("((note??(((note)))))"), "<note?(<note>)>");
}

#[test]
fn a_backslash_takes_the_meaning_from_a_mark() {
    assert_eq!(line(r"\*\*a\*\* \((title)) \[x](y)"), "**a** ((title)) [x](y)");
}

#[test]
fn the_bars_of_a_filter_do_not_part_a_row() {
    let blocks = blocks(r"| Due \| back | ((due_date??((due_date|date)))) |");
    let [Block::Facts(facts)] = blocks.as_slice() else { panic!() };
    assert_eq!(shape(&facts[0].label), "Due | back");
    assert_eq!(shape(&facts[0].value), "<due_date?<due_date|date>>");
}

#[test]
fn a_button_may_depend_on_its_field() {
    let blocks = blocks("((request_url??[button: See this](((request_url)))))");
    let [Block::Button(Button { when, label, target: Target::Field(field, _) })] = blocks.as_slice() else { panic!() };
    assert_eq!((*when, *field), (Some(Field::RequestUrl), Field::RequestUrl));
    assert_eq!(label, &vec![text("See this")]);
}

#[test]
fn an_unknown_field_is_an_error_with_a_suggestion() {
    assert_eq!(problems("\nDue ((due_dat)) now"), ["6:5: there is no field ((due_dat)): did you mean ((due_date))?"]);
    assert_eq!(
        problems("((patron.first_name))"),
        ["5:1: there is no field ((patron.first_name)): did you mean ((first_name))?"]
    );
    assert_eq!(problems("é ((horoscope??x))"), ["5:3: there is no field ((horoscope))"]);
}

#[test]
fn all_problems_come_at_once_and_in_order() {
    let found = problems("((titel)) and **bold\n\n((note??open\n\n[x](http://a.example) ((due_date|fish))\n\n| one |");
    assert_eq!(found.len(), 6, "{found:#?}");
    assert!(found[0].starts_with("5:1: there is no field ((titel)): did you mean ((title))?"));
    assert!(found[1].starts_with("5:15: ** is opened here"));
    assert!(found[2].starts_with("7:1: (( is opened here"));
    assert!(found[3].starts_with("9:5: “http://a.example” cannot be linked"));
    assert!(found[4].contains("no “fish” after |"));
    assert!(found[5].starts_with("11:1: a row of facts"));
}

#[test]
fn problems_are_said_in_french_too() {
    let found = parse("((due_dat))").unwrap_err();
    let french = found[0].trouble.say(Language::Fr);
    assert_eq!(french, "le champ ((due_dat)) n’existe pas\u{a0}: vouliez-vous dire ((due_date))?");
}

#[test]
fn only_https_and_url_fields_can_be_linked() {
    for target in [
        "javascript:alert(1",
        "http://a.example",
        "https://",
        "https://a@b.example",
        "https://a.example/\"x",
        "//a.example",
        "https://a.example/((title))",
    ] {
        assert!(parse(&format!("[x]({target})")).is_err(), "{target}");
    }
}

#[test]
fn the_front_matter_names_the_notice() {
    let words =
        Words::parse("---\nstatus: Overdue\naudience: borrowing\nsubject: x\npush: y\n---\nz", Language::En).unwrap();
    assert_eq!(words.notice.code(), "overdue.borrowing");
    assert_eq!(words.push, Some(vec![text("y")]));
    let operator =
        Words::parse("\u{feff}---\r\nstatus: ops_queue_stuck\r\nsubject: x\r\n---\r\nz\r\n", Language::En).unwrap();
    assert_eq!(operator.notice.audience, Audience::Operator);
}

#[test]
fn a_wrong_front_matter_says_what_is_wrong() {
    let said = |source: &str| -> Vec<String> {
        Words::parse(source, Language::En).unwrap_err().iter().map(ToString::to_string).collect()
    };
    assert_eq!(said("Hello"), ["1:1: the first line must be ---, then status: and subject:"]);
    assert_eq!(said("---\nstatus: overdue\n"), ["1:1: the lines at the top must end with ---"]);
    assert_eq!(
        said("---\nstatus: overdeu\nsubject: x\n---\nz"),
        ["2:9: “overdeu” is not a status: did you mean overdue?"]
    );
    assert_eq!(
        said("---\nstatus: overdue\nsubjct: x\n---\nz"),
        ["1:1: subject: is missing", "3:1: there is no “subjct” at the top of a notice: did you mean subject:?"]
    );
    assert_eq!(
        said("---\nstatus: due_soon\naudience: lending\nsubject: x\n---\nz"),
        ["2:9: there is no notice for lending on due_soon"]
    );
    assert_eq!(said("---\nstatus: overdue\nsubject: x\n---\n\n"), ["1:1: the notice has no words"]);
}

#[test]
fn marks_mean_nothing_in_a_subject() {
    let words = Words::parse("---\nstatus: overdue\nsubject: **((title))** [x](y)\n---\nz", Language::En).unwrap();
    assert_eq!(shape(&words.subject), "**<title>** [x](y)");
}

#[test]
fn what_does_not_show_is_refused() {
    assert!(problems("a\u{202e}b")[0].starts_with("5:2: there is a character here"));
    assert!(problems("a\u{7}b")[0].starts_with("5:2: "));
}

#[test]
fn limits_hold() {
    let too_many = |body: &str| parse(body).unwrap_err().iter().any(|problem| problem.trouble == Trouble::TooMany);
    assert!(too_many(&"a\n\n".repeat(LINES_MAX + 1)));
    assert!(too_many(&"((title))".repeat(PIECES_MAX + 1)));
    assert_eq!(
        parse(&"a".repeat(SOURCE_BYTES_MAX)).unwrap_err(),
        [Problem { at: At { line: 1, column: 1 }, trouble: Trouble::TooLong { bytes_max: SOURCE_BYTES_MAX } }]
    );
    assert!(parse(&"&".repeat(SOURCE_BYTES_MAX / 5)).is_err(), "escaping counts");
    assert!(problems(&"((note??".repeat(6)).iter().any(|said| said.contains("too many marks inside")));
}

#[test]
fn french_words_get_their_spaces() {
    let source = "---\nstatus: overdue\nsubject: En retard : ((title))\n---\n« ((title)) » à 5 % ; non !";
    let words = Words::parse(source, Language::Fr).unwrap();
    assert_eq!(shape(&words.subject), "En retard\u{a0}: <title>");
    let [Block::Paragraph(lines)] = words.blocks.as_slice() else { panic!() };
    assert_eq!(shape(&lines[0]), "«\u{a0}<title>\u{a0}» à 5\u{a0}% ; non !");
}

proptest::proptest! {
    #[test]
    fn no_source_makes_the_reader_panic(source in "(---\nstatus: overdue\nsubject: )?[-#|*()?\\[\\]a-z:é\\\\ \n]{0,200}") {
        let _ = Words::parse(&source, Language::En);
        let _ = Words::parse(&format!("---\nstatus: overdue\nsubject: x\n---\n{source}"), Language::Fr);
    }

    #[test]
    fn no_marks_make_the_reader_panic(marks in proptest::collection::vec(
        proptest::sample::select(vec!["((", "))", "??", "|", "**", "[", "](", ")", "title", "url", "[button:", "\\", "é", " ", "\n", "- ", "# ", "https://a.example"]), 0..60)) {
        let _ = Words::parse(&format!("---\nstatus: overdue\nsubject: x\n---\n{}", marks.concat()), Language::En);
    }
}
