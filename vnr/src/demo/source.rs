//! Which calls the demo takes.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use crate::cli::DemoArgs;
use crate::failure::Failure;
use crate::import;

/// Where real calls are, in the input folder.
const REAL: &str = "cad/sffd-2020-04-units.csv";

/// What the demo takes its calls from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// A file of calls.
    File(File),
    /// Days of an invented nation.
    Nation,
}

/// A file of calls and how its columns become commands.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) path: PathBuf,
    /// Text of the mapping.
    pub(super) mapping: String,
    /// For people.
    description: String,
}

impl Source {
    /// The file that was named; else real calls where they are found; else an invented nation.
    pub(super) fn choose(args: &DemoArgs, input_dir: &Path) -> Result<Self, Failure> {
        if let Some(path) = &args.data {
            let mapping = match &args.mapping {
                Some(mapping) => import::mapping_text(mapping)?,
                None => known_mapping(path)
                    .ok_or_else(|| {
                        let names =
                            import::OWN_MAPPINGS.iter().map(|(prefix, _)| format!("{prefix}…")).collect::<Vec<_>>();
                        Failure::Usage(format!(
                            "there is no mapping for {} (there are some for files named {}); give one with --mapping",
                            path.display(),
                            names.join(", ")
                        ))
                    })?
                    .to_owned(),
            };
            let description = format!("{} (--data)", path.display());
            return Ok(Self::File(File { path: path.clone(), mapping, description }));
        }
        let path = input_dir.join(REAL);
        if !path.is_file() {
            return Ok(Self::Nation);
        }
        let mapping = known_mapping(&path).ok_or_else(|| anyhow!("the mapping of {REAL} is missing"))?.to_owned();
        let description = format!("San Francisco Fire Department, April 2020 ({})", path.display());
        Ok(Self::File(File { path, mapping, description }))
    }

    /// For people.
    pub(super) fn description(&self, input_dir: &Path) -> String {
        match self {
            Self::File(file) => file.description.clone(),
            Self::Nation => {
                format!(
                    "three days of a small invented nation (vnr generate); no real calls in {}",
                    input_dir.display()
                )
            }
        }
    }
}

/// The project's own mapping for a file of this name.
fn known_mapping(file: &Path) -> Option<&'static str> {
    let name = file.file_name()?.to_str()?;
    import::OWN_MAPPINGS.iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, mapping)| *mapping)
}
