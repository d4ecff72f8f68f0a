use super::*;

#[test]
fn what_a_browser_reads_as_another_host_is_no_page_of_ours() {
    let elsewhere = [
        "//evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r\n/evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "\t//evil.example",
        "/\0/evil.example",
        "/\u{85}/evil.example",
        "https://evil.example",
        "evil.example",
        "",
    ];
    for path in elsewhere {
        assert!(!is_own_page(path), "{path:?}");
    }
    for path in ["/", "/staff/MRPL/messages?q=a//b&state=failed", "/me#push"] {
        assert!(is_own_page(path), "{path}");
    }
    assert!(!is_own_page(&format!("/{}", "a".repeat(PATH_OCTETS_MAX))));
}
