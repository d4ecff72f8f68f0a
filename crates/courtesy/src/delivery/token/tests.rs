//! Answers of token endpoints, as they are read.

use super::*;

fn answered(status: u16, body: &str) -> Result<Granted, NoToken> {
    read(Ok(Answer { status, headers: HeaderMap::new(), body: body.as_bytes().to_vec() }))
}

fn source(grant: Grant) -> TokenSource {
    let url = "https://login.provider.example/token".to_owned();
    TokenSource { token_url: url, client_id: "mrpl & co".to_owned(), scope: Some("smtp.send".to_owned()), grant }
}

#[test]
fn a_token_is_left_before_it_ends() {
    let life = |body: &str| answered(200, body).unwrap().life.as_secs();
    assert_eq!(life(r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#), 3300);
    assert_eq!(life(r#"{"access_token":"t","token_type":"bearer","expires_in":"120"}"#), 60);
    assert_eq!(life(r#"{"access_token":"t"}"#), 1500);
    assert_eq!(life(r#"{"access_token":"t","expires_in":-1}"#), 1500);
    assert_eq!(life(r#"{"access_token":"t","expires_in":9223372036854775807}"#), 86_400);
}

#[test]
fn what_is_no_bearer_token_is_none() {
    for body in [
        "",
        "[]",
        "{}",
        r#"{"access_token":""}"#,
        r#"{"access_token":"a\r\nb"}"#,
        r#"{"access_token":"é"}"#,
        r#"{"access_token":"t","token_type":"mac"}"#,
        "<html>",
    ] {
        assert!(answered(200, body).is_err(), "{body}");
    }
}

#[test]
fn why_there_is_none_is_told_in_the_endpoints_words() {
    let why = |status, body| answered(status, body).err().unwrap().0;
    assert_eq!(
        why(400, r#"{"error":"invalid_grant","error_description":"Token has\nbeen revoked."}"#),
        "the token endpoint answered 400 invalid_grant: Token has been revoked."
    );
    assert_eq!(why(503, "busy"), "the token endpoint answered 503");
    assert_eq!(read(Err(NoAnswer::TimedOut)).err().unwrap().0, "the token endpoint: no answer in time");
}

#[test]
fn the_question_is_a_form_without_secrets_in_the_url() {
    let url = Url::parse("https://login.provider.example/token").unwrap();
    let credentials = Credentials { client_secret: Some("a+b".to_owned()), refresh_token: Some("r/t".to_owned()) };
    let body = |grant| {
        let asked = request(url.clone(), &source(grant), &credentials);
        assert_eq!(asked.url, url);
        String::from_utf8(asked.body).unwrap()
    };
    assert_eq!(
        body(Grant::ClientCredentials),
        "client_id=mrpl+%26+co&grant_type=client_credentials&client_secret=a%2Bb&scope=smtp.send"
    );
    assert_eq!(
        body(Grant::RefreshToken),
        "client_id=mrpl+%26+co&grant_type=refresh_token&refresh_token=r%2Ft&client_secret=a%2Bb&scope=smtp.send"
    );
}
