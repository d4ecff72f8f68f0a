//! Text messages through a gateway that speaks SMPP, on real sockets: long ones, French, emoji, receipts, STOP.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use courtesy::channel::Channel;
use courtesy::config::Gateway;
use courtesy::queue::State;
use courtesy::timeline::{News, What};
use serde_json::json;
use standards::smpp::{self, ESM_HEADER, ESM_RECEIPT, Party, Pdu, ShortMessage, command, status};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::texts::{NUMBER, texting, with_phone};
use crate::world::World;

/// What a gateway has heard, and what it is to deliver.
#[derive(Clone, Default)]
struct Smsc {
    heard: Arc<Mutex<Vec<ShortMessage>>>,
    deliver: Arc<Mutex<Vec<ShortMessage>>>,
    acknowledged: Arc<Mutex<usize>>,
}

impl Smsc {
    async fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap().to_string();
        let smsc = Self::default();
        let serving = smsc.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        (smsc, server)
    }

    async fn serve(self, mut stream: TcpStream) {
        let (mut unread, mut sequence) = (Vec::new(), 1000);
        loop {
            while let Some((pdu, length)) = Pdu::read(&unread).unwrap() {
                unread.drain(..length);
                for answer in self.answers(&pdu) {
                    stream.write_all(&answer.octets()).await.unwrap();
                }
            }
            let deliver: Vec<ShortMessage> = std::mem::take(&mut *self.deliver.lock().unwrap());
            for short in deliver {
                sequence += 1;
                let pdu = Pdu::new(command::DELIVER_SM, sequence, short.body());
                stream.write_all(&pdu.octets()).await.unwrap();
            }
            // So often it looks whether something is to be delivered.
            let looked = tokio::time::timeout(Duration::from_millis(20), stream.read_buf(&mut unread)).await;
            if let Ok(Ok(0) | Err(_)) = looked {
                return;
            }
        }
    }

    fn answers(&self, pdu: &Pdu) -> Vec<Pdu> {
        match pdu.command {
            command::BIND_TRANSCEIVER => {
                let right = smpp::first_text(&pdu.body) == "library";
                vec![pdu.answer(if right { status::OK } else { 0x0e }, b"SMSC\0".to_vec())]
            }
            command::SUBMIT_SM => {
                let mut heard = self.heard.lock().unwrap();
                heard.push(ShortMessage::read(&pdu.body).unwrap());
                // Answered in hexadecimal; receipts name it in decimal, as many gateways do.
                let id = 0xab00 + heard.len();
                let words = format!(
                    "id:{id} sub:001 dlvrd:001 submit date:2611220700 done date:2611220701 stat:DELIVRD err:000 text:"
                );
                let receipt = ShortMessage { esm_class: ESM_RECEIPT, octets: words.into(), ..ShortMessage::default() };
                self.deliver.lock().unwrap().push(receipt);
                vec![pdu.answer(status::OK, format!("{id:x}\0").into_bytes())]
            }
            _ if pdu.is_answer() => {
                *self.acknowledged.lock().unwrap() += 1;
                Vec::new()
            }
            _ => vec![pdu.answer(status::OK, Vec::new())],
        }
    }
}

#[tokio::test]
async fn a_long_french_text_message_with_an_emoji_arrives_whole_and_its_receipts_are_joined() {
    let (smsc, server) = Smsc::start().await;
    let world = World::with(|config| {
        config.text.gateway = Some(Gateway::Smpp);
        config.text.from = "+16045550100".to_owned();
        config.text.smpp.server = server;
        config.text.smpp.system_id = "library".to_owned();
        config.text.smpp.password = "secret".to_owned();
        config.retry.schedule = vec![Duration::from_millis(200)];
    })
    .await;
    world.put(texting("MRPL", json!({ "ladder": ["text", "mail"] }))).await;
    let mut event = with_phone("MRPL", "BC-1", "patron@gmail.example");
    event["patron"]["language"] = json!("fr");
    event["patron"]["texts"] = json!(true);
    event["fields"]["pickup_location"] = json!("Comptoir des prêts, succursale de l’Île-des-Sœurs 📚");
    let id = world.tell_one(&event).await;
    let row = world.over(id).await;
    assert_eq!((row.channel, row.state), (Channel::Text, State::Accepted), "{row:?}");

    let heard = smsc.heard.lock().unwrap().clone();
    let attempts = world.attempts(id).await;
    assert!(heard.len() > 1, "an emoji makes it UCS-2: {heard:?}");
    assert_eq!(attempts.last().unwrap().parts, Some(heard.len()));
    assert!(
        heard.iter().all(|part| part.esm_class == ESM_HEADER && part.data_coding == 8 && part.registered_delivery == 1)
    );
    assert!(heard.iter().all(|part| part.destination == Party::international("16045550123")));
    let mut parts = heard.clone();
    parts.sort_by_key(|part| part.octets[5]);
    let text: String = parts.iter().map(ShortMessage::text).collect();
    assert!(text.contains("Comptoir des prêts, succursale de l’Île-des-Sœurs 📚"), "{text}");
    assert!(!text.contains("Overstory"), "{text}");

    // All parts have their receipts: only then it was delivered, and that is said once.
    world.until(id, "delivered", |_| *smsc.acknowledged.lock().unwrap() >= heard.len()).await;
    let news: Vec<News> = world
        .timeline(id)
        .await
        .into_iter()
        .filter_map(|entry| match entry.what {
            What::Returned(returned) => Some(returned.news),
            _ => None,
        })
        .collect();
    assert_eq!(news, [News::Delivered]);

    // The patron answers ARRÊT: the next notice goes by mail.
    let stop = ShortMessage {
        source: Party::international(&NUMBER[1..]),
        destination: Party::international("16045550100"),
        octets: b"ARRET".to_vec(),
        ..ShortMessage::default()
    };
    smsc.deliver.lock().unwrap().push(stop);
    world.until(id, "stopped", |_| *smsc.acknowledged.lock().unwrap() > heard.len()).await;
    event["request"] = json!("BC-2");
    let next = world.over(world.tell_one(&event).await).await;
    assert_eq!((next.channel, next.state), (Channel::Mail, State::Accepted));
    world.service.stop().await;
}
