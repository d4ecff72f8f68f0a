//! Claims what is due, plans, renders, signs, sends, settles.

<<<<<<< HEAD
mod content;
pub mod conversation;
pub mod dial;
mod lane;
pub mod pace;
pub mod pool;
pub mod route;
pub mod transcript;
pub mod wire;
=======
pub mod compose;
>>>>>>> notice
