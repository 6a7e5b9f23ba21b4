use super::{Hash, element, signature_hash};

/// A certificate with this signature algorithm and nothing else that matters.
fn certificate(algorithm: &[u8]) -> Vec<u8> {
    let wrap = |content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[0x30, 0x82], length.as_slice(), content].concat()
    };
    let body = wrap(&[0x02, 0x01, 0x07]);
    let signature = [0x03, 0x02, 0x00, 0xff];
    wrap(&[body.as_slice(), &wrap(algorithm), &signature].concat())
}

#[test]
fn the_hash_of_the_signature_is_found() {
    let rsa_sha256 = [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0b, 5, 0];
    let rsa_sha1 = [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x05, 5, 0];
    let ecdsa_sha384 = [0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
    let ed25519 = [0x06, 3, 0x2b, 0x65, 0x70];
    assert_eq!(signature_hash(&certificate(&rsa_sha256)), Some(Hash::Sha256));
    assert_eq!(signature_hash(&certificate(&rsa_sha1)), Some(Hash::Sha256));
    assert_eq!(signature_hash(&certificate(&ecdsa_sha384)), Some(Hash::Sha384));
    assert_eq!(signature_hash(&certificate(&ed25519)), None);
}

#[test]
fn pss_names_its_hash_in_its_parameters() {
    let pss = |parameters: &[u8]| {
        let oid: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0a];
        certificate(&[oid, parameters].concat())
    };
    let sha512 = [0x30, 15, 0xa0, 13, 0x30, 11, 0x06, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 3, 4, 2, 3];
    assert_eq!(signature_hash(&pss(&sha512)), Some(Hash::Sha512));
    assert_eq!(signature_hash(&pss(&[0x30, 0])), Some(Hash::Sha256));
}

#[test]
fn broken_der_is_no_panic() {
    let whole = certificate(&[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0b, 5, 0]);
    for end in 0..whole.len() {
        assert_eq!(signature_hash(&whole[..end]), None);
    }
    assert_eq!(element(&[0x30, 0x85, 1, 1, 1, 1, 1], 0x30), None);
    assert_eq!(element(&[0x30, 0x80], 0x30), None);
}
