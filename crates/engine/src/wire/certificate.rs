//! What must be known of a server's certificate beyond whether it is good.

mod common_name;
mod der;

use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use der::{CONTEXT_0, GENERALIZED_TIME, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, UTC_TIME, element};

pub(super) use common_name::is_of;

/// Hashes a certificate with the hash of its own signature, MD5 and SHA-1 raised to SHA-256.
pub(super) fn end_point_hash(certificate: &[u8]) -> Option<Vec<u8>> {
    Some(match signature_hash(certificate)? {
        Hash::Sha224 => Sha224::digest(certificate).to_vec(),
        Hash::Sha256 => Sha256::digest(certificate).to_vec(),
        Hash::Sha384 => Sha384::digest(certificate).to_vec(),
        Hash::Sha512 => Sha512::digest(certificate).to_vec(),
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// Reads which hash signed a certificate: `SEQUENCE { tbs, SEQUENCE { algorithm, parameters }, … }`.
fn signature_hash(certificate: &[u8]) -> Option<Hash> {
    const PKCS1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (_, rest) = element(certificate, SEQUENCE)?;
    let (algorithm, _) = element(rest, SEQUENCE)?;
    let (oid, parameters) = element(algorithm, OBJECT_IDENTIFIER)?;
    if let Some(kind) = oid.strip_prefix(PKCS1) {
        return match kind {
            [0x04 | 0x05 | 0x0b] => Some(Hash::Sha256),
            [0x0c] => Some(Hash::Sha384),
            [0x0d] => Some(Hash::Sha512),
            [0x0e] => Some(Hash::Sha224),
            [0x0a] => pss_hash(parameters),
            _ => None,
        };
    }
    match oid.strip_prefix(ECDSA)? {
        [0x01] | [0x03, 0x02] => Some(Hash::Sha256),
        [0x03, 0x01] => Some(Hash::Sha224),
        [0x03, 0x03] => Some(Hash::Sha384),
        [0x03, 0x04] => Some(Hash::Sha512),
        _ => None,
    }
}

/// RSASSA-PSS names its hash in its parameters: `SEQUENCE { [0] { SEQUENCE { hash } }, … }`;
/// SHA-1, which is raised, where it does not.
fn pss_hash(parameters: &[u8]) -> Option<Hash> {
    const SHA2: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
    let (parameters, _) = element(parameters, SEQUENCE)?;
    let Some((hash, _)) = element(parameters, CONTEXT_0) else { return Some(Hash::Sha256) };
    let (hash, _) = element(hash, SEQUENCE)?;
    let (oid, _) = element(hash, OBJECT_IDENTIFIER)?;
    match oid.strip_prefix(SHA2)? {
        [0x01] => Some(Hash::Sha256),
        [0x02] => Some(Hash::Sha384),
        [0x03] => Some(Hash::Sha512),
        [0x04] => Some(Hash::Sha224),
        _ => None,
    }
}

/// When a certificate ends, as `2031-04-26T10:56:53Z`.
///
/// `SEQUENCE { SEQUENCE { [0] version, serial, algorithm, issuer, SEQUENCE { from, until }, … } … }`
pub(super) fn expires(certificate: &[u8]) -> Option<String> {
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (body, _) = element(certificate, SEQUENCE)?;
    // Version 1 has no version.
    let rest = element(body, CONTEXT_0).map_or(body, |(_, rest)| rest);
    let (_, rest) = element(rest, INTEGER)?;
    let (_, rest) = element(rest, SEQUENCE)?;
    let (_, rest) = element(rest, SEQUENCE)?;
    let (validity, _) = element(rest, SEQUENCE)?;
    let (_, until) = time(validity)?;
    let ((year, digits), _) = time(until)?;
    let part = |at: usize| str::from_utf8(digits.get(at..at + 2)?).ok();
    let (month, day, hour, minute, second) = (part(0)?, part(2)?, part(4)?, part(6)?, part(8)?);
    Some(format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}

/// A year, and the digits of what is below it.
type Time<'a> = (String, &'a [u8]);

/// Reads a time: `YYMMDDHHMMSSZ`, of this century up to 49, or `YYYYMMDDHHMMSSZ`.
fn time(der: &[u8]) -> Option<(Time<'_>, &[u8])> {
    let (text, rest, year) = if let Some((text, rest)) = element(der, UTC_TIME) {
        let century = if text.first()? < &b'5' { "20" } else { "19" };
        let (year, text) = text.split_at_checked(2)?;
        (text, rest, format!("{century}{}", str::from_utf8(year).ok()?))
    } else {
        let (text, rest) = element(der, GENERALIZED_TIME)?;
        let (year, text) = text.split_at_checked(4)?;
        (text, rest, str::from_utf8(year).ok()?.to_owned())
    };
    Some(((year, text), rest))
}

#[cfg(test)]
mod tests;
