//! Which calls the demo takes.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use crate::cli::DemoArgs;
use crate::failure::Failure;
use crate::import;
use crate::sample;

/// Where real calls are, in the input folder.
const REAL: &str = "cad/sffd-2020-04-units.csv";

/// A file of calls and how its columns become commands.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) file: PathBuf,
    /// Text of the mapping.
    pub(super) mapping: String,
    /// For people.
    pub(super) description: String,
}

impl Source {
    /// The file that was named; else real calls where they are found; else the project's own sample, written into `folder`.
    pub(super) fn choose(args: &DemoArgs, input_dir: &Path, folder: &Path) -> Result<Self, Failure> {
        if let Some(file) = &args.data {
            let mapping = match &args.mapping {
                Some(mapping) => import::mapping_text(mapping)?,
                None => known_mapping(file)
                    .ok_or_else(|| {
                        let names =
                            import::OWN_MAPPINGS.iter().map(|(prefix, _)| format!("{prefix}…")).collect::<Vec<_>>();
                        Failure::Usage(format!(
                            "there is no mapping for {} (there are some for files named {}); give one with --mapping",
                            file.display(),
                            names.join(", ")
                        ))
                    })?
                    .to_owned(),
            };
            return Ok(Self { description: format!("{} (--data)", file.display()), file: file.clone(), mapping });
        }
        let real = input_dir.join(REAL);
        if real.is_file() {
            let mapping = known_mapping(&real).ok_or_else(|| anyhow!("the mapping of {REAL} is missing"))?;
            let description = format!("San Francisco Fire Department, April 2020 ({})", real.display());
            return Ok(Self { file: real, mapping: mapping.to_owned(), description });
        }
        let file = folder.join(sample::FILE);
        sample::write(&file)?;
        let description =
            format!("a sample of the project's own ({}); no real calls in {}", file.display(), input_dir.display());
        Ok(Self { mapping: sample::MAPPING.to_owned(), file, description })
    }
}

/// The project's own mapping for a file of this name.
fn known_mapping(file: &Path) -> Option<&'static str> {
    let name = file.file_name()?.to_str()?;
    import::OWN_MAPPINGS.iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, mapping)| *mapping)
}
