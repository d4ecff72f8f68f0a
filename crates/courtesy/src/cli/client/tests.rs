use super::*;

#[test]
fn a_door_that_listens_everywhere_is_reached_on_this_machine() {
    let reach = |text: &str| reachable(text.parse().unwrap()).to_string();
    assert_eq!(reach("0.0.0.0:8025"), "127.0.0.1:8025");
    assert_eq!(reach("[::]:8025"), "[::1]:8025");
    assert_eq!(reach("192.0.2.1:80"), "192.0.2.1:80");
}

#[test]
fn what_people_type_cannot_leave_its_segment() {
    assert_eq!(segment("a/../b?c=d e"), "a%2F..%2Fb%3Fc%3Dd%20e");
    assert_eq!(segment("é"), "%C3%A9");
}

#[test]
fn a_query_has_what_was_given() {
    let path = with_query(
        "/v1/messages",
        &[("state", Some("failed".into())), ("cause", None), ("request", Some("B C".into()))],
    );
    assert_eq!(path, "/v1/messages?state=failed&request=B%20C");
    assert_eq!(with_query("/v1/keys", &[("x", None)]), "/v1/keys");
}

#[test]
fn a_refusal_is_told_with_its_fields_and_the_fix() {
    let problem: Problem = serde_json::from_str(
        r#"{"type":"/problems/field-invalid","title":"A field is not valid","status":422,"detail":"/code: too long","code":"field-invalid",
            "errors":[{"pointer":"/code","detail":"too long","code":"invalid"}],"fix":"Mend it."}"#,
    )
    .unwrap();
    assert_eq!(problem.lines(None), ["A field is not valid", "/code  too long", "Mend it."]);
}

#[test]
fn rows_are_told_as_editors_jump_to_them() {
    let problem: Problem = serde_json::from_str(
        r#"{"title":"The file has errors","detail":"1 error.","rows":[{"line":3,"column":"from","detail":"not an address"}],"fix":""}"#,
    )
    .unwrap();
    assert_eq!(problem.lines(Some("l.csv")), ["The file has errors: 1 error.", "l.csv:3  from  not an address"]);
}

#[test]
fn exit_codes_say_what_kind_of_refusal_it_was() {
    let of = |status| Problem::exit(StatusCode::from_u16(status).unwrap());
    assert_eq!([of(401), of(403)], [Exit::Forbidden; 2]);
    assert_eq!(of(404), Exit::NotFound);
    assert_eq!(of(409), Exit::Conflict);
    assert_eq!(of(503), Exit::Temporary);
    assert_eq!([of(400), of(422), of(500)], [Exit::Failed; 3]);
}

#[test]
fn foreign_letters_cannot_steer_the_terminal() {
    let problem = Problem { title: "bad\u{1b}[2J".into(), ..Problem::default() };
    assert_eq!(problem.lines(None), ["bad?[2J"]);
}
