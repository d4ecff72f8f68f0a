//! The words by which a patron rules our text messages: STOP, START and HELP, in both languages.
//!
//! In: what a telephone sent. Out: the [`Word`], where the whole message is one. The words are those that carriers of North
//! America ask for (CTIA Messaging Principles §5.1.3), and their French.

/// A word that we obey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Word {
    /// No more text messages.
    Stop,
    /// Text messages again.
    Start,
    /// Who are you?
    Help,
}

/// Each word as people write it, in English and in French.
const STOP: [&[&str]; 2] = [
    &["STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "OPT OUT", "OPT-OUT"],
    &["ARRET", "ARRETE", "ARRETER", "ARRETEZ", "DESABONNER", "DESINSCRIRE", "ANNULER", "FIN"],
];
const START: [&[&str]; 2] = [
    &["START", "UNSTOP", "YES", "OPTIN", "OPT IN", "SUBSCRIBE"],
    &["OUI", "DEBUT", "COMMENCER", "REPRENDRE", "ABONNER"],
];
const HELP: [&[&str]; 2] = [&["HELP", "INFO", "INFOS"], &["AIDE"]];

/// The word that `text` is. Case, accents and marks around it do not count; a sentence with the word in it is not one: people
/// write “please stop by”.
#[must_use]
pub fn word(text: &str) -> Option<Word> {
    let bare = bare(text);
    let is = |words: [&[&str]; 2]| words.into_iter().any(|words| words.contains(&bare.as_str()));
    if is(STOP) {
        Some(Word::Stop)
    } else if is(START) {
        Some(Word::Start)
    } else if is(HELP) {
        Some(Word::Help)
    } else {
        None
    }
}

fn bare(text: &str) -> String {
    let letters: String = text.trim().chars().map(unaccented).flat_map(char::to_uppercase).collect();
    letters.trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

/// Whether who wrote this word speaks French.
#[must_use]
pub fn is_french(text: &str) -> bool {
    let bare = bare(text);
    [STOP, START, HELP].iter().any(|[_, french]| french.contains(&bare.as_str()))
}

/// Words that Twilio answers itself, whatever the account has set.
const TWILIOS: &[&str] = &[
    "STOP",
    "STOPALL",
    "UNSUBSCRIBE",
    "CANCEL",
    "END",
    "QUIT",
    "REVOKE",
    "OPTOUT",
    "START",
    "YES",
    "UNSTOP",
    "HELP",
    "INFO",
];

/// Whether Twilio answers this word: a second answer would be one too many.
#[must_use]
pub fn is_answered_by_twilio(text: &str) -> bool {
    TWILIOS.contains(&bare(text).as_str())
}

fn unaccented(letter: char) -> char {
    match letter {
        'é' | 'è' | 'ê' | 'ë' | 'É' | 'È' | 'Ê' | 'Ë' => 'e',
        'à' | 'â' | 'À' | 'Â' => 'a',
        'ô' | 'Ô' => 'o',
        'î' | 'ï' | 'Î' | 'Ï' => 'i',
        'ç' | 'Ç' => 'c',
        _ => letter,
    }
}
