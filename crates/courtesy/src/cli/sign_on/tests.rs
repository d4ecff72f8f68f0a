use super::*;

fn nothing() -> SignOn {
    let code = "MRPL".to_owned();
    let (issuer, client_id, secret, number_claim, mail_claim) = (None, None, None, None, None);
    SignOn { code, issuer, client_id, secret, number_claim, mail_claim, name: None, name_fr: None, off: false }
}

#[test]
fn what_is_given_changes_and_the_rest_of_the_record_stays() {
    let record = json!({ "code": "MRPL", "sign_on": { "issuer": "https://login.example", "client_id": "c", "name": { "en": "Card" }, "number_claim": "sub" } });
    let asked =
        SignOn { name_fr: Some("Carte".to_owned()), issuer: Some("https://new.example".to_owned()), ..nothing() };
    let changed = asked.changed(record.clone()).unwrap();
    assert_eq!(changed["sign_on"]["name"], json!({ "en": "Card", "fr": "Carte" }));
    assert_eq!(
        (&changed["sign_on"]["issuer"], &changed["sign_on"]["number_claim"]),
        (&json!("https://new.example"), &json!("sub"))
    );
    assert_eq!(nothing().changed(record.clone()), None, "it is only asked for");
    assert_eq!(SignOn { off: true, ..nothing() }.changed(record), Some(json!({ "code": "MRPL" })));
    let first =
        SignOn { issuer: Some("https://login.example".to_owned()), ..nothing() }.changed(json!({ "code": "MRPL" }));
    assert_eq!(first.unwrap()["sign_on"]["issuer"], "https://login.example");
}
