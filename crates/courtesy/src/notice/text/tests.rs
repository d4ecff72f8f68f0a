use super::{COLUMNS, wrap, wrap_from};

fn wrapped(line: &str, indent: usize) -> String {
    let mut out = String::new();
    wrap_from(line, indent, indent, &mut out);
    out
}

#[test]
fn lines_break_at_spaces_and_keep_their_indent() {
    let out = wrapped(&"word ".repeat(30), 10);
    assert!(out.lines().all(|line| line.len() <= COLUMNS));
    assert!(out.lines().skip(1).all(|line| line.starts_with("          word")));
}

#[test]
fn an_address_stays_whole() {
    let url = format!("https://a.example/{}", "x".repeat(100));
    assert_eq!(wrapped(&format!("see {url} there"), 0), format!("see\n{url}\nthere\n"));
}

#[test]
fn no_break_spaces_do_not_break() {
    let mut out = String::new();
    wrap(&format!("{} 30\u{a0}November", "x".repeat(62)), 0, &mut out);
    assert_eq!(out.lines().nth(1), Some("30\u{a0}November"));
}
