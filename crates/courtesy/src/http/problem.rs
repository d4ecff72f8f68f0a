//! Errors as problem documents (RFC 9457): which field is wrong, and the fix.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::notice::Language;

/// What can be wrong with a request: code, status, title in English and French. Clients key on the code.
const PROBLEMS: &[(&str, u16, &str, &str)] = &[
    ("json-invalid", 400, "The request is not JSON", "La requête n’est pas du JSON"),
    ("field-invalid", 422, "A field is not valid", "Un champ n’est pas valide"),
    ("field-missing", 422, "The notice could not be written", "L’avis n’a pas pu être rédigé"),
    ("iso18626-invalid", 400, "This is not an ISO 18626 message", "Ceci n’est pas un message ISO 18626"),
    ("batch-too-large", 413, "The batch has too many events", "Le lot contient trop d’événements"),
    ("body-too-large", 413, "The request is too large", "La requête est trop volumineuse"),
    ("key-missing", 401, "No valid API key", "Aucune clé d’API valide"),
    ("key-forbidden", 403, "This key may not do that", "Cette clé ne le permet pas"),
    ("not-found", 404, "There is no such thing", "Cela n’existe pas"),
    ("method-not-allowed", 405, "This address does not take that method", "Cette adresse n’accepte pas cette méthode"),
    (
        "idempotency-reused",
        422,
        "The Idempotency-Key was used for another request",
        "La clé Idempotency-Key a servi pour une autre requête",
    ),
    ("conflict", 409, "It is not in a state in which that can be done", "Son état ne le permet pas"),
    ("words-invalid", 422, "The words cannot be saved", "Le texte ne peut pas être enregistré"),
    (
        "import-invalid",
        422,
        "The file has errors; nothing was changed",
        "Le fichier contient des erreurs ; rien n’a été modifié",
    ),
    ("too-slow", 503, "The request took too long", "La requête a pris trop de temps"),
    (
        "unavailable",
        503,
        "Nothing was accepted; try again in a moment",
        "Rien n’a été accepté ; réessayez dans un instant",
    ),
];

/// One thing wrong, at one place of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) to the field; for a batch, below the line's number: `/3/status`.
    pub pointer: String,
    /// What is wrong with it, and what would be right.
    pub detail: String,
    /// `missing`, `invalid` or `unknown`.
    pub code: &'static str,
}

impl FieldError {
    /// A field with a value that does not do; `detail` says what would.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into(), code: "invalid" }
    }

    /// A field that has to be there, and why.
    pub fn missing(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into(), code: "missing" }
    }
}

/// A refusal, as a problem document.
/// A response carries its problem beside its body, so that the outermost layer can title it in the caller's language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Where this kind of problem is explained.
    #[serde(rename = "type")]
    pub kind: String,
    /// What kind of problem it is, in the caller's language.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this request.
    pub detail: String,
    /// The stable code.
    pub code: &'static str,
    /// Each wrong field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// What to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fix: String,
}

