//! The command line; every flag is an environment variable too.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use rejoin::authority::Limits;

use crate::store::SqliteOptions;

/// Keeps documents in sync: WebSocket at /sync, health at /healthz, and a folder of files at /.
#[derive(Clone, Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  rejoin-server --data ./data --www ./www/dist"
)]
pub struct Config {
    /// Where to listen. Only this machine by default: there is no authentication yet.
    #[arg(
        long,
        env = "REJOIN_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,

    /// A folder of files to serve at /, such as a built demo.
    #[arg(long, env = "REJOIN_WWW", value_name = "DIR")]
    pub www: Option<PathBuf>,

    /// The directory for the database; it is made if it does not exist.
    #[arg(
        long,
        help_heading = "Storage",
        env = "REJOIN_DATA",
        default_value = "data",
        value_name = "DIR"
    )]
    pub data: PathBuf,

    /// Keeps documents in memory only: for trials. They are gone when the server stops.
    #[arg(
        long,
        help_heading = "Storage",
        env = "REJOIN_MEMORY",
        conflicts_with = "data"
    )]
    pub memory: bool,

    /// The largest the database may grow, in bytes; without it, as large as its disk.
    #[arg(
        long,
        help_heading = "Storage",
        env = "REJOIN_MAX_DATABASE_BYTES",
        value_name = "BYTES"
    )]
    pub max_database_bytes: Option<u64>,

    /// Checks the whole database before serving, also one so large that it takes a while.
    #[arg(long, help_heading = "Storage", env = "REJOIN_CHECK")]
    pub check: bool,

    /// A snapshot of a document is stored every so many revisions.
    #[arg(
        long,
        help_heading = "Storage",
        env = "REJOIN_SNAPSHOT_EVERY",
        default_value_t = 500,
        value_name = "REVISIONS"
    )]
    pub snapshot_every: u64,

    /// The largest message accepted, in bytes. Clients are told, and do not send what is larger.
    #[arg(long, help_heading = "Limits", env = "REJOIN_MAX_MESSAGE_BYTES", default_value_t = 4 << 20, value_name = "BYTES")]
    pub max_message_bytes: usize,

    /// The largest a document may grow: the characters of its texts and keys (Unicode scalar values), and one for each
    /// value.
    #[arg(long, help_heading = "Limits", env = "REJOIN_MAX_DOCUMENT_SIZE", default_value_t = 16 << 20, value_name = "SIZE")]
    pub max_document_size: usize,

    /// How many documents one connection may have open.
    #[arg(
        long,
        help_heading = "Limits",
        env = "REJOIN_MAX_DOCUMENTS",
        default_value_t = 1_000,
        value_name = "COUNT"
    )]
    pub max_documents: usize,

    /// How many messages may wait for a slow reader before it is disconnected.
    #[arg(
        long,
        help_heading = "Limits",
        env = "REJOIN_MAX_QUEUED_MESSAGES",
        default_value_t = 10_000,
        value_name = "COUNT"
    )]
    pub max_queued_messages: usize,

    /// How many bytes may wait for a slow reader before it is disconnected.
    #[arg(long, help_heading = "Limits", env = "REJOIN_MAX_QUEUED_BYTES", default_value_t = 8 << 20, value_name = "BYTES")]
    pub max_queued_bytes: usize,

    /// How many of the newest ops a late op is transformed over; an older one has to catch up first.
    #[arg(
        long,
        help_heading = "Limits",
        env = "REJOIN_WINDOW",
        default_value_t = 1_000,
        value_name = "OPS"
    )]
    pub window: usize,

    /// Seconds that a document which nobody has open stays in memory.
    #[arg(long, help_heading = "Times", env = "REJOIN_IDLE", default_value = "60", value_parser = seconds, value_name = "SECONDS")]
    pub idle: Duration,

    /// Seconds between pings; a connection that is silent for three of them is closed.
    #[arg(long, help_heading = "Times", env = "REJOIN_PING_INTERVAL", default_value = "20", value_parser = seconds, value_name = "SECONDS")]
    pub ping_interval: Duration,

    /// Seconds that connections get to end when the server stops.
    #[arg(long, help_heading = "Times", env = "REJOIN_GRACE", default_value = "10", value_parser = seconds, value_name = "SECONDS")]
    pub grace: Duration,

    /// How logs are written to standard error.
    #[arg(
        long,
        help_heading = "Logs",
        env = "REJOIN_LOG",
        value_enum,
        default_value = "text"
    )]
    pub log: LogFormat,

    /// The least important messages to log: error, warn, info, debug or trace.
    #[arg(
        long,
        help_heading = "Logs",
        env = "REJOIN_LOG_LEVEL",
        default_value = "info",
        value_name = "LEVEL"
    )]
    pub log_level: tracing::Level,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds < 1e9 => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("a number of seconds, greater than 0".to_owned()),
    }
}

impl Config {
    /// How the database is opened.
    pub(crate) fn sqlite(&self) -> SqliteOptions {
        SqliteOptions {
            max_bytes: self.max_database_bytes,
            check: self.check,
        }
    }

    /// The engine's limits.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            window_ops: self.window,
            value_size: self.max_document_size,
            ..Limits::default()
        }
    }

    /// The largest frame that is still read: above `max_message_bytes`, so that a message somewhat over
    /// the limit is answered instead of the connection being closed.
    pub(crate) fn largest_frame(&self) -> usize {
        self.max_message_bytes.saturating_mul(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Config::command().debug_assert();
        let config = Config::parse_from(["rejoin-server", "--memory", "--idle", "0.5"]);
        assert_eq!(config.idle, Duration::from_millis(500));
        assert!(Config::try_parse_from(["rejoin-server", "--idle", "-1"]).is_err());
    }

    #[test]
    fn every_flag_is_an_environment_variable_of_its_name() {
        let command = Config::command();
        let flags: Vec<_> = command
            .get_arguments()
            .filter_map(|flag| Some((flag.get_long()?, flag.get_env())))
            .filter(|(name, _)| !["help", "version"].contains(name))
            .collect();
        assert!(flags.len() > 10);
        for (name, variable) in flags {
            let expected = format!("REJOIN_{}", name.replace('-', "_").to_uppercase());
            assert_eq!(variable.and_then(|v| v.to_str()), Some(&*expected));
        }
    }
}
