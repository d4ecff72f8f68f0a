//! What a message says for the placeholders of a notice.
//!
//! In: a message and the zone of the library that is told. Out: [`Fields`] with flat names; dates as `2026-11-30`, codes of
//! open lists as the standard writes them (their words for people are the notice's). What is not known is not there.

use jiff::tz::TimeZone;
use standards::iso18626::{Code, Costs, Header, Message, Moment, SupplyingAgencyMessage};

use super::{Fields, Side, library_code, meaning};

/// Sets a field where there is a value.
pub(super) fn put(fields: &mut Fields, name: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        fields.insert(name.to_owned(), value.to_owned());
    }
}

/// Sets a field to the day a reader in `zone` means.
pub(super) fn put_day(fields: &mut Fields, name: &str, moment: Option<Moment>, zone: &TimeZone) {
    if let Some(moment) = moment {
        fields.insert(name.to_owned(), moment.day_in(zone).to_string());
    }
}

/// The fields of a message, for the library on `side`.
pub(super) fn of(message: &Message, header: &Header, side: Side, zone: &TimeZone) -> Fields {
    let mut fields = Fields::new();
    put(&mut fields, "request_number", Some(header.requesting_agency_request_id.as_str()));
    let (partner, number) = match side {
        Side::Borrowing => (header.supplying_agency_id.as_ref(), header.supplying_agency_request_id.as_ref()),
        Side::Lending => (Some(&header.requesting_agency_id), Some(&header.requesting_agency_request_id)),
    };
    let code = partner.map(|agency| match library_code(agency) {
        Some(code) => code.to_string(),
        None => agency.agency_id_value.as_str().to_owned(),
    });
    put(&mut fields, "partner_code", code.as_deref());
    put(&mut fields, "partner_number", number.map(|id| id.as_str()));
    if side == Side::Lending {
        // The lending library's own number of the request, where it has given one.
        put(&mut fields, "own_number", header.supplying_agency_request_id.as_ref().map(|id| id.as_str()));
    }
    // The borrowing library's note of a request is for the lending library alone.
    if !(side == Side::Borrowing && matches!(message, Message::Request(_))) {
        put(&mut fields, "note", meaning::note(message).map(|note| note.words.as_str()));
    }
    match message {
        Message::SupplyingAgencyMessage(message) => supplied(&mut fields, message, side, zone),
        Message::Request(message) if side == Side::Lending => {
            let name = message.requesting_agency_info.as_ref().and_then(|info| info.name.as_deref());
            put(&mut fields, "partner_name", name);
        }
        _ => {}
    }
    fields
}

fn supplied(fields: &mut Fields, message: &SupplyingAgencyMessage, side: Side, zone: &TimeZone) {
    let info = &message.message_info;
    put(fields, "reason_unfilled", value(info.reason_unfilled.as_ref()));
    put(fields, "reason_retry", value(info.reason_retry.as_ref()));
    put_day(fields, "retry_after", info.retry_after, zone);
    put_day(fields, "retry_before", info.retry_before, zone);
    if let Some(status) = &message.status_info {
        put_day(fields, "expected_delivery", status.expected_delivery_date, zone);
        put_day(fields, "due_date", status.due_date, zone);
    }
    let costs = info.offered_costs.as_ref().filter(|costs| amount(costs).is_some());
    let delivery = message.delivery_info.as_ref();
    if let Some(costs) = costs.or_else(|| delivery?.delivery_costs.as_ref())
        && let Some(amount) = amount(costs)
    {
        put(fields, "cost", Some(amount));
        put(fields, "currency", value(costs.currency_code.as_ref()));
    }
    if let Some(delivery) = delivery {
        put_day(fields, "date_sent", delivery.date_sent, zone);
        put(fields, "sent_via", value(delivery.sent_via.as_ref()));
        put(fields, "condition", value(delivery.loan_condition.as_ref()));
        put(fields, "format", value(delivery.delivered_format.as_ref()));
        // A file's place is in `URL`, or in `itemId` for want of a better element.
        let places = [delivery.url.as_deref(), delivery.item_id.as_deref()];
        let url = places.into_iter().flatten().find(|place| is_web_link(place));
        put(fields, "url", url);
        put(fields, "barcode", delivery.item_id.as_deref().filter(|item| !is_web_link(item)));
    }
    if side == Side::Borrowing {
        put(fields, "partner_name", message.return_info.as_ref().and_then(|info| info.name.as_deref()));
    }
}

fn value(code: Option<&Code>) -> Option<&str> {
    code.map(|code| code.value.as_str())
}

/// An amount that is one and is not nothing.
pub(super) fn amount(costs: &Costs) -> Option<&str> {
    let amount = costs.monetary_value.as_deref()?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let sound = digits(whole) && digits(fraction) && amount.bytes().any(|b| matches!(b, b'1'..=b'9'));
    sound.then_some(amount)
}

/// Only what a browser opens over the web, and one word: it will stand in a mail as a link.
fn is_web_link(text: &str) -> bool {
    let lower: String = text.chars().take(8).collect::<String>().to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
    rest.is_some() && text.len() > "https://".len() && !text.contains(|c: char| c.is_whitespace() || "<>\"".contains(c))
}
