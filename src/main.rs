fn main() -> std::process::ExitCode {
    agnes::cli::run(std::env::args_os(), agnes::config::Environment::process())
}
