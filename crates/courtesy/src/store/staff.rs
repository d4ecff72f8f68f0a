//! Persons with a sign-in: their roles, and what opens for them besides a session.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::engine::{Row, Tx};
use super::statement::query;
use super::{Result, Store, StoreError, id_from};
use crate::clock::{from_micros, micros};
use crate::id::StaffId;
use crate::library::LibraryCode;
use crate::staff::{Role, Roles};

/// A person with a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    /// Their id.
    pub id: StaffId,
    /// What they type to sign in, lower case: an address, or `operator`.
    pub login: String,
    /// What colleagues call them.
    pub name: String,
    /// Whether they have a password.
    pub has_password: bool,
    /// What they are, and where.
    pub roles: Roles,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when; none: they may sign in.
    pub ended_at: Option<Timestamp>,
}

/// Persons listed at most: a library has tens.
const STAFF_MAX: i64 = 1000;

/// How long a used link still opens: whoever clicks twice is the same person.
const DOUBLE_CLICK_US: i64 = 10_000_000;

impl Store {
    /// Keeps a new person with their roles. False when somebody signs in by that name already.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn add_staff(&self, staff: Staff) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query(
                        "insert into staff (id, login, name, password, created_at, ended_at) \
                         values ($1, $2, $3, null, $4, null) on conflict (login) do nothing",
                    )
                    .bind(staff.id.to_bytes().to_vec())
                    .bind(&staff.login)
                    .bind(&staff.name)
                    .bind(micros(staff.created_at))
                    .execute(&mut *tx)
                    .await?;
                    if done == 0 {
                        return Ok(false);
                    }
                    for (library, role) in staff.roles.iter() {
                        put_role(tx, staff.id, library, role).await?;
                    }
                    Ok(true)
                })
            })
            .await
    }

    /// The person who signs in as `login`, and the hash of their password.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn staff_by_login(&self, login: &str) -> Result<Option<(Staff, Option<String>)>> {
        let row = query("select id, password from staff where login = $1 and ended_at is null")
            .bind(login)
            .fetch_optional(&self.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let id = StaffId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?);
        let password = row.try_get(1)?;
        Ok(self.staff(id).await?.map(|staff| (staff, password)))
    }

    /// One person.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn staff(&self, id: StaffId) -> Result<Option<Staff>> {
        let rows = query(
            "select staff.id, login, name, cast(case when password is null then 0 else 1 end as bigint), created_at, ended_at, library, role \
             from staff left join staff_role on staff_role.staff = staff.id where staff.id = $1",
        )
        .bind(id.to_bytes().to_vec())
        .fetch_all(&self.readers)
        .await?;
        Ok(gathered(&rows)?.pop())
    }

    /// Everybody with a role at `library`; none: everybody. The hash of nobody's password.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn staff_of(&self, library: Option<&LibraryCode>) -> Result<Vec<Staff>> {
        let rows = query(
            "select staff.id, login, name, cast(case when password is null then 0 else 1 end as bigint), created_at, ended_at, library, role \
             from staff left join staff_role on staff_role.staff = staff.id \
             where ended_at is null \
             and ($1 is null or staff.id in (select staff from staff_role where library = $1)) \
             order by staff.id limit $2",
        )
        .bind(library.map(LibraryCode::as_str))
        .bind(STAFF_MAX)
        .fetch_all(&self.readers)
        .await?;
        gathered(&rows)
    }

    /// Gives a person a role at `library` (none: at the consortium), or takes it away.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn set_role(&self, id: StaffId, library: Option<LibraryCode>, role: Option<Role>) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let Some(role) = role else {
                        query("delete from staff_role where staff = $1 and library = $2")
                            .bind(id.to_bytes().to_vec())
                            .bind(library.as_ref().map_or("", LibraryCode::as_str).to_owned())
                            .execute(&mut *tx)
                            .await?;
                        return Ok(());
                    };
                    put_role(tx, id, library.as_ref(), role).await
                })
            })
            .await
    }

    /// Keeps the hash of a person's password.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn set_password(&self, id: StaffId, hash: String) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("update staff set password = $2 where id = $1")
                        .bind(id.to_bytes().to_vec())
                        .bind(&hash)
                        .execute(&mut *tx)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Keeps a person's new recovery codes, by their hashes, in place of the old ones.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn put_recovery_codes(&self, id: StaffId, hashes: Vec<[u8; 32]>) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("delete from recovery_code where staff = $1")
                        .bind(id.to_bytes().to_vec())
                        .execute(&mut *tx)
                        .await?;
                    for hash in &hashes {
                        query("insert into recovery_code (staff, hash, used_at) values ($1, $2, null)")
                            .bind(id.to_bytes().to_vec())
                            .bind(hash.to_vec())
                            .execute(&mut *tx)
                            .await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// How many recovery codes a person has left.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn recovery_codes_left(&self, id: StaffId) -> Result<i64> {
        let row = query("select count(*) from recovery_code where staff = $1 and used_at is null")
            .bind(id.to_bytes().to_vec())
            .fetch_one(&self.readers)
            .await?;
        Ok(row.try_get(0)?)
    }

    /// Uses a recovery code up. False when there is none of that hash, or it was used before.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn use_recovery_code(&self, id: StaffId, hash: [u8; 32], now: Timestamp) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query(
                        "update recovery_code set used_at = $3 where staff = $1 and hash = $2 and used_at is null",
                    )
                    .bind(id.to_bytes().to_vec())
                    .bind(hash.to_vec())
                    .bind(micros(now))
                    .execute(&mut *tx)
                    .await?;
                    Ok(done > 0)
                })
            })
            .await
    }

    /// Keeps a link that signs `id` in once, until `expires_at`, by the hash of its secret.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn add_sign_in_link(&self, hash: [u8; 32], id: StaffId, expires_at: Timestamp) -> Result<()> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    query("insert into sign_in_link (hash, staff, expires_at, used_at) values ($1, $2, $3, null)")
                        .bind(hash.to_vec())
                        .bind(id.to_bytes().to_vec())
                        .bind(micros(expires_at))
                        .execute(&mut *tx)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Who a link signs in, if it still does.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn sign_in_link(&self, hash: [u8; 32], now: Timestamp) -> Result<Option<Staff>> {
        let row = query(
            "select staff from sign_in_link where hash = $1 and expires_at > $2 and (used_at is null or used_at > $3)",
        )
        .bind(hash.to_vec())
        .bind(micros(now))
        .bind(micros(now) - DOUBLE_CLICK_US)
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let id = StaffId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?);
        Ok(self.staff(id).await?.filter(|staff| staff.ended_at.is_none()))
    }

    /// Uses a link up. False when it opens no more; a second click within seconds is the first one's.
    ///
    /// # Errors
    /// When the store is broken.
    pub async fn use_sign_in_link(&self, hash: [u8; 32], now: Timestamp) -> Result<bool> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let done = query(
                        "update sign_in_link set used_at = coalesce(used_at, $2) \
                         where hash = $1 and expires_at > $2 and (used_at is null or used_at > $3)",
                    )
                    .bind(hash.to_vec())
                    .bind(micros(now))
                    .bind(micros(now) - DOUBLE_CLICK_US)
                    .execute(&mut *tx)
                    .await?;
                    Ok(done > 0)
                })
            })
            .await
    }
}

