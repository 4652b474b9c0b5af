//! UmaDB's own server, as its crate's program starts it: here so that both are built once, from the same crates.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    umadb::start_server_with_cli_options(umadb::parse_cli_options(std::env::args())?)
}
