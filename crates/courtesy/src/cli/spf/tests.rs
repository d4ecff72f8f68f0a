//! What people and programs read.

use practice::dns::{Data, Server, Zones};
use standards::domain::Domain;

use super::*;

async fn check(mail_from: &str, json_wanted: bool) -> (SpfArgs, Verdict, String) {
    let domain = |name: &str| Domain::parse(name).unwrap();
    let zones = Zones::new();
    let library = domain("library.example");
    zones.put(&library, Data::txt("v=spf1 mx include:_spf.notices.example -all exp=why.library.example"));
    zones.put(&library, Data::Mx(10, Some(domain("mail.library.example"))));
    zones.put(&domain("mail.library.example"), Data::A("192.0.2.1".parse().unwrap()));
    zones.put(&domain("why.library.example"), Data::txt("%{i} is none of ours"));
    zones.put(&domain("_spf.notices.example"), Data::txt("v=spf1 ip4:198.51.100.0/24 -all"));
    let server = Server::start(zones).await.unwrap();
    let resolver = Resolver::at(server.address(), Limits::default()).unwrap();
    let ip = if json_wanted { "203.0.113.9" } else { "198.51.100.7" };
    let args = SpfArgs {
        ip: ip.parse().unwrap(),
        mail_from: mail_from.into(),
        helo: None,
        resolver: Some(server.address()),
        json: json_wanted,
    };
    let verdict = evaluate(&resolver, &args).await;
    let text = if json_wanted { json(&verdict).unwrap() } else { words(&args, &verdict) };
    (args, verdict, text)
}

#[tokio::test]
async fn each_step_is_a_sentence_indented_by_its_depth() {
    let (_, verdict, text) = check("notices@library.example", false).await;
    assert_eq!(verdict.result, SpfResult::Pass);
    insta::assert_snapshot!(text, @r"
    May 198.51.100.7 send mail as notices@library.example?

      library.example publishes: v=spf1 mx include:_spf.notices.example -all exp=why.library.example
      mx (library.example) does not match, look-ups so far: 1
        MX of library.example: 10 mail.library.example (for 300 s)
        A of mail.library.example: 192.0.2.1 (for 300 s)
      include:_spf.notices.example matches: pass, look-ups so far: 2
        _spf.notices.example publishes: v=spf1 ip4:198.51.100.0/24 -all
        ip4:198.51.100.0/24 matches: pass
        _spf.notices.example gives pass.
      library.example gives pass.

    Result: pass. The domain lets this address send in its name.
    Used 2 of 10 look-ups; 0 of 2 allowed found nothing.
    ");
}

#[tokio::test]
async fn json_has_the_five_members_programs_rely_on() {
    let (_, _, text) = check("<notices@library.example>", true).await;
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let members: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members.len(), 5);
    for member in ["result", "explanation", "lookups", "void_lookups", "trace"] {
        assert!(members.contains(&member), "{member} is missing");
    }
    assert_eq!(value["result"], "fail");
    assert_eq!(value["explanation"], "203.0.113.9 is none of ours");
    assert_eq!(value["lookups"], 2);
    assert_eq!(value["trace"][0]["step"], "lookup");
}

#[tokio::test]
async fn a_bounce_without_a_helo_name_is_none() {
    let (args, verdict, _) = check("<>", false).await;
    assert_eq!(verdict.result, SpfResult::None);
    assert!(words(&args, &verdict).contains("Nothing was asked."));
}
