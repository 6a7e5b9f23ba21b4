//! The host that a certificate names in its subject, as certificates did before they had
//! alternative names.
//!
//! webpki reads alternative names only. libpq takes the common name where there is no alternative
//! name of the host's kind, and certificates that people made for their own servers often have
//! nothing else.

use rustls::pki_types::ServerName;

use super::der::{CONTEXT_0, CONTEXT_3, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET};
use super::der::{all, any, element};

/// Whether a certificate has no alternative name of the host's kind, and its common name is the
/// host's.
pub(in crate::wire) fn is_of(certificate: &[u8], host: &ServerName<'_>) -> bool {
    let kind = match host {
        ServerName::IpAddress(_) => IP_ADDRESS,
        _ => DNS_NAME,
    };
    let Some(body) = Body::read(certificate) else { return false };
    !body.has_alternative_name(kind)
        && body.common_name().is_some_and(|name| matches(name, &host.to_str()))
}

/// The tags of alternative names.
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// What of a certificate names somebody.
struct Body<'a> {
    subject: &'a [u8],
    /// The list of extensions; empty without.
    extensions: &'a [u8],
}

impl<'a> Body<'a> {
    /// `SEQUENCE { SEQUENCE { [0] version, serial, algorithm, issuer, validity, subject, key, …,
    /// [3] extensions }, … }`.
    fn read(certificate: &'a [u8]) -> Option<Self> {
        let (certificate, _) = element(certificate, SEQUENCE)?;
        let (body, _) = element(certificate, SEQUENCE)?;
        let (_, rest) = element(body, CONTEXT_0).unwrap_or((&[], body));
        let (_, _serial, rest) = any(rest)?;
        let (_algorithm, rest) = element(rest, SEQUENCE)?;
        let (_issuer, rest) = element(rest, SEQUENCE)?;
        let (_validity, rest) = element(rest, SEQUENCE)?;
        let (subject, rest) = element(rest, SEQUENCE)?;
        let (_key, rest) = element(rest, SEQUENCE)?;
        let extensions = all(rest).find(|(tag, _)| *tag == CONTEXT_3);
        let extensions = match extensions {
            Some((_, content)) => element(content, SEQUENCE)?.0,
            None => &[],
        };
        Some(Self { subject, extensions })
    }

    /// `SEQUENCE { oid, [critical], OCTET STRING { SEQUENCE { names } } }` among the extensions.
    /// One that cannot be read counts as one that names somebody else.
    fn has_alternative_name(&self, kind: u8) -> bool {
        all(self.extensions).any(|(_, extension)| {
            let Some((oid, rest)) = element(extension, OBJECT_IDENTIFIER) else { return true };
            if oid != ALTERNATIVE_NAME {
                return false;
            }
            let value = all(rest).find(|(tag, _)| *tag == OCTET_STRING);
            let names = value.and_then(|(_, value)| element(value, SEQUENCE));
            names.is_none_or(|(names, _)| all(names).any(|(tag, _)| tag == kind))
        })
    }

    /// The first of `SET { SEQUENCE { oid, text } }` that is a common name.
    fn common_name(&self) -> Option<&'a str> {
        all(self.subject).find_map(|(tag, set)| {
            let (attribute, _) = element((tag == SET).then_some(set)?, SEQUENCE)?;
            let (oid, rest) = element(attribute, OBJECT_IDENTIFIER)?;
            let (_, text, _) = any(rest)?;
            (oid == COMMON_NAME).then_some(std::str::from_utf8(text).ok()?)
        })
    }
}

/// Whether a name is the host's; `*.` stands for one label, as in libpq.
fn matches(name: &str, host: &str) -> bool {
    if name.contains('\0') {
        return false;
    }
    if name.eq_ignore_ascii_case(host) {
        return true;
    }
    let Some(domain) = name.strip_prefix('*').filter(|domain| domain.len() > 1) else {
        return false;
    };
    domain.starts_with('.')
        && host.split_once('.').is_some_and(|(label, rest)| {
            !label.is_empty() && rest.eq_ignore_ascii_case(&domain[1..])
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_label() {
        assert!(matches("db.example", "DB.example"));
        assert!(matches("*.example", "db.example"));
        for (name, host) in [
            ("*.example", "a.db.example"),
            ("*.example", ".example"),
            ("*.example", "example"),
            ("*", "example"),
            ("*example", "dbexample"),
            ("db.example\0.evil", "db.example"),
            ("", "db"),
        ] {
            assert!(!matches(name, host), "{name} {host}");
        }
    }
}
