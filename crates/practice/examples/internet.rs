//! The practice internet as a program of its own, for tests that drive the real binary from outside.
//!
//! In: lines on standard input, each a command below. Out: one line of JSON at the start, saying where everything is,
//! and one for each command. It ends with its input.
//!
//! ```text
//! txt NAME [TEXT]            publishes TEXT there in the place of what TXT said; without TEXT nothing is there
//! cname NAME TARGET          makes NAME an alias
//! refuse PROVIDER COUNT      so many of the next messages there are taken for unauthenticated
//! mails ADDRESS              what was offered to this mailbox
//! ```

use anyhow::{Context as _, Result, bail};
use practice::provider::{Decision, Trouble};
use practice::world::{self, LIBRARIES, Options, RELAYS, Running, SERVICE};
use serde_json::{Value, json};
use standards::address::Address;
use standards::domain::Domain;

#[tokio::main]
async fn main() -> Result<()> {
    let world = world::start(Options { more_providers: vec![world::office()], ..Options::default() }).await?;
    println!("{}", whereabouts(&world));
    // This blocks the main thread; the servers live on the workers.
    for line in std::io::stdin().lines() {
        let answer = match obey(&world, &line?) {
            Ok(answer) => answer,
            Err(error) => json!({ "error": error.to_string() }),
        };
        println!("{answer}");
    }
    Ok(())
}

fn whereabouts(world: &Running) -> Value {
    let provider = |one: &std::sync::Arc<practice::provider::Provider>| json!({ "domain": one.domain().to_string(), "family": format!("{:?}", one.family()).to_lowercase() });
    json!({
        "resolver": world.resolver_addr().to_string(),
        "smtp_port": world.smtp_port(),
        "service": SERVICE,
        "relays": RELAYS.map(|ip| ip.to_string()),
        "providers": world.providers().iter().map(provider).collect::<Vec<_>>(),
        "libraries": LIBRARIES,
    })
}

fn obey(world: &Running, line: &str) -> Result<Value> {
    let mut words = line.splitn(3, ' ');
    let (command, about, rest) = (words.next().unwrap_or_default(), words.next().unwrap_or_default(), words.next());
    match command {
        "txt" => world.publish_txt(&Domain::parse(about)?, rest.as_slice()),
        "cname" => world.delegate(&Domain::parse(about)?, &Domain::parse(rest.context("cname NAME TARGET")?)?),
        "refuse" => {
            let count = rest.context("refuse PROVIDER COUNT")?.parse()?;
            let provider = world.provider(about).context("no such provider")?;
            provider.disturb(Trouble { refuse_for_authentication: count, ..Trouble::default() });
        }
        "mails" => return Ok(mails(world, &Address::parse(about)?)),
        _ => bail!("no such command: {command}"),
    }
    Ok(json!({}))
}

fn mails(world: &Running, mailbox: &Address) -> Value {
    let offered = world.mailboxes().of(mailbox);
    let mail = |kept: &practice::provider::Kept| {
        json!({
            "taken": matches!(kept.decision, Decision::Accepted | Decision::Junked),
            "from_domain": kept.from_domain.as_ref().map(ToString::to_string),
            "raw": String::from_utf8_lossy(&kept.raw),
        })
    };
    Value::Array(offered.iter().map(mail).collect())
}
