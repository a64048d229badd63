mod bootstrap;
mod jwt;
mod me;
mod personal_tokens;
mod token;