async fn put_role(tx: &mut Tx, id: StaffId, library: Option<&LibraryCode>, role: Role) -> Result<()> {
    query(
        "insert into staff_role (staff, library, role) values ($1, $2, $3) \
         on conflict (staff, library) do update set role = excluded.role",
    )
    .bind(id.to_bytes().to_vec())
    .bind(library.map_or("", LibraryCode::as_str).to_owned())
    .bind(role.code())
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// Rows of persons and roles as persons, in order.
fn gathered(rows: &[Row]) -> Result<Vec<Staff>> {
    let mut found: Vec<Staff> = Vec::new();
    let mut roles: BTreeMap<usize, Vec<(Option<LibraryCode>, Role)>> = BTreeMap::new();
    for row in rows {
        let id = StaffId::from_bytes(id_from(&row.try_get::<Vec<u8>>(0)?)?);
        if found.last().is_none_or(|last| last.id != id) {
            found.push(Staff {
                id,
                login: row.try_get(1)?,
                name: row.try_get(2)?,
                has_password: row.try_get::<i64>(3)? != 0,
                roles: Roles::default(),
                created_at: from_micros(row.try_get(4)?),
                ended_at: row.try_get::<Option<i64>>(5)?.map(from_micros),
            });
        }
        let (library, role): (Option<String>, Option<String>) = (row.try_get(6)?, row.try_get(7)?);
        if let (Some(library), Some(role)) = (library, role) {
            let library = match library.as_str() {
                "" => None,
                code => Some(LibraryCode::parse(code).map_err(|error| StoreError::Corrupt(error.to_string()))?),
            };
            let role = Role::from_code(&role).ok_or_else(|| StoreError::Corrupt(format!("the role {role}")))?;
            roles.entry(found.len()).or_default().push((library, role));
        }
    }
    for (count, roles) in roles {
        if let Some(one) = found.get_mut(count - 1) {
            one.roles = Roles::new(roles);
        }
    }
    Ok(found)
}
