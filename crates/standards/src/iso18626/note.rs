//! Notes: words for people, and the tokens that machines hide among them.
//!
//! In: the text of a `note`. Out: a [`Note`] with the words apart from the tokens. ReShare and CrossLink carry sequence
//! numbers, conditions, changed fields and addresses in notes, between `#` and `#`; nobody should have to
//! read them. Not here: what a token means for a request.

/// A note as people may see it, and what machines said in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// The words, without tokens, trimmed. Empty: only machines were speaking.
    pub words: String,
    /// The tokens in the order in which they stood.
    pub tokens: Vec<Token>,
}

/// Something a machine said in a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// `#seq:N#`: the number of this message at its sender.
    Sequence(u64),
    /// `#lastSeq:N#`: the last number its sender has seen.
    LastSequence(u64),
    /// `#ReShareAddLoanCondition#`: the words are a condition for the loan.
    AddLoanCondition,
    /// `#ReShareLoanConditionAgreeResponse#`: the borrowing library agrees to the conditions.
    ConditionAgreed,
    /// `#ReShareSupplierAwaitingConditionConfirmation#`: the lending library waits for an answer.
    AwaitingCondition,
    /// `#ReShareSupplierConditionsAssumedAgreed#`: the lending library took silence for a yes.
    ConditionsAssumedAgreed,
    /// `#ReShareUpdatedField-<Field>:value#`: a field of the request has changed.
    UpdatedField {
        /// The field's name at the sender: `PickupLocation`.
        field: String,
        /// Its new value.
        value: String,
    },
    /// Any other token of these systems, without the outer `#`.
    Other(String),
}

/// Addresses come between two tokens: `#SHIP_TO#…#ST_END#`.
const BLOCKS: [(&str, &str); 2] = [("#SHIP_TO#", "#ST_END#"), ("#RETURN_TO#", "#RT_END#")];

impl Note {
    /// Takes the tokens out of a note's text. A `#` that begins none of them stays in the words.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut note = Self::default();
        let mut rest = text;
        // Remembered, so that a thousand beginnings without an end are not searched a thousand times.
        let mut endless = [false; BLOCKS.len()];
        while let Some(at) = rest.find('#') {
            let (before, from_hash) = rest.split_at(at);
            match block(from_hash, &mut endless).or_else(|| token(from_hash)) {
                Some((token, length)) => {
                    note.words.push_str(before);
                    note.tokens.push(token);
                    rest = &from_hash[length..];
                    note.close_gap(&mut rest);
                }
                None => {
                    note.words.push_str(before);
                    note.words.push('#');
                    rest = &from_hash[1..];
                }
            }
        }
        note.words.push_str(rest);
        note.words = note.words.trim().to_owned();
        note
    }

    /// Keeps one blank between the words on both sides of a token: not two, and not none, for two halves could
    /// make a new token.
    fn close_gap(&mut self, rest: &mut &str) {
        if self.words.is_empty() || self.words.ends_with(char::is_whitespace) {
            *rest = rest.trim_start_matches([' ', '\t']);
        } else if !rest.starts_with(char::is_whitespace) {
            self.words.push(' ');
        }
    }

    /// Whether there is nothing in it for people to read.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.words.is_empty()
    }

    /// The sender's number of this message.
    #[must_use]
    pub fn sequence(&self) -> Option<u64> {
        self.tokens.iter().find_map(|token| match token {
            Token::Sequence(number) => Some(*number),
            _ => None,
        })
    }

    /// As it stands in a message: tokens, then words.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text: String = self.tokens.iter().map(Token::text).collect();
        if !text.is_empty() && !self.words.is_empty() {
            text.push(' ');
        }
        text + &self.words
    }
}

impl From<&str> for Note {
    fn from(words: &str) -> Self {
        Self::parse(words)
    }
}

impl Token {
    fn text(&self) -> String {
        match self {
            Self::Sequence(number) => format!("#seq:{number}#"),
            Self::LastSequence(number) => format!("#lastSeq:{number}#"),
            Self::AddLoanCondition => "#ReShareAddLoanCondition#".to_owned(),
            Self::ConditionAgreed => "#ReShareLoanConditionAgreeResponse#".to_owned(),
            Self::AwaitingCondition => "#ReShareSupplierAwaitingConditionConfirmation#".to_owned(),
            Self::ConditionsAssumedAgreed => "#ReShareSupplierConditionsAssumedAgreed#".to_owned(),
            Self::UpdatedField { field, value } => format!("#ReShareUpdatedField-{field}:{value}#"),
            Self::Other(name) => format!("#{name}#"),
        }
    }
}

/// A block of address lines at the start of `text`, and its length in octets.
fn block(text: &str, endless: &mut [bool; BLOCKS.len()]) -> Option<(Token, usize)> {
    let nth = BLOCKS.iter().position(|(begin, _)| text.starts_with(begin))?;
    let (begin, end) = BLOCKS[nth];
    if endless[nth] {
        return None;
    }
    match text[begin.len()..].find(end) {
        Some(at) => {
            let length = begin.len() + at + end.len();
            Some((Token::Other(text[1..length - 1].to_owned()), length))
        }
        None => {
            endless[nth] = true;
            None
        }
    }
}

/// A token at the start of `text`, which begins with `#`, and its length in octets.
fn token(text: &str) -> Option<(Token, usize)> {
    let inside = &text[1..];
    if let Some(update) = inside.strip_prefix("ReShareUpdatedField-") {
        // A value without its closing `#` ends with its line.
        let end = update.find(['#', '\n', '\r']).unwrap_or(update.len());
        let (field, value) = update[..end].split_once(':')?;
        if field.is_empty() || !field.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        let closed = usize::from(update[end..].starts_with('#'));
        let token = Token::UpdatedField { field: field.to_owned(), value: value.trim().to_owned() };
        return Some((token, text.len() - update.len() + end + closed));
    }
    let known = ["seq:", "lastSeq:", "ReShare", "SHIP_TO", "ST_END", "RETURN_TO", "RT_END"];
    known.iter().any(|prefix| inside.starts_with(prefix)).then_some(())?;
    let end = inside.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-')))?;
    if !inside[end..].starts_with('#') {
        return None;
    }
    let name = &inside[..end];
    let number = |prefix: &str| name.strip_prefix(prefix).and_then(|digits| digits.parse().ok());
    let token = match name {
        "ReShareAddLoanCondition" => Token::AddLoanCondition,
        "ReShareLoanConditionAgreeResponse" => Token::ConditionAgreed,
        "ReShareSupplierAwaitingConditionConfirmation" => Token::AwaitingCondition,
        "ReShareSupplierConditionsAssumedAgreed" => Token::ConditionsAssumedAgreed,
        _ => match (number("seq:"), number("lastSeq:")) {
            (Some(sequence), _) => Token::Sequence(sequence),
            (_, Some(sequence)) => Token::LastSequence(sequence),
            _ => Token::Other(name.to_owned()),
        },
    };
    Some((token, end + 2))
}
