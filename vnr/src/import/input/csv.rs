//! Rows of CSV files: with or without byte-order mark, any delimiter, rows of a wrong length told apart.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};

use csv::{ByteRecord, Reader, ReaderBuilder};
use encoding_rs::{Encoding, UTF_8};

use super::Broken;

/// Size of the reading buffer.
const BUFFER: usize = 256 * 1024;

pub(super) struct CsvReader {
    reader: Reader<File>,
    encoding: &'static Encoding,
    header: Vec<String>,
    /// Place of each of the mapping's columns.
    places: Vec<usize>,
}

impl CsvReader {
    pub(super) fn open(
        file: File,
        (delimiter, encoding): (u8, &'static Encoding),
        columns: &[String],
    ) -> io::Result<Self> {
        let mut reader = reader(file, delimiter);
        let header = names(&mut reader, encoding)?;
        let place = |column: &String| {
            let missing = || io::Error::new(io::ErrorKind::InvalidData, format!("it has no column `{column}`"));
            header.iter().position(|name| name == column).ok_or_else(missing)
        };
        let places = columns.iter().map(place).collect::<io::Result<Vec<_>>>()?;
        Ok(Self { reader, encoding, header, places })
    }

    /// The next row, and the line of the file that it begins in.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, ByteRecord)>> {
        let mut record = ByteRecord::new();
        let found = self.reader.read_byte_record(&mut record)?;
        let line = record.position().map_or(0, csv::Position::line);
        Ok(found.then_some((line, record)))
    }

    pub(super) fn values(&self, record: &ByteRecord) -> Result<Vec<Option<Box<str>>>, Broken> {
        let width = self.header.len();
        if record.len() != width {
            return Err(Broken::row(format!("the row has {} fields, the header has {width}", record.len())));
        }
        let value = |place: &usize| {
            let text = decoded(self.encoding, record.get(*place).unwrap_or_default());
            let text = text.ok_or_else(|| Broken {
                column: Some(self.header[*place].clone()),
                message: format!("field {} is not text in {}", place + 1, self.encoding.name()),
            })?;
            Ok(super::present(&text))
        };
        self.places.iter().map(value).collect()
    }
}

/// The letters that bytes stand for; none where one stands for none.
fn decoded<'t>(encoding: &'static Encoding, bytes: &'t [u8]) -> Option<Cow<'t, str>> {
    if encoding == UTF_8 {
        return std::str::from_utf8(bytes).ok().map(Cow::Borrowed);
    }
    encoding.decode_without_bom_handling_and_without_replacement(bytes)
}

/// Names of the columns of a CSV file.
///
/// # Errors
/// Where it can't be read.
pub(crate) fn header_of(source: impl Read, delimiter: u8, encoding: &'static Encoding) -> io::Result<Vec<String>> {
    names(&mut reader(source, delimiter), encoding)
}

fn reader<R: Read>(source: R, delimiter: u8) -> Reader<R> {
    ReaderBuilder::new().delimiter(delimiter).flexible(true).buffer_capacity(BUFFER).from_reader(source)
}

fn names<R: Read>(reader: &mut Reader<R>, encoding: &'static Encoding) -> io::Result<Vec<String>> {
    let header = reader.byte_headers()?;
    Ok(header.iter().map(|name| encoding.decode_without_bom_handling(name).0.trim().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_name() {
        let header = header_of(&b"\xEF\xBB\xBFCall;Unit ID \r\n1;2\r\n"[..], b';', UTF_8).unwrap();
        assert_eq!(header, ["Call", "Unit ID"]);
    }

    #[test]
    fn letters_are_read_as_the_mapping_says_that_they_are_written() {
        let baltic = encoding_rs::WINDOWS_1257;
        let (bytes, ..) = baltic.encode("Zādzība Ķekavā, šķūņa žogs");
        assert_eq!(decoded(baltic, &bytes).as_deref(), Some("Zādzība Ķekavā, šķūņa žogs"));
        assert_eq!(decoded(UTF_8, &bytes), None, "it is no UTF-8");
        assert_eq!(decoded(baltic, b"\xa1"), None, "a byte that no letter of it is written with");
        assert_eq!(header_of(&b"APRAKST\xce\r\n"[..], b';', baltic).unwrap(), ["APRAKSTĪ"]);
    }
}
