//! Findings of the database.

use platform::Error;
use platform::clock::Clock;
use platform::database::Database;

use super::{Hazard, List};
use crate::node::database_role;

/// How far the clocks may be apart, in milliseconds.
const APART_MS_MAX: i64 = 1_000;

pub(super) async fn check(list: &mut List, database: &Database, roles: &[&str]) -> Result<(), Error> {
    let found = database.inspect().await?;
    let apart = (Clock::System.now() - found.now).num_milliseconds().abs();
    if apart > APART_MS_MAX {
        list.add(Hazard::DatabaseClock, format!("{apart} ms"));
    }
    if found.is_above_policies {
        list.add(Hazard::DatabaseSuperuser, found.role.clone());
    } else {
        // A superuser has every table.
        list.add_all(Hazard::ServiceOwnsTables, &found.owned_tables);
    }
    list.add_all(Hazard::DatabaseNotDurable, &found.unsafe_settings);
    if !found.has_standby {
        list.add(Hazard::NoStandby, "synchronous_standby_names=");
    }
    list.add_all(Hazard::DatabaseLogsValues, &found.telling_settings);
    list.add_all(Hazard::DatabaseZone, &found.wrong_zones);
    list.add_all(Hazard::RowSecurityNotForced, &found.unforced_tables);
    if found.missing_migrations > 0 {
        list.add(Hazard::SchemaDiffers, found.missing_migrations.to_string());
        // What a later migration makes is not looked for before it is there.
        return Ok(());
    }
    list.add_all(Hazard::SchemaChanged, &found.differences);
    let mut roles: Vec<&str> = roles.iter().map(|role| database_role(role)).collect();
    // Whoever knows the keys knows the sessions.
    if roles.contains(&registry::DATABASE_ROLE) {
        roles.push(people::DATABASE_ROLE);
    }
    list.add_all(Hazard::IsolationBroken, &database.isolation(&roles).await?);
    Ok(())
}
