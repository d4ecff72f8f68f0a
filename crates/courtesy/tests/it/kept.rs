//! A store of a test's own, on either database.

use courtesy::config::Database;
use courtesy::store::Store;

/// A store that ends with its test.
pub(crate) struct Kept {
    /// The store.
    pub(crate) store: Store,
    /// Where it is kept.
    pub(crate) database: Database,
    _folder: tempfile::TempDir,
}

impl std::ops::Deref for Kept {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Kept {
    /// In the database at `url`; without one, SQLite in a folder.
    pub(crate) async fn at(url: Option<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = || Database::Sqlite(folder.path().join("courtesy.db"));
        let database = url.map_or_else(file, Database::Postgres);
        Self { store: Store::open(database.clone()).await.unwrap(), database, _folder: folder }
    }

    /// The store as another process opens it.
    pub(crate) async fn again(&self) -> Store {
        Store::open(self.database.clone()).await.unwrap()
    }
}
