//! Who a notice is for.
