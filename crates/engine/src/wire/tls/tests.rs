use sha2::{Digest, Sha256};

use super::{certificate, supabase_roots};

#[test]
fn supabases_roots_are_the_two_that_it_publishes() {
    let roots = supabase_roots().unwrap();
    let fingerprints: Vec<String> =
        roots.iter().map(|root| format!("{:02X?}", Sha256::digest(root).as_slice())).collect();
    let published = [
        "80, 70, 25, AD, 50, D4, ED, 21, 9D, 2C, 9C, 7D, 29, 9C, 00, 4F, \
         82, 4E, B0, 0C, F7, F6, 5A, FE, F6, 07, D0, 7B, 72, E6, CA, FA",
        "5F, 9B, 77, 95, 1A, 7A, A1, 30, 3F, 9B, 58, EE, A9, BF, A8, 9E, \
         35, 8C, FD, C1, 5F, 97, 86, FF, 10, D4, 93, 0A, 72, 2C, 9A, E2",
    ];
    assert_eq!(fingerprints, published.map(|bytes| format!("[{bytes}]")));
    let ends: Vec<_> = roots.iter().map(|root| certificate::expires(root).unwrap()).collect();
    assert!(ends[0].starts_with("2031-04-26T") && ends[1].starts_with("2035-09-01T"), "{ends:?}");
}
