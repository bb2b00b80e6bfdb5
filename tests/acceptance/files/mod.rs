//! Files of partners: templates, uploads, column mappings, monthly statements.

mod commands;
mod mappings;
mod statements;
mod templates;
mod uploads;
