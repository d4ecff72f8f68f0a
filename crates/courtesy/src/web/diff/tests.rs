use super::{Fate, lines};

/// `-` went, `+` came, and a space stayed.
fn told(old: &str, new: &str) -> String {
    let mark = |fate| match fate {
        Fate::Stayed => ' ',
        Fate::Went => '-',
        Fate::Came => '+',
    };
    lines(old, new).into_iter().map(|(fate, line)| format!("{}{line}", mark(fate))).collect::<Vec<_>>().join("|")
}

#[test]
fn a_replaced_line_stands_before_what_replaced_it() {
    assert_eq!(told("a\nb\nc", "a\nx\nc"), " a|-b|+x| c");
}

#[test]
fn lines_that_came_and_went_leave_the_others_where_they_were() {
    assert_eq!(told("a\nb", "a\nb"), " a| b");
    assert_eq!(told("", "a"), "+a");
    assert_eq!(told("a", ""), "-a");
    assert_eq!(told("a\nb\nc\nd", "b\nc\nd\ne"), "-a| b| c| d|+e");
}

#[test]
fn nothing_is_lost_of_either_text() {
    let (old, new) = ("one\ntwo\ntwo\nthree\n\nfour", "two\nthree\nfive\n\nfour\nsix");
    let of = |not: Fate| {
        let kept = lines(old, new).into_iter().filter(|(fate, _)| *fate != not).map(|(_, line)| line);
        kept.collect::<Vec<_>>().join("\n")
    };
    assert_eq!((of(Fate::Came).as_str(), of(Fate::Went).as_str()), (old, new));
}
