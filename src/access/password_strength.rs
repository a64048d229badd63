//! Passwords that are too easy to guess: common ones, and ones made of what anybody knows about the person or the server.
//!
//! The estimate looks at the first 100 characters, which takes up to 0.1 seconds, so callers run it on a bounded pool.

use zxcvbn::zxcvbn;

/// Passwords that are found within so many guesses (as a power of ten) are refused.
const MIN_GUESSES_LOG10: f64 = 6.0;
/// Characters that a password needs besides context words.
const MIN_OTHER_CHARS: usize = 6;
/// Shorter words say nothing about a password that contains them.
const MIN_WORD_CHARS: usize = 3;
/// Words that stand for this program.
const OWN: [&str; 2] = ["agnes", "analyst"];

/// Words that anybody can connect with a person or a server.
#[derive(Clone, Debug)]
pub struct ContextWords(Vec<String>);

impl ContextWords {
    /// The words of these names and addresses, in lower case.
    pub fn of(texts: &[&str]) -> Self {
        let words = texts.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
        let mut words: Vec<String> = words.chain(OWN).map(str::to_lowercase).collect();
        words.retain(|word| word.chars().count() >= MIN_WORD_CHARS);
        // The longest first, so that a word within another one does not tear it apart.
        words.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        words.dedup();
        Self(words)
    }
}

/// Why a password is too easy to guess; `None` if it is not.
pub fn weakness(password: &str, context: &ContextWords) -> Option<&'static str> {
    let rest = context.0.iter().fold(password.to_lowercase(), |rest, word| rest.replace(word, ""));
    let is_context = rest.len() < password.to_lowercase().len() && rest.chars().count() < MIN_OTHER_CHARS;
    if is_context {
        return Some(
            "Password must not be made of your name, your address or the name of this server; use several words that \
             have nothing to do with them",
        );
    }
    let words: Vec<&str> = context.0.iter().map(String::as_str).collect();
    (zxcvbn(password, &words).guesses_log10() < MIN_GUESSES_LOG10).then_some(
        "Password is too easy to guess, because it is a common one or follows a common pattern; use several unrelated \
         words, 15 characters or more",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_and_names_are_refused() {
        let context = ContextWords::of(&["Ann Novak", "ann.novak@acme.com", "Acme Analytics"]);
        for common in ["password", "Password1234", "P@ssw0rd123", "qwertyuiop", "01234567", "aaaaaaaaaaaaaaaa"] {
            assert!(weakness(common, &context).is_some_and(|why| why.contains("common")), "{common}");
        }
        for known in ["agnes2026", "AnnNovak1", "Acme2026!", "acme-analytics", "ann.novak@acme.com", "novak-ANALYST"] {
            assert!(weakness(known, &context).is_some_and(|why| why.contains("your name")), "{known}");
        }
        for good in ["correct horse", "acme-kolibri-tenor", "3f9a1c0b5d7e2f48", "žluťoučký kůň", "tr0ub4dor&3"] {
            assert_eq!(weakness(good, &context), None, "{good}");
        }
        assert_eq!(weakness(&"long but fine, ".repeat(68), &context), None);
    }
}
