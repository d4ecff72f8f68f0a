//! The beginning of a conversation: connecting, the greeting, TLS, signing in, up to where mail can be sent.
//!
//! In: whom to call, and what security is demanded. Out: an open [`Connection`], or the hitch; both in the transcript.

use std::net::{IpAddr, SocketAddr};

use standards::domain::Domain;
use standards::reply::Reply;
use tokio::time::Instant;

use super::super::hitch::{Hitch, accept, broken, words};
use super::super::sign_in::SignIn;
use super::super::transcript::Transcript;
use super::super::wire::{NotSecured, Waits, connect};
use super::{Connection, Manner, Offers};
use crate::net::tls::ClientTls;
use crate::outcome::{Stage, Trouble};

/// Whom to call, from where, and how.
pub(in crate::delivery) struct Call<'a> {
    pub(in crate::delivery) host: &'a Domain,
    pub(in crate::delivery) remote: SocketAddr,
    pub(in crate::delivery) source: Option<IpAddr>,
    pub(in crate::delivery) helo: &'a Domain,
    pub(in crate::delivery) manner: &'a Manner,
    pub(in crate::delivery) tls: &'a ClientTls,
    /// TLS is known to fail at this host; only where none is demanded.
    pub(in crate::delivery) in_clear: bool,
    pub(in crate::delivery) waits: &'a Waits,
    pub(in crate::delivery) until: Instant,
}

/// Challenges of one sign-in: LOGIN has two.
const CHALLENGES_MAX: u32 = 4;

impl Connection {
    /// Calls, and talks up to the point where mail can be sent.
    pub(in crate::delivery) async fn open(call: &Call<'_>, log: &mut Transcript) -> Result<Self, Hitch> {
        let (wire, local) =
            match connect(call.remote, call.source, call.until.min(Instant::now() + call.waits.connect)).await {
                Ok(connected) => connected,
                Err(trouble) => {
                    log.note(format_args!("no connection to {} [{}]: {}", call.host, call.remote, words(trouble)));
                    return Err(Hitch::broke(Stage::Connect, trouble));
                }
            };
        log.note(format_args!("connected to {} [{}] from {}", call.host, call.remote, local.ip()));
        let mut connection = Self {
            wire,
            host: call.host.clone(),
            remote: call.remote,
            local,
            tls: None,
            offers: Offers::default(),
            begun: 0,
            stained: false,
            spent: false,
        };
        if call.manner.begins_in_tls {
            connection.shake(call, log).await?;
        }
        let greeting = connection.hear(Stage::Greeting, call.waits.greeting, call.until, log).await?;
        accept(Stage::Greeting, greeting)?;
        connection.hello(call, log).await?;
        if !call.in_clear && connection.offers.starttls && connection.tls.is_none() {
            connection.starttls(call, log).await?;
        }
        if let Some(tls) = &connection.tls {
            log.session(call.host, Some(local.ip()), tls.would_fail);
        } else if !call.in_clear {
            log.session(call.host, Some(local.ip()), Some("starttls-not-supported"));
        }
        let demand = call.manner.security.at(call.host);
        if !demand.allows_clear() && connection.tls.is_none() {
            log.note("this message may only go under TLS, and there is none here");
            return Err(Hitch::broke(Stage::Tls, broken(&demand)));
        }
        if let Some(sign_in) = &call.manner.sign_in {
            connection.sign_in(sign_in, call, log).await?;
        }
        Ok(connection)
    }

    /// EHLO, and HELO where EHLO is not understood (RFC 5321 §3.2).
    async fn hello(&mut self, call: &Call<'_>, log: &mut Transcript) -> Result<(), Hitch> {
        let waits = call.waits;
        self.wire.say(&format!("EHLO {}", call.helo), log);
        self.flush(Stage::Hello, waits, call.until, log).await?;
        let reply = self.hear(Stage::Hello, waits.hello, call.until, log).await?;
        if matches!(reply.code, 500 | 501 | 502 | 504) {
            self.offers = Offers::default();
            self.wire.say(&format!("HELO {}", call.helo), log);
            self.flush(Stage::Hello, waits, call.until, log).await?;
            let reply = self.hear(Stage::Hello, waits.hello, call.until, log).await?;
            return accept(Stage::Hello, reply).map(|_| ());
        }
        let reply = accept(Stage::Hello, reply)?;
        self.offers = Offers::read(&reply);
        Ok(())
    }

