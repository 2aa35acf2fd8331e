//! The reject file: rows to be mended and fed again, and beside it the reasons.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::input::{At, Raw};
use super::mapping::FileFormat;
use super::reason::Reason;

/// A line of the reasons file.
#[derive(Debug, Serialize)]
struct Line<'a> {
    row: u64,
    line: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    group: &'a str,
    refused: bool,
    reasons: &'a [Reason],
}

/// How far both files were written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Lengths {
    /// Bytes of the reject file.
    pub rows: u64,
    /// Bytes of the reasons file.
    pub reasons: u64,
}

/// Writes refused rows. Its files are made with the first one.
pub(super) struct Rejects {
    path: PathBuf,
    format: FileFormat,
    header: Vec<String>,
    files: Option<Files>,
}

struct Files {
    rows: BufWriter<File>,
    reasons: BufWriter<File>,
}

impl Rejects {
    /// Begins a reject file. One that is there already is kept under another name.
    ///
    /// # Errors
    /// Where that can't be done.
    pub(super) fn begin(path: &Path, format: FileFormat, header: Vec<String>) -> io::Result<Self> {
        let rejects = Self { path: path.to_owned(), format, header, files: None };
        for file in [rejects.path.clone(), rejects.reasons_path()] {
            keep_aside(&file)?;
        }
        Ok(rejects)
    }

    /// Goes on with a reject file that was written up to `lengths`; what was written after that is dropped.
    ///
    /// # Errors
    /// Where the files are not there or shorter.
    pub(super) fn resume(path: &Path, format: FileFormat, header: Vec<String>, lengths: Lengths) -> io::Result<Self> {
        let mut rejects = Self { path: path.to_owned(), format, header, files: None };
        if lengths == Lengths::default() {
            rejects.remove()?;
            return Ok(rejects);
        }
        let open = |path: &Path, length: u64| {
            let mut file = OpenOptions::new().write(true).open(path)?;
            if file.metadata()?.len() < length {
                let message = format!("{} is shorter than the import had left it", path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            file.set_len(length)?;
            file.seek(SeekFrom::End(0))?;
            Ok(BufWriter::new(file))
        };
        let reasons = open(&rejects.reasons_path(), lengths.reasons)?;
        rejects.files = Some(Files { rows: open(path, lengths.rows)?, reasons });
        Ok(rejects)
    }

    /// Where the reasons are.
    #[must_use]
    pub(super) fn reasons_path(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".reasons.jsonl");
        PathBuf::from(name)
    }

    /// The reject file, where a row was written into it.
    #[must_use]
    pub(super) fn written(&self) -> Option<&Path> {
        self.files.is_some().then_some(self.path.as_path())
    }

    /// Writes a row. One without reasons is there for the sake of its group.
    ///
    /// # Errors
    /// Where it can't be written.
    pub(super) fn write(&mut self, at: At, group: &str, raw: &Raw, reasons: &[Reason]) -> io::Result<()> {
        let files = match &mut self.files {
            Some(files) => files,
            none => none.insert(Files {
                rows: begin_rows(&self.path, self.format, &self.header)?,
                reasons: BufWriter::new(File::create({
                    let mut name = self.path.as_os_str().to_owned();
                    name.push(".reasons.jsonl");
                    PathBuf::from(name)
                })?),
            }),
        };
        match raw {
            Raw::Line(line) => {
                files.rows.write_all(line)?;
                files.rows.write_all(b"\n")?;
            }
            Raw::Fields(record) => write_fields(&mut files.rows, self.format, record)?,
        }
        let At { row, line } = at;
        serde_json::to_writer(&mut files.reasons, &Line { row, line, group, refused: !reasons.is_empty(), reasons })?;
        files.reasons.write_all(b"\n")
    }

    /// Makes sure that what was written stays.
    ///
    /// # Errors
    /// Where it can't.
    pub(super) fn sync(&mut self) -> io::Result<Lengths> {
        let Some(Files { rows, reasons }) = &mut self.files else { return Ok(Lengths::default()) };
        let sync = |out: &mut BufWriter<File>| {
            out.flush()?;
            out.get_ref().sync_data()?;
            out.stream_position()
        };
        Ok(Lengths { rows: sync(rows)?, reasons: sync(reasons)? })
    }

    fn remove(&self) -> io::Result<()> {
        for path in [self.path.clone(), self.reasons_path()] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

fn begin_rows(path: &Path, format: FileFormat, header: &[String]) -> io::Result<BufWriter<File>> {
    let mut out = BufWriter::new(File::create(path)?);
    if let FileFormat::Csv { encoding, .. } = format {
        let header: csv::ByteRecord = header.iter().map(|name| encoding.encode(name).0).collect();
        write_fields(&mut out, format, &header)?;
    }
    Ok(out)
}

fn write_fields(out: &mut impl Write, format: FileFormat, record: &csv::ByteRecord) -> io::Result<()> {
    let delimiter = match format {
        FileFormat::Csv { delimiter, .. } => delimiter,
        FileFormat::JsonLines => b',',
    };
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(out);
    writer.write_byte_record(record)?;
    writer.flush()
}

/// Gives an old file another name, so that rows somebody is mending are not overwritten.
fn keep_aside(path: &Path) -> io::Result<()> {
    if !path.try_exists()? {
        return Ok(());
    }
    for number in 1.. {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        if !Path::new(&name).try_exists()? {
            return fs::rename(path, name);
        }
    }
    Ok(())
}
