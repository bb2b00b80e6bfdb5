//! From options to settings and back.

use platform::config::{LogFormat, Overlay, Secret, Settings};

use super::{Cli, Command, GlobalArgs, LogForm};

impl Cli {
    /// The options as the top layer of the settings.
    #[must_use]
    pub fn overlay(&self) -> Overlay {
        let mut overlay = match &self.command {
            Command::Serve(args) => Overlay {
                sandbox: args.sandbox.then_some(true),
                policies: (!args.policy.is_empty()).then(|| args.policy.clone()),
                data: args.data.clone(),
                listen: args.listen,
                roles: (!args.role.is_empty()).then(|| args.role.clone()),
                database_url: args.database_url.clone().map(Secret::new),
                pg_bin: args.pg_bin.clone(),
                otlp_endpoint: args.otlp_endpoint.clone(),
                trace_file: args.trace_file.clone(),
                ..Overlay::default()
            },
            Command::Demo(args) => Overlay {
                data: args.data.clone(),
                pg_bin: args.pg_bin.clone(),
                ..Overlay::default()
            },
            Command::Migrate(args) => Overlay {
                database_url: args.database_url.clone().map(Secret::new),
                ..Overlay::default()
            },
            Command::Drill(args) => args.overlay(),
            Command::Import(_)
            | Command::Settle(_)
            | Command::Export(_)
            | Command::Assess(_)
            | Command::Verify(_)
            | Command::Explain(_)
            | Command::Replay(_)
            | Command::Experiment(_)
            | Command::Audit(_)
            | Command::Batch(_)
            | Command::Call(_)
            | Command::Upload(_)
            | Command::Mapping(_)
            | Command::Statement(_)
            | Command::Health(_)
            | Command::Config(_)
            | Command::Webhook(_)
            | Command::Template(_)
            | Command::Sandbox(_)
            | Command::Partner(_)
            | Command::Completions(_)
            | Command::Man(_)
            | Command::Codes => Overlay::default(),
            Command::Doctor(args) => args.overlay(),
        };
        self.global.lay_over(&mut overlay);
        overlay
    }
}

impl GlobalArgs {
    /// Puts the options of every command into the layer.
    pub fn lay_over(&self, overlay: &mut Overlay) {
        overlay.log_level.clone_from(&self.log_level);
        overlay.log_format = self.log_format.map(|form| match form {
            LogForm::Json => LogFormat::Json,
            LogForm::Text => LogFormat::Text,
        });
    }
}

impl Command {
    /// Hands the settings to the command that needs them.
    pub fn set_settings(&mut self, settings: &Settings) {
        let target = match self {
            Self::Serve(args) => &mut args.settings,
            Self::Demo(args) => &mut args.settings,
            Self::Migrate(args) => &mut args.settings,
            Self::Drill(args) => &mut args.settings,
            Self::Import(args) => &mut args.client.settings,
            Self::Upload(args) => &mut args.partner.client.settings,
            Self::Mapping(args) => &mut args.client().settings,
            Self::Statement(args) => &mut args.partner.client.settings,
            Self::Health(args) => &mut args.client.settings,
            Self::Config(args) => &mut args.settings,
            Self::Webhook(args) => &mut args.settings,
            Self::Settle(args) => &mut args.client.settings,
            Self::Export(args) => &mut args.client.settings,
            Self::Explain(args) => &mut args.client.settings,
            Self::Replay(args) => &mut args.client.settings,
            Self::Experiment(args) => &mut args.client.settings,
            Self::Audit(args) => &mut args.client().settings,
            Self::Batch(args) => &mut args.client().settings,
            Self::Call(args) => &mut args.client.settings,
            Self::Sandbox(args) => &mut args.client().settings,
            Self::Partner(args) => &mut args.client.settings,
            Self::Doctor(args) => &mut args.client.settings,
            Self::Assess(_)
            | Self::Verify(_)
            | Self::Template(_)
            | Self::Codes
            | Self::Completions(_)
            | Self::Man(_) => return,
        };
        settings.clone_into(target);
    }
}
