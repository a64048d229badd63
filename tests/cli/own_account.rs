//! What people do with their own account, against a real server.

use crate::program::{Place, Ran, Serving, finish};

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "a long password 7";
const NEW: &str = "four unrelated words 8";

fn at(place: &Place, server: &Serving, args: &[&str], input: &str) -> Ran {
    finish(place.command(args).env("AGNES_SERVER", &server.url), input)
}

fn serve(place: &Place) -> Serving {
    let server = place.serve(&[]);
    let login = at(place, &server, &["auth", "login", "--email", EMAIL, "--password-stdin"], PASSWORD);
    assert_eq!(login.code, 0, "{}", login.stderr);
    server
}

#[test]
fn the_stored_session_survives_a_change_of_the_password() {
    let place = Place::new(&[("SEED_ADMIN_EMAIL", EMAIL), ("SEED_ADMIN_PASSWORD", PASSWORD)]);
    let server = serve(&place);
    let change = |input: &str| at(&place, &server, &["auth", "password", "--password-stdin"], input);
    for (input, reason) in [
        ("wrong words 9\nfour unrelated words 8", "Current password is wrong"),
        ("a long password 7\npassword", "too easy to guess"),
        ("a long password 7\nann", "at least 8 characters"),
        ("a long password 7", "two lines"),
    ] {
        let ran = change(input);
        assert!(ran.code != 0 && ran.stderr.contains(reason), "{input}: {}", ran.stderr);
    }
    let other = finish(
        place
            .command(&["auth", "login", "--email", EMAIL, "--password-stdin"])
            .env("AGNES_SERVER", &server.url)
            .env("AGNES_CONFIG_DIR", place.data_dir().join("other")),
        PASSWORD,
    );
    assert_eq!(other.code, 0, "{}", other.stderr);
    let listed = at(&place, &server, &["auth", "sessions", "list"], "");
    assert_eq!(listed.stdout.matches("agnes-cli/").count(), 2, "{}", listed.stdout);
    assert_eq!(listed.stdout.matches("(this one)").count(), 1, "{}", listed.stdout);
    let changed = change(&format!("{PASSWORD}\n{NEW}\n"));
    assert_eq!(changed.code, 0, "{}", changed.stderr);
    assert_eq!(at(&place, &server, &["auth", "whoami"], "").code, 0);
    let listed = at(&place, &server, &["auth", "sessions", "list"], "");
    assert_eq!(listed.stdout.matches("agnes-cli/").count(), 1, "{}", listed.stdout);
    let again = at(&place, &server, &["auth", "login", "--email", EMAIL, "--password-stdin"], NEW);
    assert_eq!(again.code, 0, "{}", again.stderr);
    let ended = at(&place, &server, &["auth", "sessions", "end-others"], "");
    assert_eq!(ended.stdout.trim(), "Sessions ended: 1", "{}", ended.stderr);
}

/// The code is asked for only if it is needed; here it is given.
#[test]
fn signing_in_with_a_second_factor() {
    let seed =
        [("SEED_ADMIN_EMAIL", EMAIL), ("SEED_ADMIN_PASSWORD", PASSWORD), ("AGNES_REQUIRE_SECOND_FACTOR", "admins")];
    let place = Place::new(&seed);
    let server = place.serve(&[]);
    let login = ["auth", "login", "--email", EMAIL, "--password-stdin"];
    let refused = at(&place, &server, &login, PASSWORD);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("sign in on the web page to set it up"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("Google"), "{}", refused.stderr);
}
