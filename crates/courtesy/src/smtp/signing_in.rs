//! AUTH in a conversation, from its first word to 235 (RFC 4954 §4).
//!
//! In: the command, and the client's answers. Out: replies, and in the session the library that the client hands in for. Not here: the
//! mechanisms (`sign_in`), and which key opens (`submit`).

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::Duty;
use super::session::{Answer, Next, Session};
use super::sign_in::Mechanism;
use super::submit;
use super::wire::Wire;

/// RFC 4954 §4.4 wants room for 12,288 octets of SASL.
const SASL_OCTETS_MAX: usize = 12 * 1024 + 2;

/// Wrong sign-ins in one conversation.
const WRONG_MAX: u32 = 3;

impl Session<'_> {
    /// What AUTH is answered with at once; the rest is [`Session::sign_in`].
    pub(super) fn auth(&self, mechanism: u64, said: &str) -> (Answer, Next) {
        let refuse = |code: u16, words: &str| ((code, words.to_owned()), Next::Command);
        match Mechanism::of(mechanism) {
            _ if matches!(self.door.duty, Duty::TakesBack { .. }) => refuse(502, "5.5.1 Not implemented"),
            _ if !self.tls => refuse(538, "5.7.11 Begin TLS first: a password is not said in clear"),
            _ if self.signed_in || self.mail_from.is_some() => refuse(503, "5.5.1 Not now"),
            None => refuse(504, "5.5.4 PLAIN, LOGIN, OAUTHBEARER or XOAUTH2"),
            Some(mechanism) => {
                let said = (!said.is_empty()).then(|| if said == "=" { String::new() } else { said.to_owned() });
                ((334, String::new()), Next::SignIn(mechanism, said))
            }
        }
    }

    /// Hears the client out, and says whether its key opens.
    pub(super) async fn sign_in<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        wire: &mut Wire<S>,
        mechanism: Mechanism,
        said: Option<String>,
    ) -> io::Result<Result<(), Option<Answer>>> {
        let mut answers: Vec<String> = said.into_iter().collect();
        while let Some(challenge) = mechanism.challenge(answers.len()) {
            wire.say(334, challenge);
            let line = match self.line(wire, SASL_OCTETS_MAX, self.line_ends()).await? {
                Ok(line) => String::from_utf8_lossy(&line).into_owned(),
                Err(farewell) => return Ok(Err(farewell)),
            };
            if line == "*" {
                wire.say(501, "5.7.0 As you wish");
                return Ok(Ok(()));
            }
            answers.push(line);
        }
        let (Duty::Submits(desk), Some(client)) = (&self.door.duty, self.client) else { return Ok(Ok(())) };
        let Some(given) = mechanism.read(&answers) else {
            wire.say(501, "5.5.2 That cannot be read");
            self.mistakes += 1;
            return Ok(Ok(()));
        };
        let (code, words) = match desk.sign_in(&given, client, Instant::now()).await {
            Ok(library) => {
                self.library = Some(library);
                self.signed_in = true;
                wire.say(235, "2.7.0 Welcome");
                return Ok(Ok(()));
            }
            Err(refused) => refused,
        };
        tokio::time::sleep(submit::WRONG_WAIT).await;
        if mechanism == Mechanism::Bearer {
            // RFC 7628 §3.2.2: the reason comes as a challenge, which the client answers with nothing.
            wire.say(334, "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=");
            if let Err(farewell) = self.line(wire, SASL_OCTETS_MAX, self.line_ends()).await? {
                return Ok(Err(farewell));
            }
        }
        self.wrong += 1;
        if self.wrong >= WRONG_MAX {
            return Ok(Err(Some((421, "4.7.0 Too many wrong sign-ins, closing".to_owned()))));
        }
        wire.say(code, &words);
        Ok(Ok(()))
    }
}
