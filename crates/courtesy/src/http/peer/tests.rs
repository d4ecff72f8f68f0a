use super::*;

fn network(peer: &str, forwarded: &[&str]) -> Network {
    let mut headers = HeaderMap::new();
    for line in forwarded {
        headers.append(FORWARDED, line.parse().unwrap());
    }
    let proxies = ["127.0.0.0/8", "10.0.0.7"].map(|text| config::Network::try_from(text.to_owned()).unwrap());
    Network::of(Some(&Peer::at(peer.parse().unwrap(), proxies.into())), &headers)
}

#[test]
fn neighbours_are_one_network_and_others_are_not() {
    assert_eq!(network("8.8.8.8", &[]), network("8.8.8.200", &[]));
    assert_ne!(network("8.8.8.8", &[]), network("8.8.9.8", &[]));
    assert_eq!(network("2a00:1450:4001:1::1", &[]), network("2a00:1450:4001:ffff::2", &[]));
    assert_ne!(network("2a00:1450:4001:1::1", &[]), network("2a00:1450:4002:1::1", &[]));
    assert_eq!(network("::ffff:8.8.8.8", &[]), network("8.8.8.1", &[]));
}

#[test]
fn a_proxy_speaks_for_others_and_a_stranger_for_nobody_else() {
    let direct = network("8.8.8.8", &[]);
    assert_eq!(network("127.0.0.1", &["8.8.8.8"]), direct);
    assert_eq!(network("10.0.0.7", &["1.1.1.1, 8.8.8.8"]), direct, "what the proxy added is last");
    assert_eq!(network("10.0.0.7", &["1.1.1.1", "8.8.8.8"]), direct);
    assert_eq!(network("8.8.8.8", &["1.1.1.1"]), direct);
    assert_eq!(network("127.0.0.1", &["8.8.8.8, 10.0.0.7"]), direct, "one proxy behind another");
    assert_eq!(network("127.0.0.1", &["1.1.1.1, 8.8.8.8, 10.0.0.7"]), direct);
    assert_eq!(network("127.0.0.1", &["unknown"]), network("127.0.0.1", &[]));
}

#[test]
fn a_private_address_alone_makes_no_proxy() {
    assert_eq!(network("10.0.0.8", &["8.8.8.8"]), network("10.0.0.8", &[]));
    assert_eq!(network("192.168.1.20", &["8.8.8.8"]), network("192.168.1.20", &[]));
    assert_eq!(network("::ffff:127.0.0.1", &["8.8.8.8"]), network("8.8.8.8", &[]));
}
