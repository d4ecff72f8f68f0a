//! `courtesy letters`: the letters a library has to post, as a list and as one PDF a day; and that they are in the post.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args as Arguments;
use clap::ValueEnum;
use jiff::civil::Date;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Body, Client, segment, with_query};
use super::table::{Table, answer, answer_json, answer_lines, clean, count, list, moment, say, text};
use super::{Common, Exit};

pub(super) const EXAMPLES: &str = "\
Examples:
  courtesy letters --library MRPL                                what waits to be posted
  courtesy letters --library MRPL --day 2026-12-04 -o day.pdf    that day's letters, a list on top
  courtesy letters --library MRPL --day 2026-12-04 --posted      what was printed of them is in the post";

/// Options of `letters`.
#[derive(Arguments)]
pub(super) struct Args {
    /// Whose letters
    #[arg(long, value_name = "CODE")]
    library: String,
    /// Those of one day; a letter belongs to the day after the one on which it was made
    #[arg(long, value_name = "DATE")]
    day: Option<Date>,
    /// Write them into this file, as PDF; - for standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// For a printer that prints on one side of the paper, or on both
    #[arg(long, value_enum, default_value = "one", requires = "output")]
    sides: Sides,
    /// Note that the letters of the day that were printed are in the post
    #[arg(long, requires = "day", conflicts_with = "output")]
    posted: bool,
}

/// How they are printed.
#[derive(Clone, Copy, ValueEnum)]
enum Sides {
    One,
    Two,
}

pub(super) async fn run(args: &Args, common: &Common) -> Result<Exit> {
    let client = Client::of(common)?;
    let path = format!("/v1/libraries/{}/letters", segment(&args.library));
    let day = args.day.map(|day| day.to_string());
    if args.posted {
        let done = client.json(Method::POST, &format!("{path}/posted"), Body::Json(json!({ "day": day }))).await?;
        if common.json {
            answer_json(&done)?;
        } else {
            let posted = done.get("posted").and_then(Value::as_u64).unwrap_or(0);
            say(&format!("Noted: {} in the post.", count(usize::try_from(posted).unwrap_or(usize::MAX), "letter")));
        }
        return Ok(Exit::Good);
    }
    let Some(file) = &args.output else {
        return show(&client.get(&with_query(&path, &[("day", day)])).await?, common);
    };
    let sides = match args.sides {
        Sides::One => "one",
        Sides::Two => "two",
    };
    let query = [("day", day), ("sides", Some(sides.to_owned()))];
    let pdf = client.send(Method::GET, &with_query(&format!("{path}.pdf"), &query), Body::None).await?;
    write(file, &pdf)?;
    Ok(Exit::Good)
}

fn write(file: &Path, pdf: &[u8]) -> Result<()> {
    if file.as_os_str() == "-" {
        std::io::stdout().write_all(pdf)?;
        return Ok(());
    }
    std::fs::write(file, pdf).with_context(|| format!("{} cannot be written", file.display()))?;
    say(&format!("Written to {}. When they are in the post: courtesy letters … --posted", file.display()));
    Ok(())
}

fn show(answered: &Value, common: &Common) -> Result<Exit> {
    let letters = list(answered, "data");
    if common.json {
        answer_lines(letters)?;
        return Ok(Exit::Good);
    }
    let mut table = Table::new(&["DAY", "TO", "REQUEST", "NOTICE", "SINCE", "CANNOT BE POSTED", "MESSAGE"]);
    for letter in letters {
        let of = |name| clean(&text(letter, name));
        table.row([
            of("day"),
            of("name"),
            of("request"),
            of("notice"),
            moment(&of("since")),
            of("wrong"),
            of("message"),
        ]);
    }
    if table.is_empty() {
        say("No letter waits.");
    } else {
        answer(&table.to_string())?;
    }
    Ok(Exit::Good)
}
