//! All that is kept of a patron: saved as a file, or erased. Both only after a code to the address on record. Whoever has it erased is
//! answered at once: nothing of theirs is shown or sent from then on, however long the erasing takes.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use serde::Deserialize;

use super::mine::Mine;
use super::{CONTACT, WAY_IN};
use crate::http::kept;
use crate::web::oops::Oops;
use crate::web::visit::{Visit, lead_to};
use crate::web::{Answer, Web};

/// The file.
pub(in crate::web) async fn save(State(web): State<Arc<Web>>, visit: Visit) -> Answer {
    let mine = Mine::of(&web, &visit).await?;
    if !mine.pass.is_proven(visit.now) {
        return Ok(lead_to(CONTACT));
    }
    let by = visit.shell("me-title").say("me-by-patron");
    let all = kept::everything(&web, &mine.library, &mine.pass.patron, by).await?.ok_or(Oops::NotFound)?;
    Ok(kept::file_of(&all))
}

/// The form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Sure {
    sure: String,
}

/// Erases them, and forgets this browser.
pub(in crate::web) async fn erase(State(web): State<Arc<Web>>, visit: Visit, Form(form): Form<Sure>) -> Answer {
    let mine = Mine::of(&web, &visit).await?;
    if !mine.pass.is_proven(visit.now) {
        return Err(Oops::NotNow("me-code-again"));
    }
    if form.sure.is_empty() {
        return Err(Oops::NotNow("me-erase-not-sure"));
    }
    let by = visit.shell("me-title").say("me-by-patron");
    web.eraser.ask(&mine.library, &mine.pass.patron, by, visit.now).await?;
    let mut response = lead_to(&format!("{WAY_IN}?done=me-erased"));
    super::forget(&web, &mut response);
    Ok(response)
}
