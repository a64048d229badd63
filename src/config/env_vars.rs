//! Every environment variable, declared and documented once. `docs/environment.md` is generated from this list.

/// One environment variable.
#[derive(Debug)]
pub struct EnvVar {
    pub name: &'static str,
    /// Shown in the reference; the reader applies it.
    pub default: &'static str,
    /// Heading in the reference.
    pub section: &'static str,
    pub doc: &'static str,
    /// The value is never shown or logged.
    pub secret: bool,
}

macro_rules! env_vars {
    ($($section:literal { $($(#[$secret:ident])? $name:ident = $default:literal, $doc:literal;)* })*) => {
        $($(
            #[doc = $doc]
            pub const $name: EnvVar = EnvVar {
                name: stringify!($name), default: $default, section: $section, doc: $doc,
                secret: env_vars!(@secret $($secret)?),
            };
        )*)*
        /// In the order of the reference.
        pub const ALL: &[EnvVar] = &[$($($name),*),*];
    };
    (@secret secret) => { true };
    (@secret) => { false };
}

env_vars! {
    "Server" {
        DATA_DIR = "./data", "Directory that holds all state and data.";
        CONFIG_DIR = "./config", "Directory of the static `instance.yaml`.";
        AGNES_HOST = "0.0.0.0", "Address that `agnes serve` listens on (`--host`; with `--demo` the default is 127.0.0.1).";
        AGNES_PORT = "8000", "Port that `agnes serve` listens on (`--port`); 0 takes a free one.";
        LOG_LEVEL = "INFO", "Least severe log level that is written: ERROR, WARN, INFO, DEBUG or TRACE (a tracing filter such as `agnes=debug,info` works too).";
        AGNES_LOG_FORMAT = "pretty on a terminal, else json", "`json` writes one object a line, `pretty` is for people.";
        DEBUG = "off", "`1`, `true` or `yes`: readable logs at DEBUG, and the error text in 500 bodies.";
        AGNES_VERSION = "the version of the binary", "Version shown by `/api/version`.";
        RELEASE_CHANNEL = "dev", "Release channel shown by `/api/version`.";
        AGNES_TAG = "unknown", "Image tag shown by `/api/version`.";
        AGNES_COMMIT_SHA = "unknown", "Commit shown by `/api/version`.";
        DOMAIN = "", "Public domain. When set, cookies are marked `Secure` and browsers are told to use https only.";
        SERVER_URL = "`https://DOMAIN`, else the address of the request", "Public address of the server, for links in mails and for Google.";
        CORS_ORIGINS = "http://localhost:3000,http://localhost:8000", "Comma list of other origins whose pages may use this server with cookies.";
        FORWARDED_ALLOW_IPS = "", "Comma list of your proxies (addresses or networks) whose `X-Forwarded-*` headers are believed; `*` believes whoever connects.";
        AGNES_EXTENSION_DIR = "", "Directory of DuckDB extensions (`v1.5.5/<platform>/NAME.duckdb_extension` below it). `icu` is loaded from here at start; without it DuckDB's own directory is tried.";
    }
    "Sign-in" {
        #[secret] JWT_SECRET_KEY = "generated into `state/.jwt_secret`", "Key that signs session tokens: 32 characters or more.";
        #[secret] JWT_SECRET_KEY_PREVIOUS = "", "The key before `JWT_SECRET_KEY`; sessions it signed stay valid while it is set. Take it away a day after a rotation.";
        SEED_ADMIN_EMAIL = "", "A user with this address is made an admin at each start.";
        #[secret] SEED_ADMIN_PASSWORD = "", "Password of the seeded admin; used only while none is stored.";
        #[secret] SCHEDULER_API_TOKEN = "", "Shared secret (32 characters or more) with which the scheduler acts as an admin.";
        AGNES_AUTH_RATELIMIT_ENABLED = "1", "`0`, `false`, `no` or `off` switches the rate limits of the sign-in endpoints off.";
        LOCAL_DEV_MODE = "off", "`1`, `true` or `yes`: every request is the developer's, without signing in. Only on a loopback address.";
        LOCAL_DEV_USER_EMAIL = "dev@localhost", "The developer of `LOCAL_DEV_MODE`, made an admin at start.";
        LOCAL_DEV_GROUPS = "", "JSON list of groups (`[{\"id\": …, \"name\": …}]`) that the developer is put into at start.";
        LOCAL_DEV_ALLOW_ANY_HOST = "off", "`1`: allow `LOCAL_DEV_MODE` on other addresses too, for containers whose port is published on loopback only.";
    }
    "Google" {
        GOOGLE_CLIENT_ID = "", "OAuth client of Google sign-in; with `GOOGLE_CLIENT_SECRET` it switches the provider on.";
        #[secret] GOOGLE_CLIENT_SECRET = "", "Secret of that client.";
        AGNES_GOOGLE_GROUP_PREFIX = "", "Only Google groups whose address begins like this are taken over; members of none are refused.";
        AGNES_GROUP_ADMIN_EMAIL = "", "Google group whose members are the members of `Admin`.";
        AGNES_GROUP_EVERYONE_EMAIL = "", "Google group whose members are the members of `Everyone`.";
        GOOGLE_ADMIN_SDK_SUBJECT = "", "Workspace admin on whose behalf groups are listed; without it groups are not synced.";
        GOOGLE_ADMIN_SDK_SA_EMAIL = "asked of the metadata server", "Service account with domain-wide delegation.";
        GOOGLE_ADMIN_SDK_MOCK_GROUPS = "", "Comma list of groups to use instead of asking Google (for trying things out); set but empty it means no groups.";
        AGNES_GOOGLE_TIMEOUT = "10", "Seconds that one request to Google may take.";
        AGNES_GOOGLE_ISSUER = "https://accounts.google.com", "OpenID Connect issuer. This and the next four are for tests and private proxies.";
        AGNES_GOOGLE_TOKEN_URL = "https://oauth2.googleapis.com/token", "Where a signed assertion is exchanged for a token that lists groups.";
        AGNES_GOOGLE_IAM_URL = "https://iamcredentials.googleapis.com", "IAM Credentials API, which signs the assertion.";
        AGNES_GOOGLE_ADMIN_URL = "https://admin.googleapis.com", "Admin SDK, which lists groups.";
        GCE_METADATA_HOST = "metadata.google.internal", "Metadata server, which knows the service account and its access token.";
    }
    "Mail" {
        #[secret] SENDGRID_API_KEY = "", "Sends mail through SendGrid; wins over SMTP.";
        EMAIL_FROM_ADDRESS = "`SMTP_FROM`, else noreply@example.com", "Sender of mails.";
        SMTP_HOST = "", "Mail relay.";
        SMTP_PORT = "587", "Its port.";
        SMTP_FROM = "`EMAIL_FROM_ADDRESS`, else noreply@example.com", "Sender of mails, older name.";
        SMTP_USE_TLS = "true", "`true`: STARTTLS is required; `implicit`: TLS from the first byte (the default on port 465); anything else: no encryption.";
        SMTP_USER = "", "User name at the relay; without it nobody signs in there.";
        #[secret] SMTP_PASSWORD = "", "Password of that user.";
        AGNES_MAIL_CA_FILE = "", "PEM file of further certificate authorities to trust when mail is sent.";
        AGNES_SENDGRID_URL = "https://api.sendgrid.com", "Address of SendGrid's API; `https://api.eu.sendgrid.com` keeps mail in the EU.";
    }
    "Data sources" {
        BIGQUERY_PROJECT = "`data_source.bigquery.project`", "BigQuery project; needed once when a database with materialized BigQuery tables is taken over.";
        DATA_SOURCE = "`data_source.type`", "Overrides the kind of the main data source: `keboola` or `local`.";
        AGNES_FILES_DIR = "`DATA_DIR/uploads/tables`", "Folder from which `local` tables are read (config key `data_source.local.folder`).";
        KEBOOLA_STACK_URL = "`data_source.keboola.stack_url`", "Address of the Keboola stack, e.g. `https://connection.keboola.com`.";
        KBC_STACK_URL = "", "Older name of `KEBOOLA_STACK_URL`.";
        #[secret] KEBOOLA_STORAGE_TOKEN = "", "Keboola Storage API token (another variable can be named with `data_source.keboola.token_env`).";
        #[secret] KBC_STORAGE_TOKEN = "", "Older name of `KEBOOLA_STORAGE_TOKEN`.";
        AGNES_KEBOOLA_JOB_TIMEOUT = "1800", "Seconds that one Keboola export job may take.";
        AGNES_EXTRACT_TIMEOUT = "1800", "Seconds that one extractor may run before a sync ends it.";
        AGNES_UPLOAD_TABLE_MAX_MB = "1024", "Megabytes that a file may have which is uploaded as a table.";
        AGNES_EXTRACT_RESERVE_MB = "5 % of the disk, 512 at most", "Megabytes that stay free: a table that would take more is not fetched.";
        AGNES_REMOTE_ATTACH_EXTENSIONS = "keboola,bigquery", "Comma list of DuckDB extensions by which remote tables may be attached; `postgres` works too.";
        AGNES_REMOTE_ATTACH_TOKEN_ENVS = "KBC_TOKEN,KBC_STORAGE_TOKEN,KEBOOLA_STORAGE_TOKEN,GOOGLE_APPLICATION_CREDENTIALS", "Comma list of variables whose values may go to a remote source as token or password.";
        AGNES_REMOTE_ATTACH_HOSTS = "the host of `KEBOOLA_STACK_URL`", "Comma list of further hosts that remote tables may be attached from.";
        CONNECTORS_DIR = "`connectors/custom` in the current directory", "Folder with custom connectors, each in a folder of its own.";
        CONNECTORS_ENV_ALLOW = "", "Comma list of variables that custom connectors get to see, besides `PATH`, `HOME`, language, proxies and `KEBOOLA_*`.";
        AGNES_CONNECTOR_TIMEOUT = "600", "Seconds that one custom connector may run.";
        AGNES_PYTHON = "python3", "What runs an `extractor.py`.";
        AGNES_HISTORY_DAYS = "90", "Days for which the history of syncs is kept.";
        AGNES_EXTRACT_MEMORY = "1GB", "Memory limit of DuckDB while a connector writes parquet.";
    }
    "Scheduled work" {
        API_URL = "http://localhost:8000", "The server that `agnes schedule` drives.";
        SCHEDULER_TICK_SECONDS = "30", "Longest sleep between two looks at the clock, and the first pause after a failure.";
        SCHEDULER_JITTER_SECONDS = "30, at most a tenth of the interval", "Each run is put off by up to so many seconds, so that jobs do not start together; 0: on time.";
        SCHEDULER_DATA_REFRESH_INTERVAL = "900", "Seconds between two syncs of all tables that are due.";
        SCHEDULER_HEALTH_CHECK_INTERVAL = "300", "Seconds between two looks at the server's health.";
        SCHEDULER_SCRIPT_RUN_INTERVAL = "60", "Seconds between two looks for scripts that are due.";
        SCHEDULER_SESSION_COLLECTOR_INTERVAL = "600", "Seconds between two collections of sessions.";
        SCHEDULER_VERIFICATION_DETECTOR_INTERVAL = "900", "Seconds between two runs of the verification detector.";
        SCHEDULER_CORPORATE_MEMORY_INTERVAL = "1020", "Seconds between two runs of corporate memory.";
    }
    "Queries" {
        AGNES_QUERY_TIMEOUT = "300", "Seconds after which a query is stopped.";
        AGNES_QUERY_MEMORY = "1GB", "Memory limit of DuckDB for each set of readable tables.";
        AGNES_QUERY_THREADS = "number of cores", "Threads that one query may use.";
        AGNES_QUERY_CONCURRENCY = "4", "Queries that run at once; more wait, and are refused with 429 when too many wait.";
    }
    "Command line" {
        AGNES_SERVER = "config.yaml, else http://localhost:8000", "Address of the server.";
        #[secret] AGNES_TOKEN = "the stored token", "Token to use instead of the stored one.";
        AGNES_CONFIG_DIR = "~/.config/agnes", "Directory of `config.yaml` and the stored tokens.";
        AGNES_LOCAL_DIR = "the current directory", "The workspace.";
        AGNES_STREAM_RETRIES = "3", "Further attempts for each download.";
        AGNES_PULL_CONCURRENCY = "4", "Downloads at once, 1 to 16.";
        AGNES_CA_FILE = "", "PEM file of further certificate authorities to trust.";
        NO_COLOR = "", "When set, output is not coloured.";
    }
}

/// The reference page as Markdown.
pub fn reference() -> String {
    let mut page = String::from(
        "# Environment variables\n\nGenerated from `src/config/env_vars.rs` by `make docs`; a test keeps it true.\n\
         Variables marked 🔒 hold secrets: they are never logged or shown.\n\
         Variables may also stand in `DATA_DIR/state/.env_overlay` (`KEY=value` lines); the real environment wins.\n",
    );
    let mut section = "";
    for var in ALL {
        if var.section != section {
            section = var.section;
            page.push_str(&format!("\n## {section}\n\n| Variable | Default | Meaning |\n|---|---|---|\n"));
        }
        let lock = if var.secret { " 🔒" } else { "" };
        let default = if var.default.is_empty() { "–" } else { var.default };
        page.push_str(&format!("| `{}`{lock} | {default} | {} |\n", var.name, var.doc));
    }
    page
}
