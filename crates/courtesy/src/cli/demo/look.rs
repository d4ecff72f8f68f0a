//! The story as a person reads it, and what there is to look at afterwards.
//!
//! In: what happened. Out: text; and a notice left in the temporary folder as files that a mail program or a browser
//! opens.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use mail_parser::MessageParser;

use super::stage::Stage;
use super::story::Row;
use super::tables::{self, WIDTH, wrapped};
use super::words::{self, either};
use super::{SERVICE, Story};
use crate::notice::Language;

/// As much of a reply as fits behind its attempt.
const REPLY_LETTERS: usize = WIDTH - 50;

/// The story, chapter by chapter.
pub(super) fn told(story: &Story, language: Language) -> String {
    let mut text = String::new();
    let rows = &story.rows;
    let mut put = |part: &str| {
        text.push_str(part);
        text.push('\n');
    };
    put(either(language, "\n1. TODAY", "\n1. AUJOURD’HUI"));
    put(&paragraph(either(
        language,
        "One server sends for all libraries, with each library’s own address as the sender. Few of their domains list that server as one that may, and the patrons’ mail providers check.",
        "Un seul serveur envoie pour toutes les bibliothèques, avec l’adresse de chacune comme expéditeur. Peu de leurs domaines l’y autorisent, et les fournisseurs de courriel des usagers vérifient.",
    )));
    put(&tables::table(rows, |row| &row.before, language));
    put(tables::legend(language));
    put(&format!("  {}\n", story.before().line(language)));
    put(either(language, "  Why", "  Pourquoi"));
    put(&tables::reasons_before(rows, language));
    put(either(language, "2. THE SAME NOTICES, SENT BY COURTESY", "2. LES MÊMES AVIS, ENVOYÉS PAR COURTESY"));
    put(&paragraph(&either(
        language,
        format!(
            "Courtesy looks at each library’s DNS first. It writes as the library only where that is proven; otherwise it writes from the library’s own address at {SERVICE}, and replies still go to the library."
        ),
        format!(
            "Courtesy consulte d’abord le DNS de chaque bibliothèque. Il n’écrit en son nom que si c’est prouvé; sinon, il écrit de l’adresse de la bibliothèque chez {SERVICE}, et les réponses vont toujours à la bibliothèque."
        ),
    )));
    put(&tables::table(rows, |row| &row.after.judged, language));
    put(tables::legend(language));
    put(&format!("  {}", story.after().line(language)));
    put(&format!("  {}\n", proof_line(story, language)));
    put(either(language, "  Why", "  Pourquoi"));
    put(&tables::reasons_after(rows, language));
    put(either(language, "3. AND THEN …", "3. ET ENSUITE …"));
    put(&published(story, language));
    put(&refused(story, language));
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn proof_line(story: &Story, language: Language) -> String {
    let passing = story.rows.iter().filter(|row| row.after.dmarc == super::Mark::Pass).count();
    let (all, own) = (story.rows.len(), story.own());
    either(
        language,
        format!(
            "{own} as the library itself, {} as its shared address. DMARC passed for {passing} of {all}.",
            all - own
        ),
        format!(
            "{own} au nom de la bibliothèque, {} de son adresse commune. DMARC réussi pour {passing} sur {all}.",
            all - own
        ),
    )
}

fn published(story: &Story, language: Language) -> String {
    let told = &story.published;
    let (town, domain) = (told.case.place.town, told.case.place.domain);
    let mut text = paragraph(&either(
        language,
        format!("{town} asks its IT for three records, once. They never have to be touched again:"),
        format!("{town} demande à son service informatique trois enregistrements, une fois pour toutes :"),
    ));
    for (name, target) in &told.records {
        let _ = writeln!(text, "    {:<38} CNAME  {target}", name.to_string());
    }
    text.push_str(&paragraph(&either(
        language,
        format!(
            "The next notice is {}. Nobody had to change a setting.",
            words::why_after(domain, &told.sent, language)
        ),
        format!(
            "L’avis suivant est {}. Personne n’a eu à changer de réglage.",
            words::why_after(domain, &told.sent, language)
        ),
    )));
    text
}

fn refused(story: &Story, language: Language) -> String {
    let told = &story.refused;
    let place = &told.case.place;
    let provider = words::provider_said(told.case.family, language);
    let mut text = paragraph(&either(
        language,
        format!(
            "{provider} wrongly refuses a notice of {}. Courtesy looks at the DNS again and sends it from the shared address:",
            place.town
        ),
        format!(
            "{provider} refuse à tort un avis de {}. Courtesy consulte de nouveau le DNS et l’envoie de l’adresse commune :",
            place.town
        ),
    ));
    for one in &told.tries {
        let what = match one.outcome.as_str() {
            "accepted" => either(language, "accepted", "accepté"),
            "refused" => either(language, "refused", "refusé"),
            _ => either(language, "later", "plus tard"),
        };
        let reply: String = one.reply.chars().take(REPLY_LETTERS).collect();
        let more = if one.reply.chars().count() > REPLY_LETTERS { " …" } else { "" };
        let (ms, from) = (one.after_ms, &one.from);
        let _ = writeln!(text, "    {ms:>5} ms  {from:<22} {what:<9} {}{more}", reply.trim_end());
    }
    text.push_str(&paragraph(either(
        language,
        "Nobody had to press Resend, and the patron’s address was not blamed.",
        "Personne n’a eu à le renvoyer, et l’adresse de l’usager n’a pas été mise en cause.",
    )));
    text
}

fn paragraph(words: &str) -> String {
    wrapped(words, WIDTH - 2).iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "  {line}");
        text
    })
}

