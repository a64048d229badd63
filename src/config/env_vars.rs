//! Every environment variable, declared and documented once. `docs/environment.md` is generated from this list.

use super::value::Kind::{self, Choice, Flag, HttpUrl, MemorySize, Number, Seconds, Text};
use super::value::WrongValue;

/// One environment variable.
#[derive(Debug)]
pub struct EnvVar {
    pub name: &'static str,
    /// The value that counts while it is unset, or where that comes from.
    pub default: &'static str,
    pub kind: Kind,
    /// Heading in the reference.
    pub section: &'static str,
    pub doc: &'static str,
    /// The value is never shown or logged.
    pub secret: bool,
}

impl EnvVar {
    /// Checks a value that is not empty.
    pub fn check(&self, value: &str) -> Result<(), WrongValue> {
        self.kind.check(self.name, value)
    }
}

/// Variables of the laptop, which the server does not check.
pub const COMMAND_LINE: &str = "Command line";

macro_rules! env_vars {
    ($($section:tt { $($(#[$secret:ident])? $name:ident = $default:literal $(as $kind:expr)?, $doc:literal;)* })*) => {
        $($(
            #[doc = $doc]
            pub const $name: EnvVar = EnvVar {
                name: stringify!($name), default: $default, kind: env_vars!(@kind $($kind)?), section: $section,
                doc: $doc, secret: env_vars!(@secret $($secret)?),
            };
        )*)*
        /// In the order of the reference.
        pub const ALL: &[EnvVar] = &[$($($name),*),*];
    };
    (@secret secret) => { true };
    (@secret) => { false };
    (@kind) => { Text };
    (@kind $kind:expr) => { $kind };
}

/// Seconds.
const WEEK: u64 = 7 * 86_400;

env_vars! {
    "Server" {
        DATA_DIR = "./data", "Directory that holds all state and data.";
        CONFIG_DIR = "./config", "Directory of the static `instance.yaml`.";
        AGNES_HOST = "0.0.0.0", "Address that `agnes serve` listens on (`--host`; with `--demo` or `LOCAL_DEV_MODE` the default is 127.0.0.1).";
        AGNES_PORT = "8000" as Number(0, 65_535), "Port that `agnes serve` listens on (`--port`); 0 takes a free one.";
        LOG_LEVEL = "INFO", "Least severe log level that is written: ERROR, WARN, INFO, DEBUG or TRACE (a tracing filter such as `agnes=debug,info` works too).";
        AGNES_LOG_FORMAT = "pretty on a terminal, else json" as Choice(&["json", "pretty"]), "`json` writes one object per line, `pretty` is for people.";
        AGNES_ACCESS_LOG_DAYS = "90" as Number(0, 36_500), "Retention of the access log in `DATA_DIR/logs`, in days; 0 switches it off.";
        DEBUG = "off" as Flag, "`1`, `true` or `yes`: human-readable logs at level DEBUG, and the error text in 500 bodies.";
        AGNES_DEBUG_AUTH = "off" as Flag, "`1`, `true` or `yes`: the page `/me/debug`, on which people see what the server knows about their sign-in.";
        AGNES_VERSION = "the version of the binary", "Version shown by `/api/version`.";
        RELEASE_CHANNEL = "dev", "Release channel shown by `/api/version`.";
        AGNES_TAG = "unknown", "Image tag shown by `/api/version`.";
        AGNES_COMMIT_SHA = "unknown", "Commit shown by `/api/version`.";
        DOMAIN = "", "Public domain; stands for `SERVER_URL=https://DOMAIN`.";
        SERVER_URL = "`https://DOMAIN`", "Public URL of the server, for links in mails and for Google. Without it neither works. With `https://`, cookies are marked `Secure` and browsers are instructed to use HTTPS only.";
        AGNES_HSTS = "on" as Choice(&["on", "subdomains", "off"]), "`Strict-Transport-Security` in responses over HTTPS: for a year (`on`), for the subdomains as well (`subdomains`), or not at all (`off`).";
        CORS_ORIGINS = "http://localhost:3000,http://localhost:8000", "Comma-separated list of other origins whose pages may use this server with cookies.";
        FORWARDED_ALLOW_IPS = "", "Comma-separated list of your proxies (addresses or networks) whose `X-Forwarded-*` headers are trusted; `*` trusts every client.";
        AGNES_MAX_CONNECTIONS = "4096" as Number(8, 1_000_000), "Maximum number of open connections, as far as the limit of open files allows. Beyond it, connections on which nobody has signed in are closed first.";
        AGNES_MAX_CONNECTIONS_PER_ADDRESS = "256" as Number(1, 1_000_000), "Maximum number of open connections of one client address on which nobody has signed in. It does not apply to the proxies in `FORWARDED_ALLOW_IPS`.";
        AGNES_CLI_DIST_DIR = "", "Directory with the programs that people install from this server: `agnes-<version>-<os>-<arch>`, e.g. `agnes-0.1.0-darwin-aarch64`. It is looked through again when something changes.";
        AGNES_CLI_SELF_SERVE = "1" as Flag, "`0`, `false`, `no` or `off`: the running program cannot be installed from here, only those in `AGNES_CLI_DIST_DIR`.";
        AGNES_EXTENSION_DIR = "", "Directory of DuckDB extensions (`v1.5.5/<platform>/NAME.duckdb_extension` below it). `icu` is loaded from here at start; when unset, DuckDB's own directory is tried.";
    }
    "Sign-in" {
        #[secret] JWT_SECRET_KEY = "generated into `state/.jwt_secret`", "Key that signs session tokens: 32 characters or more.";
        #[secret] JWT_SECRET_KEY_PREVIOUS = "", "The previous `JWT_SECRET_KEY`; sessions that it signed stay valid while it is set. Remove it a day after a rotation.";
        SEED_ADMIN_EMAIL = "", "The user with this address is made an admin at each start.";
        #[secret] SEED_ADMIN_PASSWORD = "", "Password of the seeded admin; used only while no password is stored.";
        #[secret] SCHEDULER_API_TOKEN = "", "Shared secret (32 characters or more) with which the scheduler acts as an admin.";
        AGNES_REQUIRE_SECOND_FACTOR = "off" as Choice(&["off", "admins", "all"]), "Who must have a second factor (an authenticator app) to sign in with a password or a mailed link. Whoever has one is always asked for it; Google checks its own.";
        #[secret] AGNES_SECOND_FACTOR_KEY = "generated into `state/.second_factor_key`", "Key that encrypts the secrets of second factors: 32 characters or more. With another key they cannot be used any more; to replace it, set `AGNES_SECOND_FACTOR_KEY_PREVIOUS` as well.";
        #[secret] AGNES_SECOND_FACTOR_KEY_PREVIOUS = "", "The previous `AGNES_SECOND_FACTOR_KEY`. After `agnes admin second-factor-key rotate` it can be removed.";
        AGNES_SESSION_IDLE_MINUTES = "480" as Number(1, 1440), "A session that is not used for so long ends, in minutes. Every session ends after 24 hours.";
        AGNES_AUTH_RATELIMIT_ENABLED = "1" as Flag, "`0`, `false`, `no` or `off` disables the rate limits of the sign-in endpoints and of changes.";
        LOCAL_DEV_MODE = "off" as Flag, "`1`, `true` or `yes`: every request is made as the developer, without signing in. Only on a loopback address.";
        LOCAL_DEV_USER_EMAIL = "dev@localhost", "The developer of `LOCAL_DEV_MODE`, who is made an admin at start.";
        LOCAL_DEV_GROUPS = "", "JSON list of groups (`[{\"id\": …, \"name\": …}]`) that the developer is added to at start.";
        LOCAL_DEV_ALLOW_ANY_HOST = "off" as Flag, "`1`, `true` or `yes`: allow `LOCAL_DEV_MODE` on other addresses too, for containers whose port is published on loopback only.";
    }
    "Google" {
        GOOGLE_CLIENT_ID = "", "OAuth client of Google sign-in; together with `GOOGLE_CLIENT_SECRET` it enables the provider.";
        #[secret] GOOGLE_CLIENT_SECRET = "", "Secret of that client.";
        AGNES_GOOGLE_GROUP_PREFIX = "", "Only Google groups whose address starts with this prefix are synced; users who are in none of them are rejected.";
        AGNES_GROUP_ADMIN_EMAIL = "", "Google group whose members are the members of `Admin`.";
        AGNES_GROUP_EVERYONE_EMAIL = "", "Google group whose members are the members of `Everyone`.";
        GOOGLE_ADMIN_SDK_SUBJECT = "", "Workspace admin on whose behalf groups are listed; without it groups are not synced.";
        GOOGLE_ADMIN_SDK_SA_EMAIL = "from the metadata server", "Service account with domain-wide delegation.";
        GOOGLE_ADMIN_SDK_MOCK_GROUPS = "", "Comma-separated list of groups to use instead of asking Google (for experiments); set to an empty value it means no groups.";
        AGNES_GOOGLE_TIMEOUT = "10" as Number(1, 120), "Timeout of one request to Google, in seconds.";
        AGNES_GOOGLE_ISSUER = "https://accounts.google.com" as HttpUrl, "OpenID Connect issuer. This and the next four are for tests and private proxies.";
        AGNES_GOOGLE_TOKEN_URL = "https://oauth2.googleapis.com/token" as HttpUrl, "Where a signed assertion is exchanged for a token that lists groups.";
        AGNES_GOOGLE_IAM_URL = "https://iamcredentials.googleapis.com" as HttpUrl, "IAM Credentials API, which signs the assertion.";
        AGNES_GOOGLE_ADMIN_URL = "https://admin.googleapis.com" as HttpUrl, "Admin SDK, which lists groups.";
        GCE_METADATA_HOST = "metadata.google.internal", "Metadata server, which knows the service account and its access token.";
    }
    "Mail" {
        #[secret] SENDGRID_API_KEY = "", "Sends mail through SendGrid; takes precedence over SMTP.";
        EMAIL_FROM_ADDRESS = "`SMTP_FROM`, else noreply@example.com", "Sender of mails.";
        SMTP_HOST = "", "Host name of the mail relay.";
        SMTP_PORT = "587" as Number(1, 65_535), "Port of the mail relay.";
        SMTP_FROM = "`EMAIL_FROM_ADDRESS`, else noreply@example.com", "Older name of `EMAIL_FROM_ADDRESS`.";
        SMTP_USE_TLS = "true" as Choice(&["true", "implicit", "false", "no", "off", "0"]), "`true`: STARTTLS is required; `implicit`: TLS from the first byte (the default on port 465); `false`, `no`, `off` or `0`: no encryption.";
        SMTP_USER = "", "User name at the relay; when unset, Agnes does not authenticate there.";
        #[secret] SMTP_PASSWORD = "", "Password of that user.";
        AGNES_MAIL_CA_FILE = "", "PEM file of additional certificate authorities to trust when sending mail.";
        AGNES_SENDGRID_URL = "https://api.sendgrid.com" as HttpUrl, "URL of SendGrid's API; `https://api.eu.sendgrid.com` keeps mail in the EU.";
    }
    "Data sources" {
        BIGQUERY_PROJECT = "`data_source.bigquery.project`", "BigQuery project; needed once, when a database with materialized BigQuery tables is migrated.";
        DATA_SOURCE = "`data_source.type`", "Overrides the type of the main data source: `keboola` or `local`.";
        AGNES_FILES_DIR = "`DATA_DIR/uploads/tables`", "Folder from which `local` tables are read (config key `data_source.local.folder`).";
        KEBOOLA_STACK_URL = "`data_source.keboola.stack_url`" as HttpUrl, "URL of the Keboola stack, e.g. `https://connection.keboola.com`.";
        KBC_STACK_URL = "" as HttpUrl, "Older name of `KEBOOLA_STACK_URL`.";
        #[secret] KEBOOLA_STORAGE_TOKEN = "", "Keboola Storage API token (another variable can be named with `data_source.keboola.token_env`).";
        #[secret] KBC_STORAGE_TOKEN = "", "Older name of `KEBOOLA_STORAGE_TOKEN`.";
        AGNES_ALLOW_PRIVATE_STACK_URL = "off" as Flag, "`1`, `true` or `yes`: admins may set a Keboola stack URL that is in a private network.";
        AGNES_KEBOOLA_JOB_TIMEOUT = "1800" as Number(1, WEEK), "Timeout of one Keboola export job, in seconds.";
        AGNES_EXTRACT_TIMEOUT = "1800" as Number(1, WEEK), "Timeout of one extractor run, in seconds.";
        AGNES_UPLOAD_TABLE_MAX_MB = "1024" as Number(1, 1024 * 1024), "Maximum size of a file that is uploaded as a table, in megabytes.";
        AGNES_USER_FILES = "20000" as Number(0, 10_000_000), "Maximum number of transcripts and artifacts that one person keeps on the server.";
        AGNES_USER_FILES_MB = "2048" as Number(0, 1 << 40), "Maximum size of all of them together, in megabytes.";
        AGNES_EXTRACT_RESERVE_MB = "5 % of the disk, at most 512" as Number(0, 1 << 40), "Megabytes of disk space that stay free: a table that does not fit is not fetched.";
        AGNES_REMOTE_ATTACH_EXTENSIONS = "keboola,bigquery", "Comma-separated list of DuckDB extensions that may attach remote tables; `postgres` works too.";
        AGNES_REMOTE_ATTACH_TOKEN_ENVS = "KBC_TOKEN,KBC_STORAGE_TOKEN,KEBOOLA_STORAGE_TOKEN,GOOGLE_APPLICATION_CREDENTIALS", "Comma-separated list of variables whose values may be sent to a remote source as token or password.";
        AGNES_REMOTE_ATTACH_HOSTS = "the host of `KEBOOLA_STACK_URL`", "Comma-separated list of additional hosts that remote tables may be attached from.";
        CONNECTORS_DIR = "connectors/custom", "Folder of custom connectors, each in a folder of its own.";
        CONNECTORS_ENV_ALLOW = "", "Comma-separated list of variables that are passed to custom connectors, besides `PATH`, `HOME`, language, proxies and `KEBOOLA_*`.";
        AGNES_CONNECTOR_TIMEOUT = "600" as Number(1, 86_400), "Timeout of one run of a custom connector, in seconds.";
        AGNES_PYTHON = "python3", "Interpreter that runs an `extractor.py`.";
        AGNES_HISTORY_DAYS = "90" as Number(1, 36_500), "Retention of the sync history, in days.";
        AGNES_PROFILE_MEMORY_MB = "1024" as Number(256, 1024 * 1024), "Most memory of the process that profiles a table, in megabytes. A table that needs more has no profile.";
        AGNES_PROFILE_TIMEOUT = "600" as Number(1, WEEK), "Timeout of the profile of one table, in seconds.";
        AGNES_EXTRACT_MEMORY = "1GB" as MemorySize, "Memory limit of DuckDB while a connector writes parquet, such as `1GB` or `512MB`.";
    }
    "Scheduled work" {
        API_URL = "http://localhost:8000", "The server that `agnes schedule` drives.";
        SCHEDULER_TICK_SECONDS = "30" as Seconds, "Maximum time between two checks of the clock, and the first delay after a failure.";
        SCHEDULER_JITTER_SECONDS = "30, at most a tenth of the interval" as Number(0, WEEK), "Maximum random delay of each run, in seconds, so that jobs do not start together; 0 disables it.";
        SCHEDULER_DATA_REFRESH_INTERVAL = "900" as Seconds, "Seconds between two syncs of all tables that are due.";
        SCHEDULER_HEALTH_CHECK_INTERVAL = "300" as Seconds, "Seconds between two health checks of the server.";
        SCHEDULER_SCRIPT_RUN_INTERVAL = "60" as Seconds, "Seconds between two checks for scripts that are due.";
        SCHEDULER_SAVED_QUERIES_INTERVAL = "60" as Seconds, "Seconds between two checks for saved queries whose tables are due.";
        SCHEDULER_SESSION_COLLECTOR_INTERVAL = "600" as Seconds, "Seconds between two collections of sessions.";
        SCHEDULER_VERIFICATION_DETECTOR_INTERVAL = "900" as Seconds, "Seconds between two runs of the verification detector.";
        SCHEDULER_CORPORATE_MEMORY_INTERVAL = "1020" as Seconds, "Seconds between two runs of corporate memory.";
    }
    "Queries" {
        AGNES_QUERY_TIMEOUT = "300" as Number(1, WEEK), "Timeout of one query, in seconds.";
        AGNES_QUERY_MEMORY = "1GB" as MemorySize, "Memory of the engine of one query, such as `1GB` or `512MB`. What needs more is written to disk; the process of a query is ended at half as much again and 384 MB.";
        AGNES_QUERY_SPILL = "10GB" as MemorySize, "Disk space that one query may use for what does not fit in its memory.";
        AGNES_QUERY_THREADS = "number of cores" as Number(1, 1024), "Threads that one query may use.";
        AGNES_QUERY_CONCURRENCY = "four for each core" as Number(1, 256), "Maximum number of queries that have begun; fewer where 60 % of the memory is not enough for them. The others wait, in turns between people.";
        AGNES_SAVED_QUERIES = "200" as Number(0, 100_000), "Maximum number of saved queries of one person.";
        AGNES_SAVED_TABLES = "20" as Number(0, 10_000), "Maximum number of saved queries of one person that keep their result as a table.";
        AGNES_SAVED_TABLES_MB = "10240" as Number(0, 1 << 40), "Maximum size of all such tables of one person together, in megabytes.";
        AGNES_QUERY_SANDBOX = "if-available" as Choice(&["if-available", "required"]), "`required`: the server does not start where the kernel lacks Landlock or seccomp, as all but Linux do.";
    }
    COMMAND_LINE {
        AGNES_SERVER = "config.yaml, else http://localhost:8000", "URL of the server.";
        #[secret] AGNES_TOKEN = "the stored token", "Token to use instead of the stored one.";
        AGNES_CONFIG_DIR = "~/.config/agnes", "Directory of `config.yaml` and the stored tokens.";
        AGNES_LOCAL_DIR = "the current directory", "The workspace.";
        AGNES_STREAM_RETRIES = "3" as Number(0, 100), "Retries of each download; those that bring at least a twentieth of the file are not counted.";
        AGNES_STREAM_TIMEOUT = "60" as Number(1, 3600), "Seconds without any data after which a download is retried.";
        AGNES_PULL_CONCURRENCY = "8" as Number(1, 16), "Maximum number of concurrent transfers; a pull begins with 4.";
        AGNES_SNAPSHOT_QUOTA_GB = "10" as Number(0, 1_000_000), "Space that the snapshots of a workspace may take.";
        AGNES_CA_FILE = "", "PEM file of additional certificate authorities to trust.";
        AGNES_NO_UPDATE_CHECK = "off" as Flag, "`1`, `true` or `yes`: do not ask the server once a day whether it has a newer version of the command line.";
        NO_COLOR = "", "When set, output is not coloured.";
    }
}

/// The reference page as Markdown.
pub fn reference() -> String {
    let mut page = String::from(
        "# Environment variables\n\nGenerated from `src/config/env_vars.rs` by `make docs`; a test checks that it is current.\n\
         Variables marked 🔒 hold secrets: they are never logged or shown.\n\
         Variables can also be set in `DATA_DIR/state/.env_overlay` (`KEY=value` lines); the real environment wins.\n\
         A value that is not allowed stops the program at start.\n",
    );
    let mut section = "";
    for var in ALL {
        if var.section != section {
            section = var.section;
            page.push_str(&format!("\n## {section}\n\n| Variable | Default | Meaning |\n|---|---|---|\n"));
        }
        let lock = if var.secret { " 🔒" } else { "" };
        let default = if var.default.is_empty() { "–" } else { var.default };
        let range = match var.kind {
            Number(min, max) => format!(" {min} to {max}."),
            _ => String::new(),
        };
        page.push_str(&format!("| `{}`{lock} | {default} | {}{range} |\n", var.name, var.doc));
    }
    page
}
