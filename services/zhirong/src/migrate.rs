//! `zhirong migrate`: brings the database's schema up to this version.

use std::process::ExitCode;

use platform::database::{Database, Tuning};

use crate::cli::MigrateArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::output::{Cell, Listing};

/// Applies the migrations of this version that the database lacks. Safe to repeat.
///
/// # Errors
/// [`CommandError`] where no database is named, it is out of reach, or a migration fails.
pub async fn run(args: MigrateArgs) -> Result<ExitCode, CommandError> {
    let settings = &args.settings;
    let url = settings.database_url.as_ref().ok_or_else(|| {
        CommandError::usage(
            "DATABASE_URL_REQUIRED",
            "请用 --database-url、环境变量 ZHIRONG_DATABASE_URL 或配置文件写明数据库；内置数据库由 serve 自行升级",
            "name the database with --database-url, ZHIRONG_DATABASE_URL or the settings file; an embedded one is brought up to \
             date by serve itself",
        )
    })?;
    let tuning = Tuning {
        max_connections: 2,
        application_name: "zhirong migrate".to_owned(),
        ..Tuning::default()
    };
    let database = Database::connect_url(url.expose(), &tuning).await?;
    let outcome = database.migrate().await;
    database.close().await;
    outcome?;
    let count = platform::database::migrator().iter().count();
    let mut done = Listing::new(&[("migrations", "版本数")]);
    done.add(vec![Cell::count(count)]);
    done.print_record(|| {
        format!("数据库结构已是最新（{count} 个版本） / the schema is up to date ({count} migrations)\n")
    });
    Ok(Exit::Done.into())
}
