use proptest::prelude::*;

use super::{ESM_HEADER, ESM_RECEIPT, NotSmpp, Party, Pdu, ShortMessage, bind, command, first_text, status};

#[test]
fn a_pdu_is_as_the_specification_shows_it() {
    // §3.2.2: the bind_transmitter of its example, with another command.
    let pdu = Pdu::new(command::BIND_TRANSCEIVER, 1, bind("SMPP3TEST", "secret08", "SUBMIT1"));
    let octets = pdu.octets();
    let expected = "0000002f000000090000000000000001534d505033544553540073656372657430380053 55424d49543100 34000000"
        .replace(' ', "");
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    assert_eq!(hex, expected);
    assert_eq!(Pdu::read(&octets), Ok(Some((pdu.clone(), 47))));
    assert_eq!(first_text(&pdu.body), "SMPP3TEST");
    let answer = pdu.answer(status::OK, Vec::new());
    assert!(answer.is_answer() && answer.command == 0x8000_0009 && answer.sequence == 1);
}

#[test]
fn half_a_pdu_is_waited_for_and_nonsense_is_not() {
    let octets = Pdu::new(command::ENQUIRE_LINK, 7, Vec::new()).octets();
    for length in 0..octets.len() {
        assert_eq!(Pdu::read(&octets[..length]), Ok(None));
    }
    assert_eq!(Pdu::read(b"GET / HTTP/1.1\r\n\r\n"), Err(NotSmpp(0x4745_5420)));
    assert_eq!(Pdu::read(&[0, 0, 0, 15]), Err(NotSmpp(15)));
}

#[test]
fn a_short_message_is_read_as_it_was_written() {
    let short = ShortMessage {
        source: Party::of_sender("+16045550100"),
        destination: Party::international("16045550123"),
        esm_class: ESM_HEADER,
        registered_delivery: 1,
        data_coding: 8,
        octets: vec![5, 0, 3, 9, 2, 1, 0, b'o', 0, b'k'],
        options: vec![(0x0204, vec![0, 1])],
    };
    let read = ShortMessage::read(&short.body()).unwrap();
    assert_eq!(read, short);
    assert_eq!(read.text(), "ok");
    assert_eq!(read.receipt(), None);
    assert_eq!(Party::of_sender("LIBRARY").ton, 5);
    assert_eq!(Party::of_sender("71717").ton, 3);
}

#[test]
fn receipts_are_read_by_their_words_and_by_their_parameters() {
    let words =
        "id:0123ab sub:001 dlvrd:001 submit date:2611221200 done date:2611221201 stat:DELIVRD err:000 Text:your loan";
    let mut short = ShortMessage { esm_class: ESM_RECEIPT, octets: words.into(), ..ShortMessage::default() };
    let receipt = short.receipt().unwrap();
    assert_eq!((receipt.id.as_str(), receipt.state.as_str(), receipt.error.as_str()), ("0123ab", "DELIVRD", "000"));
    short.octets = Vec::new();
    short.options = vec![(0x001e, b"77\0".to_vec()), (0x0427, vec![5])];
    let receipt = short.receipt().unwrap();
    assert_eq!((receipt.id.as_str(), receipt.state.as_str()), ("77", "UNDELIV"));
    short.esm_class = 0;
    assert_eq!(short.receipt(), None, "a patron may write such words");
}

proptest! {
    #[test]
    fn any_octets_are_read(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Pdu::read(&octets);
        if let Some(short) = ShortMessage::read(&octets) {
            let _ = (short.text(), short.receipt());
        }
    }
}
