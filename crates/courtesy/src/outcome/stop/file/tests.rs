use super::{ADDRESSES_MAX, StopFile, WrongStop, guarded, read};

fn addresses(found: &StopFile) -> Vec<(&str, Option<&str>)> {
    found.rows.iter().map(|(address, why)| (address.as_str(), why.as_deref())).collect()
}

#[test]
fn every_row_is_read_as_spreadsheets_write_it_with_and_without_a_heading() {
    for file in [
        "name,Address,reason\nAnn,Ann@patron.example,moved away\nBea,bea@patron.example,\n",
        "ann@patron.example,moved away\nbea@patron.example\n",
        "\u{feff}address;reason\r\nann@patron.example;moved away\r\nbea@patron.example;\r\n",
        "email\treason\nann@patron.example\t\"moved away\"\nbea@patron.example\t\n",
        "address,reason,cause,by,since\nann@patron.example,moved away,addr.stopped,me,2026\nbea@patron.example,,,,\n",
    ] {
        let found = read(file.as_bytes());
        let wanted = [("ann@patron.example", Some("moved away")), ("bea@patron.example", None)];
        assert_eq!(addresses(&found), wanted, "{file}");
        assert_eq!(found.wrong, [], "{file}");
    }
}

#[test]
fn a_heading_may_be_french() {
    for file in ["Raison;Adresse\nx;ann@patron.example\n", "nom,COURRIEL,motif\nAnn,ann@patron.example,x\n"] {
        let found = read(file.as_bytes());
        assert_eq!((addresses(&found), &*found.wrong), (vec![("ann@patron.example", Some("x"))], &[][..]), "{file}");
    }
}

#[test]
fn every_wrong_row_is_named_with_its_line_and_the_others_are_read() {
    let found = read(b"address,reason\nann@patron.example,x\nnonsense,y\n,z\nANN@patron.example,again\n\xff@,w\n");
    assert_eq!(addresses(&found), [("ann@patron.example", Some("x"))]);
    assert_eq!(found.repeated, 1);
    let by_spreadsheet = read(b"address;reason\r\n\r\nann@patron.example;\"x\"\r\nnonsense;y\r\n;z\r\n\r\n");
    assert_eq!(addresses(&by_spreadsheet), [("ann@patron.example", Some("x"))]);
    assert_eq!(by_spreadsheet.wrong.iter().map(|row| row.line).collect::<Vec<_>>(), [4, 5]);
    let wrong: Vec<_> = found.wrong.iter().map(|row| (row.line, row.text.as_str(), row.why)).collect();
    assert_eq!(
        wrong,
        [(3, "nonsense", WrongStop::NoAddress), (4, "", WrongStop::Empty), (6, "\u{fffd}@", WrongStop::NoAddress)]
    );
}

#[test]
fn what_comes_after_too_many_is_wrong_and_not_forgotten() {
    let file: String = (0..ADDRESSES_MAX + 2).map(|number| format!("p{number}@patron.example\n")).collect();
    let found = read(file.as_bytes());
    assert_eq!((found.rows.len(), found.wrong.len()), (ADDRESSES_MAX, 2));
    assert!(found.wrong.iter().all(|row| row.why == WrongStop::TooMany));
    assert_eq!(read(b""), StopFile::default());
}

#[test]
fn what_a_spreadsheet_would_take_for_a_formula_is_written_as_text_and_read_as_it_was() {
    assert_eq!(guarded("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
    assert_eq!((guarded("ann@patron.example").as_str(), guarded("")), ("ann@patron.example", String::new()));
    let file = format!("{},{}\n{},'tis\n", guarded("+ann@patron.example"), guarded("-1"), "bea@patron.example");
    let wanted = [("+ann@patron.example", Some("-1")), ("bea@patron.example", Some("'tis"))];
    assert_eq!(addresses(&read(file.as_bytes())), wanted);
}
