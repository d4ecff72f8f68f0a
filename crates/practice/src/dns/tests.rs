//! What an asker sees of the practice DNS, octet for octet over real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use standards::domain::Domain;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::{Data, Failure, NEGATIVE_TTL_S, Server, Zones};

fn domain(name: &str) -> Domain {
    Domain::from_dns(name).unwrap()
}

fn question(name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message
}

async fn by_udp(server: SocketAddr, asked: &Message) -> Option<Message> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(&asked.to_vec().unwrap(), server).await.unwrap();
    let mut octets = vec![0; 65_535];
    let answer = tokio::time::timeout(Duration::from_millis(200), socket.recv_from(&mut octets)).await;
    let (length, _) = answer.ok()?.unwrap();
    Some(Message::from_vec(&octets[..length]).unwrap())
}

async fn by_tcp(server: SocketAddr, asked: &Message) -> Message {
    let mut stream = TcpStream::connect(server).await.unwrap();
    let octets = asked.to_vec().unwrap();
    stream.write_u16(octets.len().try_into().unwrap()).await.unwrap();
    stream.write_all(&octets).await.unwrap();
    let mut answer = vec![0; stream.read_u16().await.unwrap().into()];
    stream.read_exact(&mut answer).await.unwrap();
    Message::from_vec(&answer).unwrap()
}

async fn started() -> (Zones, Server) {
    let zones = Zones::new();
    zones.zone(&domain("library.example"));
    zones.put(&domain("www.library.example"), Data::A("192.0.2.1".parse().unwrap()));
    let server = Server::start(zones.clone()).await.unwrap();
    (zones, server)
}

async fn asked(server: &Server, name: &str, kind: RecordType) -> Message {
    by_udp(server.address(), &question(name, kind)).await.unwrap()
}

#[tokio::test]
async fn it_answers_as_a_resolver_and_echoes_the_question() {
    let (_zones, server) = started().await;
    let answer = asked(&server, "www.library.example.", RecordType::A).await;
    assert_eq!((answer.metadata.id, answer.metadata.response_code), (7, ResponseCode::NoError));
    assert!(answer.metadata.recursion_available && answer.metadata.recursion_desired);
    assert_eq!(answer.answers[0].data, RData::A("192.0.2.1".parse().unwrap()));
}

#[tokio::test]
async fn no_such_record_and_no_such_name_carry_the_soa_of_their_zone() {
    let (_zones, server) = started().await;
    for (name, code, apex) in [
        ("www.library.example.", ResponseCode::NoError, "library.example."),
        ("nowhere.library.example.", ResponseCode::NXDomain, "library.example."),
        ("nowhere.example.", ResponseCode::NXDomain, "."),
    ] {
        let answer = asked(&server, name, RecordType::TXT).await;
        assert_eq!((answer.metadata.response_code, answer.answers.len()), (code, 0), "{name}");
        let soa = &answer.authorities[0];
        assert_eq!((soa.name.to_ascii().as_str(), soa.ttl), (apex, NEGATIVE_TTL_S), "{name}");
        assert!(matches!(&soa.data, RData::SOA(soa) if soa.minimum == NEGATIVE_TTL_S));
    }
}

#[tokio::test]
async fn an_empty_non_terminal_exists() {
    let (zones, server) = started().await;
    zones.put(&domain("a.b.library.example"), Data::txt("deep"));
    let answer = asked(&server, "b.library.example.", RecordType::TXT).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::NoError);
}

#[tokio::test]
async fn wildcards_stand_for_names_that_do_not_exist_and_only_those() {
    let (zones, server) = started().await;
    zones.put(&domain("*.library.example"), Data::txt("any"));
    assert_eq!(asked(&server, "x.y.library.example.", RecordType::TXT).await.answers.len(), 1);
    assert_eq!(asked(&server, "www.library.example.", RecordType::TXT).await.answers.len(), 0);
    // RFC 4592 §2.2.1: www exists, so names below it are not for the wildcard above it.
    let below = asked(&server, "x.www.library.example.", RecordType::TXT).await;
    assert_eq!(below.metadata.response_code, ResponseCode::NXDomain);
}

