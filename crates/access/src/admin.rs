//! The command line's operations: the first administrator, another one, a new password.

use base::Id;
use store::Tx;

use crate::{
    Access, AccessChange, Problem, Refused, Secret,
    audit::{self, Action, By, Entry},
    end_credentials::{self, Extent},
    password::HashFor,
    password_rules,
    users::{self, Change, NewRow},
    validate::{self, Check},
};

const USER_COUNT: &str = "select count(*) from users";
const BY_EMAIL: &str = "select id from users where email_key = $1";

impl Access {
    /// Creates the first administrator on a database without users; `None` if there are users already.
    ///
    /// # Errors
    /// 422 for an invalid address or password, or the store's.
    pub async fn first_admin(&self, email: &str, password: &Secret) -> Result<Option<Id>, Problem> {
        let has_users = self
            .store()
            .read(|tx| tx.one::<(i64,)>(USER_COUNT, &[]))
            .await?
            .is_some_and(|(count,)| count > 0);
        if has_users {
            return Ok(None);
        }
        let new = self.new_admin(email, email, password).await?;
        self.store()
            .write(move |tx| {
                // If two nodes start at once, one finds the other's administrator here, or below by its address.
                if tx
                    .one::<(i64,)>(USER_COUNT, &[])?
                    .is_some_and(|(count,)| count > 0)
                {
                    return Ok(None);
                }
                insert(tx, &new).map(Some)
            })
            .await
            .or_else(|refused| match refused {
                Refused::Conflict(..) => Ok(None),
                other => Err(other.into()),
            })
    }

    /// Creates an administrator.
    ///
    /// # Errors
    /// 422 for invalid input, 409 for an address that is taken, or the store's.
    pub async fn create_admin(&self, email: &str, name: &str, password: &Secret) -> Result<Id, Problem> {
        let new = self.new_admin(email, name, password).await?;
        Ok(self.store().write(move |tx| insert(tx, &new)).await?)
    }

    /// Whether there is a user with this address.
    ///
    /// # Errors
    /// The store's.
    pub async fn has_user(&self, email: &str) -> Result<bool, Problem> {
        let key = validate::email_key(email);
        let read = move |tx: &mut store::Tx<'_>| tx.one::<(Id,)>(BY_EMAIL, store::params![key]);
        Ok(self.store().read(read).await?.is_some())
    }

    /// Sets the password of the user with this address, and ends their sessions, API tokens and calendar feeds.
    ///
    /// # Errors
    /// 404 if there is none, 422 for an invalid password, or the store's.
    pub async fn reset_password(&self, email: &str, password: &Secret) -> Result<Id, Problem> {
        let email = validate::line("email", email, 254).map_err(|error| Problem::fields(vec![error]))?;
        password_rules::acceptable("password", password, &email)
            .map_err(|error| Problem::fields(vec![error]))?;
        let hash = self
            .passwords()
            .hash(HashFor::CommandLine, password.clone())
            .await?;
        self.change(move |tx| {
            let (id,) = tx
                .one::<(Id,)>(BY_EMAIL, store::params![validate::email_key(&email)])?
                .ok_or_else(Problem::not_found)?;
            let change = Change {
                password_hash: Some(hash),
                ..Change::default()
            };
            let (_, user) = users::update(tx, id, change)?;
            let entry = Entry::new(Action::UserUpdated, id, user.name).says("password", "changed");
            audit::note(tx, &By::COMMAND_LINE, entry)?;
            let mut changes = end_credentials::all(tx, id, None, Extent::Everything)?;
            changes.push(AccessChange::User(id));
            Ok((id, changes))
        })
        .await
    }

    async fn new_admin(&self, email: &str, name: &str, password: &Secret) -> Result<NewRow, Problem> {
        let mut check = Check::new();
        let email = check.take(validate::email("email", email));
        let name = check.name("name", name, crate::http::NAME);
        check.take(password_rules::acceptable("password", password, &email));
        check.done()?;
        Ok(NewRow {
            email,
            name,
            password_hash: self
                .passwords()
                .hash(HashFor::CommandLine, password.clone())
                .await?,
            is_admin: true,
        })
    }
}

/// Adds the user, and logs it.
fn insert(tx: &mut Tx<'_>, new: &NewRow) -> Result<Id, Refused> {
    let user = users::insert(tx, new)?;
    let entry = Entry::new(Action::UserCreated, user.id, &*user.name).made(&user);
    audit::note(tx, &By::COMMAND_LINE, entry.says("password", "set"))?;
    Ok(user.id)
}
