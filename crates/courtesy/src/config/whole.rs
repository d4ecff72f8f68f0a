//! What only the whole of the settings shows: values that contradict each other, and which differences want a start.

use std::time::Duration;

use super::database::is_postgres;
use super::{Config, Relay, text};

impl Config {
    /// The parts in which `new` differs, of which a process that runs can take up none: it has to be started again for them.
    #[must_use]
    pub fn wants_a_start(&self, new: &Self) -> Vec<&'static str> {
        let parts = [
            ("public_host", self.public_host != new.public_host || self.public_url != new.public_url),
            ("data", self.data != new.data),
            ("database", self.database != new.database),
            ("roles", self.roles != new.roles),
            ("region", self.region != new.region),
            ("listen", self.listen != new.listen),
            ("acme", self.acme != new.acme),
            ("dns", self.dns != new.dns),
            ("smtp", self.smtp != new.smtp),
            ("https", self.https != new.https),
            ("shared", self.shared != new.shared),
            ("relays.warm_up", self.relays.warm_up != new.relays.warm_up),
            ("relays.block_lists", self.relays.block_lists != new.relays.block_lists),
            ("submit_from", self.submit_from != new.submit_from),
            ("text", self.text != new.text),
            ("push", self.push != new.push),
            ("retry", self.retry != new.retry),
            ("deadline", self.deadline != new.deadline),
            ("proof", self.proof != new.proof),
            ("limits", self.limits != new.limits),
            ("digest", self.digest != new.digest),
            ("log.format", self.log.format != new.log.format),
        ];
        parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }

    /// What no single value shows: each sentence names an option and the fix.
    pub(super) fn contradictions(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.retry.schedule.is_empty() {
            wrong.push("retry.schedule is empty; give at least one waiting time, such as [\"15m\"]".to_owned());
        }
        // The longest conversation is ten minutes; a shorter lease would have two processes send one message.
        if self.retry.lease < Duration::from_secs(11 * 60) {
            wrong.push("retry.lease is shorter than 11m, the longest SMTP conversation; set it to 15m".to_owned());
        }
        if !(self.database.is_empty() || self.database.starts_with("sqlite:") || is_postgres(&self.database)) {
            wrong.push("database must be empty or begin with sqlite: or postgres://".to_owned());
        }
        if self.public_url.as_deref().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
            wrong.push("public_url must begin with https:// (or http:// on one machine)".to_owned());
        }
        if !self.oidc.issuer.is_empty() && (self.oidc.client_id.is_empty() || self.oidc.client_secret.is_empty()) {
            wrong.push("oidc.issuer needs oidc.client_id and oidc.client_secret".to_owned());
        }
        if self.contact.as_deref().is_some_and(|it| !it.starts_with("https://") && !it.starts_with("mailto:")) {
            wrong.push("contact must begin with mailto: or https://".to_owned());
        }
        if self.roles.is_empty() {
            wrong.push("roles is empty; name at least one of web, intake, inbound, deliver".to_owned());
        }
        if self.listen.smtp_certificate.is_some() != self.listen.smtp_key.is_some() {
            wrong.push("listen.smtp_certificate and listen.smtp_key belong together; set both or neither".to_owned());
        }
        let never = |relay: &&Relay| relay.until.is_some() && relay.until <= relay.planned;
        for relay in self.relay.now().iter().filter(never) {
            wrong.push(format!("relay.until of {} must be later than its planned", relay.host));
        }
        let relays = self.relay.now();
        if let Some(bare) = relays.iter().find(|relay| relay.sources.is_empty())
            && relays.iter().any(|relay| !relay.sources.is_empty())
        {
            // What SPF proves for the addresses of one would be believed of whatever address the other leaves from.
            wrong.push(format!(
                "relay.sources of {} is empty, and that of another is not; name the addresses of all",
                bare.host
            ));
        }
        if self.acme.directory.as_deref().is_some_and(|url| !url.starts_with("https://")) {
            wrong.push("acme.directory must begin with https://".to_owned());
        }
        if self.acme.directory.is_some() && self.listen.smtp_certificate.is_some() {
            wrong.push("acme.directory and listen.smtp_certificate exclude each other; clear one".to_owned());
        }
        wrong.extend(text::missing(&self.text));
        if self.smtp.connections_per_receiver == 0 || self.limits.in_flight == 0 {
            wrong.push("smtp.connections_per_receiver and limits.in_flight must be at least 1".to_owned());
        }
        wrong
    }
}
