//! What standards fix about mail and interlibrary loan, and no good library gives.
//!
//! Bytes in, values out. Nothing here opens a socket, reads a clock or knows a library; DNS is asked through
//! one trait ([`dns::Dns`]). In reading order:

pub mod address;
pub mod dkim;
pub mod dmarc;
pub mod dns;
pub mod domain;
pub mod dsn;
pub mod iso18626;
pub mod mime;
pub mod mta_sts;
pub mod reply;
pub mod report;
pub mod smpp;
pub mod sms;
pub mod spf;
pub mod tls_rpt;