/// What can be looked at while everything is up. Leaves one notice as files.
pub(super) fn addresses(stage: &Stage, rows: &[Row], language: Language) -> Result<String> {
    let files = sample(stage, rows)?;
    let (url, key) = (stage.url(), stage.key_file.display());
    let mut text = either(language, "WHAT YOU CAN LOOK AT\n", "CE QUE VOUS POUVEZ CONSULTER\n").to_owned();
    let mut line = |en: &str, fr: &str, what: String| {
        let _ = writeln!(text, "  {:<22} {what}", either(language, en, fr));
    };
    line("HTTP", "HTTP", url.clone());
    line("Staff Dashboard", "tableau de bord", format!("{url}{}", stage.sign_in));
    line(
        "",
        "",
        either(language, "(the link opens once, within a day)", "(le lien ouvre une fois, pendant un jour)").to_owned(),
    );
    line("relays, for IT", "relais, pour l’informatique", format!("{url}/relays"));
    line("every route", "toutes les adresses", format!("{url}/openapi.json"));
    line("API key", "clé d’API", key.to_string());
    line("messages", "messages", format!("{} messages list --server {url} --key-file {key}", as_run()));
    line("", "", format!("curl -H \"Authorization: Bearer $(cat {key})\" {url}/v1/messages"));
    line("data folder", "dossier de données", stage.app().config.data.display().to_string());
    for file in files {
        line("a notice", "un avis", file.display().to_string());
    }
    Ok(text)
}

/// What this program was run by: a demonstration is often seen before anything is installed.
fn as_run() -> String {
    std::env::args().next().unwrap_or_else(|| "courtesy".to_owned())
}

/// The first notice of the story as its mailbox has it: the mail, its HTML and its text.
fn sample(stage: &Stage, rows: &[Row]) -> Result<[PathBuf; 3]> {
    let raw = &rows.first().context("a story has notices")?.after.mail;
    let mail = MessageParser::default().parse(raw.as_slice()).context("a notice is a mail")?;
    let part = |body: Option<std::borrow::Cow<'_, str>>| body.map(std::borrow::Cow::into_owned).unwrap_or_default();
    let files = ["notice.eml", "notice.html", "notice.txt"].map(|name| stage.folder().join(name));
    std::fs::write(&files[0], raw)?;
    std::fs::write(&files[1], part(mail.body_html(0)))?;
    std::fs::write(&files[2], part(mail.body_text(0)))?;
    Ok(files)
}
