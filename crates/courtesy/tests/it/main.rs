//! Rooms together, on real sockets: the one integration binary.

#[cfg(test)]
mod acme;
#[cfg(test)]
mod api;
#[cfg(test)]
mod arrival;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod bounce_corpus;
#[cfg(test)]
mod chosen_sender;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod copies;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod digest;
#[cfg(test)]
mod digest_kept;
#[cfg(test)]
mod erasing;
#[cfg(test)]
mod flow;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod hidden;
#[cfg(test)]
mod kept;
#[cfg(test)]
mod ladder;
#[cfg(test)]
mod lanes;
#[cfg(test)]
mod letters;
#[cfg(test)]
mod letters_kept;
#[cfg(test)]
mod lives;
#[cfg(test)]
mod moving;
#[cfg(test)]
mod nameless;
#[cfg(test)]
mod operating;
#[cfg(test)]
mod order;
#[cfg(test)]
mod own_relay;
#[cfg(test)]
mod patrons;
#[cfg(test)]
mod proof;
#[cfg(test)]
mod push;
#[cfg(test)]
mod relays;
#[cfg(test)]
mod replies;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod sender_flow;
#[cfg(test)]
mod situations;
#[cfg(test)]
mod smpp;
#[cfg(test)]
mod smtp_client;
#[cfg(test)]
mod spf_read_back;
#[cfg(test)]
mod spf_suite;
#[cfg(test)]
mod stops;
#[cfg(test)]
mod stops_kept;
#[cfg(test)]
mod store;
#[cfg(test)]
mod submission;
#[cfg(test)]
mod taken_over;
#[cfg(test)]
mod texts;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod timing;
#[cfg(test)]
mod tls_reports;
#[cfg(test)]
mod web;
#[cfg(test)]
mod webhooks;
#[cfg(test)]
mod world;