impl Problem {
    /// A problem of the kind `code` (one of the table's), with what is wrong and what to do.
    #[must_use]
    pub fn new(code: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Box<Self> {
        let (_, status, title, _) =
            PROBLEMS.iter().find(|row| row.0 == code).copied().unwrap_or((code, 500, "Something is wrong", ""));
        Box::new(Self {
            kind: format!("/problems/{code}"),
            title: title.to_owned(),
            status,
            detail: detail.into(),
            code,
            errors: Vec::new(),
            fix: fix.into(),
        })
    }

    /// One field of the request has a value that does not do.
    #[must_use]
    pub fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Box<Self> {
        let error = FieldError::invalid(pointer, detail);
        Self::new("field-invalid", error.detail.clone(), "Fix the field.").with(vec![error])
    }

    /// Several fields of the request are wrong: all are told at once, each at its place.
    #[must_use]
    pub fn fields(errors: Vec<FieldError>, fix: &str) -> Box<Self> {
        let each: Vec<_> = errors.iter().map(|error| format!("{}: {}", error.pointer, error.detail)).collect();
        Self::new("field-invalid", each.join("; "), fix).with(errors)
    }

    /// The same problem, with another thing to do.
    #[must_use]
    pub fn fixed_by(mut self: Box<Self>, fix: impl Into<String>) -> Box<Self> {
        self.fix = fix.into();
        self
    }

    /// The same problem, naming the fields.
    #[must_use]
    pub fn with(mut self: Box<Self>, errors: Vec<FieldError>) -> Box<Self> {
        self.errors = errors;
        self
    }

    /// The same problem with its title in `language`.
    #[must_use]
    pub fn titled(&self, language: Language) -> Self {
        let row = PROBLEMS.iter().find(|row| row.0 == self.code);
        let title = row.map(|(_, _, en, fr)| if language == Language::Fr { *fr } else { *en });
        Self { title: title.map_or_else(|| self.title.clone(), str::to_owned), ..self.clone() }
    }

    /// Our own fault: nothing was accepted, and nothing about it goes to the caller but that.
    #[must_use]
    pub fn ours(error: &dyn std::error::Error) -> Box<Self> {
        tracing::error!(%error, "a request failed on our side");
        Self::new("unavailable", "Something went wrong on our side.", "Send the same request again in a moment.")
    }
}

/// All kinds of problems: code, status, title in `language`.
pub fn all(language: Language) -> impl Iterator<Item = (&'static str, u16, &'static str)> {
    PROBLEMS
        .iter()
        .map(move |(code, status, en, fr)| (*code, *status, if language == Language::Fr { *fr } else { *en }))
}

/// The first language of Accept-Language that we write, or English.
#[must_use]
pub fn accepted_language(headers: &HeaderMap) -> Language {
    headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(',').find_map(|tag| Language::from_tag(tag.split(';').next()?.trim())))
        .unwrap_or(Language::En)
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let headers = [(header::CONTENT_TYPE, "application/problem+json"), (header::CACHE_CONTROL, "no-store")];
        let mut response = (status, headers, body).into_response();
        response.extensions_mut().insert(Arc::new(self));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// What a handler answers instead.
#[derive(Debug)]
pub struct Refusal(pub Box<Problem>);

impl From<Box<Problem>> for Refusal {
    fn from(problem: Box<Problem>) -> Self {
        Self(problem)
    }
}

impl From<crate::store::StoreError> for Refusal {
    fn from(error: crate::store::StoreError) -> Self {
        Self(Problem::ours(&error))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

/// Reads JSON into `T`; a wrong field is named by its pointer.
///
/// # Errors
/// `json-invalid` where it is not JSON at all, `field-invalid` with the pointer otherwise.
pub fn read_json<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Box<Problem>> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let inner = error.inner();
        if inner.is_syntax() || inner.is_eof() {
            return Problem::new("json-invalid", inner.to_string(), "Send one JSON object, in UTF-8.");
        }
        Problem::new("field-invalid", inner.to_string(), "Fix the field and send the request again.")
            .with(vec![at_path(error.path(), inner)])
    })?;
    reader.end().map_err(|_| {
        Problem::new("json-invalid", "There is more after the JSON value.", "Send one JSON object, in UTF-8.")
    })?;
    Ok(value)
}

fn at_path(path: &serde_path_to_error::Path, error: &serde_json::Error) -> FieldError {
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default().to_owned();
    let mut pointer: String = path
        .iter()
        .map(|segment| match segment {
            serde_path_to_error::Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            serde_path_to_error::Segment::Seq { index } => format!("/{index}"),
            _ => String::new(),
        })
        .collect();
    let code = if words.starts_with("unknown field") {
        "unknown"
    } else if words.starts_with("missing field") {
        // serde names the object; the caller wants the field.
        if let Some(name) = words.split('`').nth(1) {
            pointer = format!("{pointer}/{name}");
        }
        "missing"
    } else {
        "invalid"
    };
    FieldError { pointer, detail: words, code }
}
