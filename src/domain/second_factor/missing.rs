/// What a sign-in lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A code of the authenticator app, or a recovery code.
    Code,
    /// The code was wrong, or it was used before.
    WrongCode,
    /// The account must have a second factor, and has none.
    Enrolment,
}

impl Missing {
    /// For programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Code => "second_factor_required",
            Self::WrongCode => "second_factor_wrong",
            Self::Enrolment => "second_factor_enrolment",
        }
    }

    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Self::Code => "Enter a code of your authenticator app, or a recovery code",
            Self::WrongCode => "The code is wrong, or it was used already; enter the next one",
            Self::Enrolment => "Your account needs a second factor; sign in on the web page to set it up",
        }
    }
}
