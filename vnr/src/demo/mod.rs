//! `vnr demo`.

use crate::cli::DemoArgs;
use crate::failure::Failure;
use crate::settings::Settings;

pub(crate) async fn run(_settings: Settings, _args: DemoArgs) -> Result<(), Failure> {
    Ok(())
}
