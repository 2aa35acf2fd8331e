//! Lines of JSON objects; a column is a dotted path into the object.

use std::fs::File;
use std::io::{self, BufRead, BufReader};

use serde_json::Value;

use super::Broken;

/// Size of the reading buffer.
const BUFFER: usize = 256 * 1024;

pub(super) struct JsonReader {
    reader: BufReader<File>,
    paths: Vec<Vec<String>>,
    line: u64,
}

impl JsonReader {
    pub(super) fn open(file: File, columns: &[String]) -> Self {
        let paths = columns.iter().map(|column| column.split('.').map(str::to_owned).collect()).collect();
        Self { reader: BufReader::with_capacity(BUFFER, file), paths, line: 0 }
    }

    /// The next line that is not empty, and which of the file's lines it is.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        loop {
            let mut line = Vec::new();
            if self.reader.read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            if self.line == 1 && line.starts_with(b"\xEF\xBB\xBF") {
                line.drain(..3);
            }
            line.truncate(line.trim_ascii_end().len());
            if !line.is_empty() {
                return Ok(Some((self.line, line)));
            }
        }
    }

    pub(super) fn values(&self, line: &[u8]) -> Result<Vec<Option<Box<str>>>, Broken> {
        let object: Value =
            serde_json::from_slice(line).map_err(|error| Broken::row(format!("the line is not JSON: {error}")))?;
        if !object.is_object() {
            return Err(Broken::row("the line is no JSON object".to_owned()));
        }
        Ok(self.paths.iter().map(|path| find(&object, path)).collect())
    }
}

fn find(object: &Value, path: &[String]) -> Option<Box<str>> {
    match path.iter().try_fold(object, |value, part| value.get(part))? {
        Value::Null => None,
        Value::String(text) => super::present(text),
        other => super::present(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_a_path_into_the_object() {
        let object = serde_json::json!({"id": 7, "first": true, "location": {"gps": " 59.3,18.0 "}, "none": null});
        let value = |path: &str| find(&object, &path.split('.').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(value("id").as_deref(), Some("7"));
        assert_eq!(value("first").as_deref(), Some("true"));
        assert_eq!(value("location.gps").as_deref(), Some("59.3,18.0"));
        assert_eq!(value("none"), None);
        assert_eq!(value("location.name"), None);
        assert_eq!(value("id.deeper"), None);
    }
}
