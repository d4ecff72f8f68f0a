//! The words of a report, cut into what is said about whom.
//!
//! In: an opened mail. Out: a [`Block`] for each recipient named, with the lines that follow its name. Not here: what the
//! words mean.

use std::sync::LazyLock;

use regex::Regex;
use standards::dsn::{Letter, RECIPIENTS_MAX, bare_address};

/// Lines looked at. Reports are short; what is longer is somebody's log.
const LINES_MAX: usize = 2000;
/// Words kept for a recipient.
const WORDS_MAX: usize = 4096;

/// What is said about one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub recipient: String,
    pub words: String,
}

/// The recipients that the words name, each once, with what is said about them.
pub(super) fn blocks(letter: &Letter) -> Vec<Block> {
    let text = letter.texts.join("\n");
    for form in [Form::Begins, Form::Named, Form::Anywhere] {
        let found = in_form(form, &text, letter);
        if !found.is_empty() {
            return found;
        }
    }
    let failed = letter.field("x-failed-recipients").and_then(bare_address).or_else(|| letter.original.to());
    failed.map(|recipient| Block { recipient, words: whole(letter) }).into_iter().collect()
}

/// The words about one of these names.
pub(super) fn about<'a>(blocks: &'a [Block], names: &[&Option<String>]) -> Option<&'a str> {
    let same = |block: &&Block| {
        names.iter().any(|name| name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(&block.recipient)))
    };
    let only = if blocks.len() == 1 { blocks.first() } else { None };
    blocks.iter().find(same).or(only).map(|block| block.words.as_str())
}

/// All that is said, without the sentences that every report of a kind has.
pub(super) fn whole(letter: &Letter) -> String {
    static POLITENESS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(concat!(
            r"(?i)permanent (?:fatal )?error|sorry to have to|sorry it didn|(?:please|kindly) (?:verify|check|contact|send|forward|try|do not|resend|include)",
            r"|if you do so|further assistance|customer support|created automatically|could not be delivered to one or more|own text from the attached",
            r"|following address|reporting-mta:|arrival-date:|mime-encapsulated|the mail system|was received at|message-id:|do not reply",
        ))
        .expect("fixed")
    });
    let mut kept = String::new();
    for line in letter.texts.iter().flat_map(|text| text.lines()).take(LINES_MAX) {
        if !POLITENESS.is_match(line) && !is_footer(line) && kept.len() + line.len() < WORDS_MAX {
            kept.push('\n');
            kept.push_str(line.trim());
        }
    }
    kept
}

/// How a recipient is named, the surest form first.
#[derive(Clone, Copy)]
enum Form {
    /// The line begins with the address: `<ann@example.com>:`, `ann@example.com [User unknown]`.
    Begins,
    /// The line says that the address is the recipient: `RCPT TO:`, `delivering your mail to <...>`.
    Named,
    /// An address, and that is all we know.
    Anywhere,
}

fn in_form(form: Form, text: &str, letter: &Letter) -> Vec<Block> {
    static BEGINS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"^\s*(?:>>> ?|[*-] |[45][0-9]{2} )?(?:(?:RCPT )?[Tt]o: ?)?[<"'\[]?([^\s<>"'()\[\]:;,=/]+@[A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9])\b[>"']?(.*)$"#).expect("fixed")
    });
    static NAMED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(concat!(
            // Whole words: there is a `to` in `tom@` and a `user` in `user7@`.
            r"(?i)(?:\b(?:rcpt(?:[ _]to)?|recipients?|original-recipient|final-recipient|deliver(?:ed|ing|y|)(?: \w+){0,4} to",
            r"|unknown user|no such user|sent to|addressed to|invalid address|address|to|user|userid|user ?id|mailbox|group|for|full|attempts?)\b\W{1,8}",
            r"|(?:宛先|あて先)\W{0,8})",
            r#"([^\s<>"'()\[\]:;,=/]+@[A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9])"#,
        ))
        .expect("fixed")
    });
    static ANYWHERE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"([^\s<>"'()\[\]:;,=/]+@[A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9])"#).expect("fixed"));
    let pattern = match form {
        Form::Begins => &*BEGINS,
        Form::Named => &*NAMED,
        Form::Anywhere => &*ANYWHERE,
    };
    let mut blocks: Vec<Block> = Vec::new();
    let mut current: Option<usize> = None;
    for line in text.lines().take(LINES_MAX) {
        let named = pattern.captures(line).and_then(|found| found.get(1)).map(|found| found.as_str());
        if let Some(name) = named.filter(|name| may_be_recipient(name, letter)) {
            current = blocks.iter().position(|block| block.recipient.eq_ignore_ascii_case(name));
            if current.is_none() && blocks.len() < RECIPIENTS_MAX {
                blocks.push(Block { recipient: name.to_owned(), words: String::new() });
                current = Some(blocks.len() - 1);
            }
        }
        if opens_another_talk(line) {
            current = None;
        }
        if let Some(block) = current.and_then(|index| blocks.get_mut(index))
            && block.words.len() + line.len() < WORDS_MAX
            && !is_footer(line)
        {
            block.words.push_str(line.trim());
            block.words.push('\n');
        }
    }
    blocks
}

/// What gateways put under every mail: it speaks of viruses and of confidence, and of no recipient.
fn is_footer(line: &str) -> bool {
    static FOOTER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(concat!(
            r"(?i)(?:has been|was|were) (?:\w+ )?scanned|scanned (?:for|by)|checked (?:for|by) (?:all )?(?:known )?virus|virus[- ](?:free|checked|gepruft)",
            r"|(?:is|are|be) (?:strictly )?(?:private|confidential)|confidentiality notice|intended (?:solely|only) for|legally privileged",
            r"|kein virus gefunden|no virus(?:es)? (?:was |were )?found|ce message (?:est|a ete) (?:confidentiel|verifie)",
        ))
        .expect("fixed")
    });
    FOOTER.is_match(line)
}

/// In a transcript of several talks, what follows is said to or about somebody else.
fn opens_another_talk(line: &str) -> bool {
    let line = line.trim_start_matches(['.', ' ']).to_ascii_lowercase();
    line.starts_with("while talking to") || (line.starts_with(['4', '5']) && line.contains("(smtp)..."))
}

/// The reporter's own sentences: lines that quote neither a reply nor an address.
pub(super) fn own_words(letter: &Letter) -> String {
    let is_own = |line: &&str| !line.contains('@') && super::evidence::code(line).is_none();
    whole(letter).lines().filter(is_own).collect::<Vec<_>>().join("\n")
}

/// The sender of the original, to whom the report is addressed, and the reporter are no recipients.
fn may_be_recipient(name: &str, letter: &Letter) -> bool {
    let lower = name.to_ascii_lowercase();
    let is = |other: Option<&str>| other.is_some_and(|other| other.eq_ignore_ascii_case(&lower));
    let reporter = ["postmaster@", "mailer-daemon@", "abuse@", "support@", "mailmaster@"]
        .iter()
        .any(|role| lower.starts_with(role));
    let sender = is(letter.to.as_deref()) && !is(letter.original.to().as_deref());
    !(reporter || sender || is(letter.from.as_deref()) || is(letter.original.from().as_deref()))
}
