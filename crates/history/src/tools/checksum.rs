//! The checksums of other tools, as far as their algorithms are known.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256, Sha384};

/// A file as its tool sees it.
#[derive(Clone, Copy, Debug)]
pub struct ToolFile<'a> {
    /// The version in its name.
    pub version: &'a str,
    /// What follows the version in its name.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// SHA-256 in hex.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-384 in hex.
pub(super) fn sha384(bytes: &[u8]) -> String {
    hex(&Sha384::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// Flyway's: CRC-32 over the lines without their ends, as a signed number.
pub(super) fn crc32_of_lines(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let mut crc = u32::MAX;
    for &byte in bytes.iter().filter(|byte| !matches!(byte, b'\n' | b'\r')) {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    (!crc).cast_signed().to_string()
}

/// refinery's: SipHash-1-3, with a key of zeros, over name, version and text as Rust hashes them.
pub(super) fn refinery(file: ToolFile<'_>) -> Option<String> {
    let version: i32 = file.version.parse().ok()?;
    let mut data = Vec::with_capacity(file.bytes.len() + file.name.len() + 6);
    data.extend_from_slice(file.name.as_bytes());
    data.push(0xff);
    data.extend_from_slice(&version.to_le_bytes());
    data.extend_from_slice(file.bytes);
    data.push(0xff);
    Some(siphash_1_3(&data).to_string())
}

/// SipHash with one round a word and three at the end (Aumasson and Bernstein, 2012).
fn siphash_1_3(data: &[u8]) -> u64 {
    let mut state: [u64; 4] = [
        0x736f_6d65_7073_6575,
        0x646f_7261_6e64_6f6d,
        0x6c79_6765_6e65_7261,
        0x7465_6462_7974_6573,
    ];
    let (words, rest) = data.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    // The length counts modulo 256.
    last[7] = data.len().to_le_bytes()[0];
    for word in words.iter().chain([&last]) {
        let word = u64::from_le_bytes(*word);
        state[3] ^= word;
        round(&mut state);
        state[0] ^= word;
    }
    state[2] ^= 0xff;
    for _ in 0..3 {
        round(&mut state);
    }
    state.iter().fold(0, |hash, part| hash ^ part)
}

fn round([a, b, c, d]: &mut [u64; 4]) {
    *a = a.wrapping_add(*b);
    *b = b.rotate_left(13) ^ *a;
    *a = a.rotate_left(32);
    *c = c.wrapping_add(*d);
    *d = d.rotate_left(16) ^ *c;
    *a = a.wrapping_add(*d);
    *d = d.rotate_left(21) ^ *a;
    *c = c.wrapping_add(*b);
    *b = b.rotate_left(17) ^ *c;
    *c = c.rotate_left(32);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flyways_checksum_counts_no_line_ends() {
        // python3 -c 'import zlib; print(zlib.crc32(b"select 1;select 2;") - 2**32)'
        for text in ["select 1;\nselect 2;\n", "\u{feff}select 1;\r\nselect 2;"] {
            assert_eq!(crc32_of_lines(text.as_bytes()), "-593479011");
        }
    }

    #[test]
    fn refinerys_checksum_is_what_refinery_wrote() {
        let file = ToolFile {
            version: "1",
            name: "create_users",
            bytes:
                b"create table users (\n    id integer primary key,\n    email text not null\n);\n",
        };
        assert_eq!(refinery(file).as_deref(), Some("11219029103719754131"));
    }

    #[test]
    fn sqlxs_checksum_is_what_sqlx_wrote() {
        let file = b"create table users (id integer primary key, email text not null);\n";
        assert!(sha384(file).starts_with("2cac34a12aee0464890a627174037dc9"));
    }

    #[test]
    fn prismas_checksum_is_what_prisma_wrote() {
        let file = b"create table users (id integer primary key, email text not null);\n";
        assert!(sha256(file).starts_with("68e95b6a41b1e5557376983d3a73021e"));
    }
}
