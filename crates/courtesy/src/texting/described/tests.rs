use super::filled;

#[test]
fn a_value_stays_a_value_in_every_kind_of_body() {
    let values = [("{to}", "+16045550123"), ("{text}", "say \"hi\" & {to}\né")];
    let json = filled(r#"{"to":"{to}","body":"{text}","n":{}}"#, "application/json", &values);
    assert_eq!(json, r#"{"to":"+16045550123","body":"say \"hi\" & {to}\né","n":{}}"#);
    let form = filled("to={to}&text={text}", "application/x-www-form-urlencoded", &values);
    assert_eq!(form, "to=%2B16045550123&text=say+%22hi%22+%26+%7Bto%7D%0A%C3%A9");
}
