use jiff::civil::{date, time};

use super::{day, days, moment};
use crate::notice::Language::{En, Fr};

/// No-break spaces as spaces, for reading.
fn plain(text: &str) -> String {
    text.replace('\u{a0}', " ")
}

#[test]
fn days_are_written_as_people_write_them() {
    assert_eq!(plain(&day(date(2026, 11, 30), En)), "30 November 2026");
    assert_eq!(plain(&day(date(2026, 11, 30), Fr)), "30 novembre 2026");
    assert_eq!(plain(&day(date(2026, 12, 1), Fr)), "1er décembre 2026");
    assert_eq!(plain(&day(date(2027, 8, 2), Fr)), "2 août 2027");
    assert!(day(date(2026, 11, 30), En).contains("30\u{a0}November"));
}

#[test]
fn times_are_written_as_people_write_them() {
    let said = |hour, minute, language| plain(&super::time(time(hour, minute, 0, 0), language));
    assert_eq!(said(18, 5, En), "6:05 p.m.");
    assert_eq!(said(18, 5, Fr), "18 h 05");
    assert_eq!(said(9, 0, En), "9 a.m.");
    assert_eq!(said(9, 0, Fr), "9 h");
    assert_eq!(said(0, 30, En), "12:30 a.m.");
    assert_eq!(said(12, 0, En), "12 p.m.");
    let at = date(2026, 12, 6).at(18, 5, 0, 0);
    assert_eq!(plain(&moment(at, En)), "6 December 2026, 6:05 p.m.");
    assert_eq!(plain(&moment(at, Fr)), "6 décembre 2026 à 18 h 05");
}

#[test]
fn closures_say_no_more_than_they_must() {
    let said = |from, to, language| plain(&days(from, to, language));
    assert_eq!(said(date(2026, 12, 24), date(2026, 12, 26), En), "24 to 26 December 2026");
    assert_eq!(said(date(2026, 12, 24), date(2026, 12, 26), Fr), "du 24 au 26 décembre 2026");
    assert_eq!(said(date(2026, 11, 30), date(2026, 12, 1), Fr), "du 30 novembre au 1er décembre 2026");
    assert_eq!(said(date(2026, 12, 31), date(2027, 1, 2), En), "31 December 2026 to 2 January 2027");
    assert_eq!(said(date(2026, 12, 25), date(2026, 12, 25), Fr), "le 25 décembre 2026");
}
