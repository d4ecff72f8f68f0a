//! The one binary: arguments in, one call, an exit code.

fn main() -> std::process::ExitCode {
    courtesy::cli::run()
}