    /// STARTTLS and, under it, EHLO again (RFC 3207 §4.2). A refusal leaves the connection in clear.
    async fn starttls(&mut self, call: &Call<'_>, log: &mut Transcript) -> Result<(), Hitch> {
        self.wire.say("STARTTLS", log);
        self.flush(Stage::Tls, call.waits, call.until, log).await?;
        let reply = self.hear(Stage::Tls, call.waits.hello, call.until, log).await?;
        if reply.code == 421 {
            return Err(Hitch::replied(Stage::Tls, reply));
        }
        if reply.code != 220 {
            return Ok(());
        }
        self.shake(call, log).await?;
        self.hello(call, log).await
    }

    /// The handshake.
    async fn shake(&mut self, call: &Call<'_>, log: &mut Transcript) -> Result<(), Hitch> {
        let until = call.until.min(Instant::now() + call.waits.tls);
        match self.wire.secure(call.tls, &call.manner.security, call.host, call.remote, until).await {
            Ok(facts) => {
                let how = if facts.verified { "verified" } else { "certificate not checked" };
                log.note(format_args!("{}, {}, {how}", facts.version, facts.cipher));
                if let Some(kind) = facts.would_fail {
                    log.note(format_args!(
                        "the domain's MTA-STS policy, which it tries out, would not trust this host: {kind}"
                    ));
                }
                self.tls = Some(facts);
                Ok(())
            }
            Err(NotSecured { why, kind }) => {
                log.note(format_args!("the TLS handshake failed: {why}"));
                log.session(call.host, Some(self.local.ip()), Some(kind));
                Err(Hitch::broke(Stage::Tls, broken(&call.manner.security.at(call.host))))
            }
        }
    }

    /// AUTH (RFC 4954 §4): never in clear, and never to a host whose certificate was not checked, except on this very
    /// machine. What we say is not shown.
    async fn sign_in(&mut self, sign_in: &SignIn, call: &Call<'_>, log: &mut Transcript) -> Result<(), Hitch> {
        let verified = self.tls.as_ref().is_some_and(|tls| tls.verified);
        if !verified && !self.remote.ip().to_canonical().is_loopback() {
            log.note("no password is sent here: the connection is not verified TLS");
            return Err(Hitch::broke(Stage::Auth, Trouble::Tls));
        }
        let Some(mut script) = sign_in.script(self.offers.auth) else {
            log.note("the server offers no way to sign in that fits");
            return Err(Hitch::broke(Stage::Auth, Trouble::Lacking));
        };
        self.wire.say_hidden(&script.command, script.shown, log);
        for _ in 0..CHALLENGES_MAX {
            self.flush(Stage::Auth, call.waits, call.until, log).await?;
            let reply = self.hear(Stage::Auth, call.waits.hello, call.until, log).await?;
            match reply.code {
                235 => return Ok(()),
                // After the last answer a 334 carries an error of XOAUTH2; an empty line lets the server say it plainly.
                334 => {
                    let answer = script.answers.pop().unwrap_or_default();
                    self.wire.say_hidden(&answer, "…", log);
                }
                400.. => return Err(Hitch::replied(Stage::Auth, reply)),
                _ => break,
            }
        }
        Err(Hitch::broke(Stage::Auth, Trouble::NotSmtp))
    }
}

impl Offers {
    /// From the lines after the first (RFC 5321 §4.1.1.1).
    fn read(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.text.lines().skip(1) {
            let keyword = line.split([' ', '=']).next().unwrap_or("");
            match keyword.to_ascii_uppercase().as_str() {
                "PIPELINING" => offers.pipelining = true,
                "SIZE" => offers.size = true,
                "8BITMIME" => offers.eight_bit = true,
                "SMTPUTF8" => offers.smtputf8 = true,
                "STARTTLS" => offers.starttls = true,
                "AUTH" => offers.auth.read(line),
                _ => {}
            }
        }
        offers
    }
}
