//! Many signatures checked together: one by one and all at once must agree.

use proptest::prelude::*;
use trustid_core::bls::{
    find_invalid, read_keys, read_signatures, sign_many, verify_batch, MinPkAugmented, MinPkBasic,
    MinPkPossession, MinSigAugmented, MinSigPossession, PublicKey, SecretKey, Signature, Suite,
};
use trustid_core::Error;

fn check<S: Suite>(signers: &[u8], words: &[u8], bad: &[bool], threads: usize) {
    let secrets: Vec<SecretKey<S>> = signers
        .iter()
        .map(|seed| SecretKey::derive(&[*seed; 32], None, &[]).expect("material"))
        .collect();
    let keys: Vec<PublicKey<S>> = secrets.iter().map(SecretKey::public_key).collect();
    let messages: Vec<Vec<u8>> = words.iter().map(|word| vec![*word]).collect();
    let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    let signatures: Vec<Signature<S>> = secrets
        .iter()
        .zip(&messages)
        .zip(bad)
        .map(|((secret, message), bad)| secret.sign(if *bad { b"something else" } else { message }))
        .collect();
    let one_by_one: Vec<usize> = (0..keys.len())
        .filter(|at| keys[*at].verify(&signatures[*at], messages[*at]).is_err())
        .collect();
    assert_eq!(
        Ok(one_by_one.clone()),
        find_invalid(&keys, &messages, &signatures, threads)
    );
    let expected = match one_by_one.first() {
        None => Ok(()),
        Some(index) => Err(Error::At {
            index: *index,
            error: Box::new(Error::SignatureInvalid),
        }),
    };
    assert_eq!(
        expected,
        verify_batch(&keys, &messages, &signatures, threads)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn all_at_once_agrees_with_one_by_one(
        rows in prop::collection::vec((0_u8..40, any::<u8>(), prop::bool::weighted(0.15)), 1..24),
        threads in 1_usize..4,
        shape in 0_u8..3,
    ) {
        // Few signers and few messages take other ways through the code.
        let signers: Vec<u8> = rows.iter().map(|row| if shape == 1 { row.0 % 3 } else { row.0 }).collect();
        let words: Vec<u8> = rows.iter().map(|row| if shape == 2 { row.1 % 3 } else { row.1 }).collect();
        let bad: Vec<bool> = rows.iter().map(|row| row.2).collect();
        check::<MinPkPossession>(&signers, &words, &bad, threads);
        check::<MinPkAugmented>(&signers, &words, &bad, threads);
        check::<MinSigPossession>(&signers, &words, &bad, threads);
        check::<MinSigAugmented>(&signers, &words, &bad, threads);
    }
}

#[test]
fn bulk_reading_and_signing_agree_with_single_calls() {
    type S = MinPkBasic;
    let secret = SecretKey::<S>::derive(&[9; 32], None, &[]).expect("material");
    let messages: Vec<Vec<u8>> = (0..20_u8).map(|number| vec![number; 40]).collect();
    let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    for threads in [1, 3] {
        let bytes = sign_many(&secret, &messages, threads).expect("signatures");
        let expected: Vec<Signature<S>> = messages
            .iter()
            .map(|message| secret.sign(message))
            .collect();
        assert_eq!(Ok(expected), read_signatures::<S>(&bytes, threads));
        let mut bad = bytes.clone();
        bad[96 * 7] &= 0x7f;
        bad[96 * 12] &= 0x7f;
        let error = Box::new(Error::PointEncoding {
            expected: 96,
            found: 96,
        });
        assert_eq!(
            Err(Error::At { index: 7, error }),
            read_signatures::<S>(&bad, threads)
        );
        let error = Box::new(Error::PointEncoding {
            expected: 96,
            found: 95,
        });
        assert_eq!(
            Err(Error::At { index: 19, error }),
            read_signatures::<S>(&bytes[1..], threads)
        );
    }
    let key = secret.public_key().to_bytes();
    assert_eq!(
        Ok(vec![secret.public_key(); 5]),
        read_keys::<S>(&key.repeat(5), 2)
    );
    assert_eq!(Ok(Vec::new()), read_keys::<S>(&[], 2));
    assert!(matches!(
        read_keys::<S>(&key, 0),
        Err(Error::LimitExceeded { .. })
    ));
    assert!(matches!(
        read_keys::<S>(&key, 1000),
        Err(Error::LimitExceeded { .. })
    ));
}
