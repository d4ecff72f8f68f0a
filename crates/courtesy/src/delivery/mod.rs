//! Claims what is due, plans, renders, signs, sends, settles.

pub mod compose;
