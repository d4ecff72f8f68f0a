//! The one binary: arguments in, one call, an exit code.

/// Every message on its way is thousands of short-lived pieces (a name, a header, an answer of DNS) made on one thread
/// and given back on another; this allocator is made for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    courtesy::cli::run()
}