#[tokio::test]
async fn cnames_are_followed_and_a_circle_is_servfail() {
    let (zones, server) = started().await;
    zones.put(&domain("one.example"), Data::Cname(domain("two.example")));
    zones.put(&domain("two.example"), Data::Cname(domain("www.library.example")));
    let answer = asked(&server, "one.example.", RecordType::A).await;
    let kinds: Vec<RecordType> = answer.answers.iter().map(|record| record.record_type()).collect();
    assert_eq!(kinds, [RecordType::CNAME, RecordType::CNAME, RecordType::A]);
    assert_eq!(asked(&server, "one.example.", RecordType::CNAME).await.answers.len(), 1);
    zones.replace(&domain("two.example"), RecordType::CNAME, 60, vec![Data::Cname(domain("one.example"))]);
    assert_eq!(asked(&server, "one.example.", RecordType::A).await.metadata.response_code, ResponseCode::ServFail);
}

#[tokio::test]
async fn a_cname_to_nowhere_says_so() {
    let (zones, server) = started().await;
    zones.put(&domain("one.example"), Data::Cname(domain("nowhere.library.example")));
    let answer = asked(&server, "one.example.", RecordType::A).await;
    assert_eq!((answer.metadata.response_code, answer.answers.len()), (ResponseCode::NXDomain, 1));
    assert_eq!(answer.authorities[0].name.to_ascii(), "library.example.");
}

#[tokio::test]
async fn failures_are_of_a_name_and_end() {
    let (zones, server) = started().await;
    let www = domain("www.library.example");
    zones.fail(&www, None, Failure::Refused);
    assert_eq!(
        asked(&server, "www.library.example.", RecordType::A).await.metadata.response_code,
        ResponseCode::Refused
    );
    zones.fail(&www, Some(RecordType::A), Failure::ServFail);
    assert_eq!(
        asked(&server, "www.library.example.", RecordType::A).await.metadata.response_code,
        ResponseCode::ServFail
    );
    zones.fail(&www, Some(RecordType::A), Failure::Silence);
    assert!(by_udp(server.address(), &question("www.library.example.", RecordType::A)).await.is_none());
    zones.heal(&www);
    assert_eq!(asked(&server, "www.library.example.", RecordType::A).await.answers.len(), 1);
}

#[tokio::test]
async fn records_change_while_it_runs() {
    let (zones, server) = started().await;
    let www = domain("www.library.example");
    zones.replace(
        &www,
        RecordType::A,
        5,
        vec![Data::A("192.0.2.2".parse().unwrap()), Data::A("192.0.2.3".parse().unwrap())],
    );
    let answer = asked(&server, "WWW.Library.Example.", RecordType::A).await;
    assert_eq!(answer.answers.iter().map(|record| record.ttl).collect::<Vec<_>>(), [5, 5]);
    zones.remove(&www, RecordType::A);
    let code = asked(&server, "www.library.example.", RecordType::A).await.metadata.response_code;
    assert_eq!(code, ResponseCode::NoError);
    zones.remove_name(&www);
    let code = asked(&server, "www.library.example.", RecordType::A).await.metadata.response_code;
    assert_eq!(code, ResponseCode::NXDomain);
    assert_eq!(zones.questions(), 3);
}

#[tokio::test]
async fn a_long_answer_is_cut_for_udp_and_whole_by_tcp() {
    let (zones, server) = started().await;
    zones.put(&domain("long.example"), Data::txt(&"x".repeat(900)));
    zones.put(&domain("long.example"), Data::txt(&"y".repeat(900)));
    let mut asked = question("long.example.", RecordType::TXT);
    let cut = by_udp(server.address(), &asked).await.unwrap();
    assert!(cut.metadata.truncation && cut.answers.is_empty());
    let whole = by_tcp(server.address(), &asked).await;
    let lengths = |record: &hickory_proto::rr::Record| match &record.data {
        RData::TXT(txt) => txt.txt_data.iter().map(|string| string.len()).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    assert_eq!(lengths(&whole.answers[0]), [255, 255, 255, 135]);
    // An asker that takes more gets more, up to what goes unbroken everywhere.
    zones.remove_name(&domain("long.example"));
    zones.put(&domain("long.example"), Data::txt(&"x".repeat(900)));
    let mut edns = Edns::new();
    edns.set_max_payload(4_096);
    asked.set_edns(edns);
    assert!(!by_udp(server.address(), &asked).await.unwrap().metadata.truncation);
}

#[tokio::test]
async fn dropping_it_frees_its_port_for_both_protocols() {
    let (zones, server) = started().await;
    let address = server.address();
    drop(server);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    loop {
        match Server::start_at(zones.clone(), address).await {
            Ok(_) => break,
            Err(error) => assert!(tokio::time::Instant::now() < deadline, "{error}"),
        }
        tokio::task::yield_now().await;
    }
}
