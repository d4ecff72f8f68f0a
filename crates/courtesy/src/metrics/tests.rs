use super::*;

#[test]
fn what_happened_is_counted_by_its_labels() {
    let metrics = Metrics::default();
    let tried = |outcome, cause| Tried {
        outcome,
        cause,
        provider: "Gmail",
        relay: "mta1.example",
        took: Duration::from_millis(80),
    };
    metrics.tried(tried("accepted", ""));
    metrics.tried(tried("accepted", ""));
    metrics.tried(tried("refused", "addr.unknown"));
    metrics.event("api");
    metrics.answered("BREW", 418, Duration::ZERO);
    let text = metrics.text(&Gauges::default());
    for line in [
        r#"courtesy_attempts_total{cause="",outcome="accepted",provider="Gmail",relay="mta1.example"} 2"#,
        r#"courtesy_attempts_total{cause="addr.unknown",outcome="refused",provider="Gmail",relay="mta1.example"} 1"#,
        r#"courtesy_attempt_seconds_bucket{outcome="accepted",le="0.1"} 2"#,
        r#"courtesy_events_total{source="api"} 1"#,
        r#"courtesy_http_requests_total{method="other",status="418"} 1"#,
    ] {
        assert!(text.lines().any(|known| known == line), "{line} is not in\n{text}");
    }
}

#[test]
fn what_is_under_way_is_counted_while_it_lives() {
    let metrics = Metrics::default();
    let text = || metrics.text(&Gauges::default());
    let (first, second) = (metrics.begin(), metrics.begin());
    assert!(text().contains("\ncourtesy_messages_under_way 2\n"), "{}", text());
    drop(first);
    assert!(text().contains("\ncourtesy_messages_under_way 1\n"), "{}", text());
    drop(second);
    assert!(text().contains("\ncourtesy_messages_under_way 0\n"), "{}", text());
}

#[test]
fn numbers_of_the_moment_stand_beside_what_was_counted() {
    let now = Gauges::default();
    now.put("oldest_due_seconds", "How long the oldest due message has waited.", 7.5);
    now.of("messages", "Messages by state.", "state", &[("queued", 3.0), ("held", 0.0)]);
    let text = Metrics::default().text(&now);
    assert!(text.contains("# TYPE courtesy_oldest_due_seconds gauge\ncourtesy_oldest_due_seconds 7.5\n"), "{text}");
    assert!(text.contains("courtesy_messages{state=\"queued\"} 3\n"), "{text}");
}
