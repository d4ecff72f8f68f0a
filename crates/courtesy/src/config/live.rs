//! A setting that a running process takes up when it is told to read its settings again.
//!
//! In: its value at the start, and later ones. Out: the value of this moment. Whoever shares the settings sees a new one at once; a copy of
//! the settings has its own.

use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Deserializer};

/// The value of a setting.
#[derive(Debug, Default)]
pub struct Live<T>(RwLock<Arc<T>>);

impl<T> Live<T> {
    /// As it is now.
    #[must_use]
    pub fn now(&self) -> Arc<T> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes up a new value. True where it is another one.
    pub fn take_up(&self, new: Arc<T>) -> bool
    where
        T: PartialEq,
    {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let differs = *current != new;
        *current = new;
        differs
    }
}

impl<T> From<T> for Live<T> {
    fn from(value: T) -> Self {
        Self(RwLock::new(Arc::new(value)))
    }
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self(RwLock::new(self.now()))
    }
}

impl<T: PartialEq> PartialEq for Live<T> {
    fn eq(&self, other: &Self) -> bool {
        *self.now() == *other.now()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Live<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::from)
    }
}
