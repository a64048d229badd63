//! What stops the scheduler at its start.

use crate::program::Place;

#[test]
fn odd_settings_are_named() {
    for (variables, words) in [
        (vec![("API_URL", "server")], vec!["API_URL 'server'", "http://app:8000"]),
        (vec![("SCHEDULER_TICK_SECONDS", "-1")], vec!["SCHEDULER_TICK_SECONDS=-1 must be > 0 (seconds)"]),
        (vec![("SCHEDULER_TICK_SECONDS", "")], vec!["SCHEDULER_TICK_SECONDS='' must be a positive integer (seconds)"]),
        (vec![("SCHEDULER_CORPORATE_MEMORY_INTERVAL", "soon")], vec!["SCHEDULER_CORPORATE_MEMORY_INTERVAL='soon'"]),
        (vec![("SCHEDULER_TICK_SECONDS", "61")], vec!["SCHEDULER_TICK_SECONDS=61", "script-runner", "60 s"]),
        (vec![("SCHEDULER_JITTER_SECONDS", "x")], vec!["SCHEDULER_JITTER_SECONDS"]),
        (vec![("SCHEDULER_API_TOKEN", "short")], vec!["SCHEDULER_API_TOKEN has 5 characters", "openssl rand"]),
    ] {
        let ran = Place::new(&variables).run(&["schedule"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{variables:?}: {ran:?}");
        for word in words {
            assert!(ran.stderr.contains(word), "{word} is not in: {}", ran.stderr);
        }
    }
}
