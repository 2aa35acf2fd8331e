//! Rows of CSV files: with or without byte-order mark, any delimiter, rows of a wrong length told apart.

use std::fs::File;
use std::io::{self, Read};

use csv::{ByteRecord, Reader, ReaderBuilder};

/// Size of the reading buffer.
const BUFFER: usize = 256 * 1024;

pub(super) struct CsvReader {
    reader: Reader<File>,
    /// Place of each of the mapping's columns.
    places: Vec<usize>,
    width: usize,
}

impl CsvReader {
    pub(super) fn open(file: File, delimiter: u8, columns: &[String]) -> io::Result<Self> {
        let mut reader = reader(file, delimiter);
        let header = names(&mut reader)?;
        let place = |column: &String| {
            let missing = || io::Error::new(io::ErrorKind::InvalidData, format!("it has no column `{column}`"));
            header.iter().position(|name| name == column).ok_or_else(missing)
        };
        let places = columns.iter().map(place).collect::<io::Result<Vec<_>>>()?;
        Ok(Self { reader, places, width: header.len() })
    }

    pub(super) fn next(&mut self) -> io::Result<Option<ByteRecord>> {
        let mut record = ByteRecord::new();
        Ok(self.reader.read_byte_record(&mut record)?.then_some(record))
    }

    pub(super) fn values(&self, record: &ByteRecord) -> Result<Vec<Option<Box<str>>>, String> {
        if record.len() != self.width {
            return Err(format!("the row has {} fields, the header has {}", record.len(), self.width));
        }
        let value = |place: &usize| {
            let bytes = record.get(*place).unwrap_or_default();
            let text = std::str::from_utf8(bytes).map_err(|_| format!("field {} is not UTF-8 text", place + 1))?;
            Ok(super::present(text))
        };
        self.places.iter().map(value).collect()
    }
}

/// Names of the columns of a CSV file.
///
/// # Errors
/// Where it can't be read.
pub(crate) fn header_of(source: impl Read, delimiter: u8) -> io::Result<Vec<String>> {
    names(&mut reader(source, delimiter))
}

fn reader<R: Read>(source: R, delimiter: u8) -> Reader<R> {
    ReaderBuilder::new().delimiter(delimiter).flexible(true).buffer_capacity(BUFFER).from_reader(source)
}

fn names<R: Read>(reader: &mut Reader<R>) -> io::Result<Vec<String>> {
    let header = reader.byte_headers()?;
    Ok(header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_name() {
        let header = header_of(&b"\xEF\xBB\xBFCall;Unit ID \r\n1;2\r\n"[..], b';').unwrap();
        assert_eq!(header, ["Call", "Unit ID"]);
    }
}
