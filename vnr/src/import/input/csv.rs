//! Rows of CSV files: with or without byte-order mark, any delimiter, rows of a wrong length told apart.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;

use csv::{ByteRecord, Reader, ReaderBuilder};
use encoding_rs::{Encoding, UTF_8};

use super::Broken;

/// Size of the reading buffer.
const BUFFER: usize = 256 * 1024;

pub(super) struct CsvReader {
    reader: Reader<File>,
    /// The same file, to look into where a row begins.
    file: File,
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
        let mut reader = reader(file.try_clone()?, delimiter);
        let header = names(&mut reader, encoding)?;
        let place = |column: &String| {
            let missing = || io::Error::new(io::ErrorKind::InvalidData, format!("it has no column `{column}`"));
            header.iter().position(|name| name == column).ok_or_else(missing)
        };
        let places = columns.iter().map(place).collect::<io::Result<Vec<_>>>()?;
        Ok(Self { reader, file, encoding, header, places })
    }

    /// The next row, and the line of the file that it begins in.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, ByteRecord)>> {
        let mut record = ByteRecord::new();
        if !self.reader.read_byte_record(&mut record)? {
            return Ok(None);
        }
        let line = match record.position() {
            // Behind the row before: line ends that are left of it, and empty lines, come first.
            Some(position) => position.line() + line_ends(&self.file, position.byte())?,
            None => 0,
        };
        Ok(Some((line, record)))
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

/// How many line feeds stand at that place of the file before anything else does.
fn line_ends(file: &File, mut at: u64) -> io::Result<u64> {
    let (mut found, mut bytes) = (0, [0; 16]);
    loop {
        let read = file.read_at(&mut bytes, at)?;
        for byte in &bytes[..read] {
            match byte {
                b'\n' => found += 1,
                b'\r' => {}
                _ => return Ok(found),
            }
        }
        if read == 0 {
            return Ok(found);
        }
        at += read as u64;
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
    fn a_row_stands_in_the_line_that_it_begins_in_whatever_ends_the_lines() {
        let path = std::env::temp_dir().join(format!("vnr-lines-{}.csv", std::process::id()));
        for end in ["\n", "\r\n"] {
            let text = ["a,b", "1,\"x", "y\"", "2,z", "", "", "3,z", ""].join(end);
            std::fs::write(&path, text).unwrap();
            let columns = ["a".to_owned()];
            let mut reader = CsvReader::open(File::open(&path).unwrap(), (b',', UTF_8), &columns).unwrap();
            let mut lines = Vec::new();
            while let Some((line, _)) = reader.next().unwrap() {
                lines.push(line);
            }
            assert_eq!(lines, [2, 4, 7], "{end:?}");
        }
        std::fs::remove_file(&path).unwrap();
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
