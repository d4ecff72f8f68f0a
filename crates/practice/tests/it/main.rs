//! The practice internet as a whole: real sockets, real DNS, real keys.

mod before;
mod client;
mod front_door;
mod signed;
mod trouble;
