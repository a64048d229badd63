//! Logs on standard error: one JSON object per line, or text for people.

use std::io::IsTerminal;

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use crate::base::{panic_text, time};
use crate::config::{Environment, WrongValue, env_vars};

/// Dependencies that would log every connection.
const QUIET: &str = "hyper=warn,hyper_util=warn,h2=warn,reqwest=warn,rmcp=warn,rustls=warn,tower=warn";

#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    #[error("LOG_LEVEL '{0}' is unknown; use ERROR, WARN, INFO, DEBUG, TRACE or a filter such as agnes=debug,info")]
    Level(String),
    #[error(transparent)]
    Format(#[from] WrongValue),
    #[error("logging was set up twice")]
    Twice,
}

/// Starts logging for the whole process, panics included.
pub fn init(env: &Environment) -> Result<(), LoggingError> {
    let filter = filter(env)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // It would report a failing stderr on stderr, and panic.
    let builder = builder.log_internal_errors(false);
    let started = if is_pretty(env)? {
        builder.with_ansi(std::io::stderr().is_terminal() && env.get(&env_vars::NO_COLOR).is_none()).try_init()
    } else {
        builder.fmt_fields(JsonFields::new()).event_format(JsonLine).try_init()
    };
    started.map_err(|_| LoggingError::Twice)?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, exc = panic_text(panic.payload()), "panic");
    }));
    Ok(())
}

fn filter(env: &Environment) -> Result<EnvFilter, LoggingError> {
    let default = if env.flag(&env_vars::DEBUG) { "DEBUG" } else { env_vars::LOG_LEVEL.default };
    let level = env.get(&env_vars::LOG_LEVEL).unwrap_or(default);
    let directives = match level.to_ascii_lowercase().as_str() {
        // Names that other logging libraries use.
        "warning" => "warn".to_owned(),
        "critical" | "fatal" => "error".to_owned(),
        plain => plain.to_owned(),
    };
    // A single word that is not a level would be taken for a module name, and everything else would not be logged.
    let is_level = directives.parse::<tracing::level_filters::LevelFilter>().is_ok();
    if !is_level && !directives.contains('=') {
        return Err(LoggingError::Level(level.to_owned()));
    }
    EnvFilter::try_new(format!("{QUIET},{directives}")).map_err(|_| LoggingError::Level(level.to_owned()))
}

fn is_pretty(env: &Environment) -> Result<bool, LoggingError> {
    match env.get(&env_vars::AGNES_LOG_FORMAT) {
        Some(format) => {
            env_vars::AGNES_LOG_FORMAT.check(format)?;
            Ok(format.eq_ignore_ascii_case("pretty"))
        }
        None => Ok(env.flag(&env_vars::DEBUG) || std::io::stderr().is_terminal()),
    }
}

/// `{"ts", "lvl", "logger", "service", "msg", "request_id"?, …}`: fields of the event and of its spans follow the fixed
/// ones, which they cannot replace.
struct JsonLine;

impl<S: Subscriber + for<'a> LookupSpan<'a>> FormatEvent<S, JsonFields> for JsonLine {
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let mut line = Map::new();
        line.insert("ts".into(), json!(time::iso_offset(time::now())));
        line.insert("lvl".into(), json!(metadata.level().as_str()));
        line.insert("logger".into(), json!(metadata.target()));
        line.insert("service".into(), json!(service(metadata.target())));
        line.insert("msg".into(), fields.0.remove("message").unwrap_or_default());
        for span in context.event_scope().into_iter().flatten() {
            let extensions = span.extensions();
            let Some(text) = extensions.get::<FormattedFields<JsonFields>>() else { continue };
            let recorded: Map<String, Value> = serde_json::from_str(&text.fields).unwrap_or_default();
            for (name, value) in recorded {
                line.entry(name).or_insert(value);
            }
        }
        for (name, value) in fields.0 {
            line.entry(name).or_insert(value);
        }
        writeln!(writer, "{}", Value::Object(line))
    }
}

/// The module of Agnes that logs, or the dependency.
fn service(target: &str) -> &str {
    let mut parts = target.split("::");
    match (parts.next(), parts.next()) {
        (Some("agnes"), Some(part)) => part,
        (first, _) => first.unwrap_or(target),
    }
}

#[derive(Default)]
struct Fields(Map<String, Value>);

macro_rules! record {
    ($($method:ident($type:ty);)+) => {
        $(fn $method(&mut self, field: &Field, value: $type) {
            self.0.insert(field.name().to_owned(), json!(value));
        })+
    };
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    record! { record_str(&str); record_i64(i64); record_u64(u64); record_f64(f64); record_bool(bool); }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Memory {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    fn env(pairs: &[(&str, &str)]) -> Environment {
        Environment::from_pairs(pairs.iter().copied())
    }

    #[test]
    fn a_line_is_an_object_with_the_request_id() {
        let memory = Memory::default();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter(&env(&[])).unwrap())
            .with_writer(memory.clone())
            .fmt_fields(JsonFields::new())
            .event_format(JsonLine)
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let _span = tracing::error_span!("request", request_id = %"rid").entered();
            tracing::info!(target: "agnes::sync::trigger", rows = 3, lvl = "forged", "line\nbreak");
            tracing::debug!("too fine");
            tracing::info!(target: "hyper::proto", "noise");
        });
        let text = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
        let mut line: Map<String, Value> = serde_json::from_str(&text).unwrap();
        assert!(line.remove("ts").unwrap().as_str().unwrap().ends_with("+00:00"));
        assert_eq!(
            Value::Object(line),
            json!({"lvl": "INFO", "logger": "agnes::sync::trigger", "service": "sync", "msg": "line\nbreak",
                   "request_id": "rid", "rows": 3})
        );
    }

    #[test]
    fn levels_and_formats_are_checked() {
        for good in ["INFO", "warning", "Debug", "agnes=debug,info"] {
            assert!(filter(&env(&[("LOG_LEVEL", good)])).is_ok(), "{good}");
        }
        assert_eq!(
            filter(&env(&[("LOG_LEVEL", "LOUD")])).unwrap_err().to_string(),
            "LOG_LEVEL 'LOUD' is unknown; use ERROR, WARN, INFO, DEBUG, TRACE or a filter such as agnes=debug,info"
        );
        assert!(is_pretty(&env(&[("AGNES_LOG_FORMAT", "xml")])).is_err());
        assert!(is_pretty(&env(&[("DEBUG", "1")])).unwrap());
        assert!(!is_pretty(&env(&[("DEBUG", "1"), ("AGNES_LOG_FORMAT", "json")])).unwrap());
    }
}
