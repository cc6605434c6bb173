//! Laws of the signature schemes, in each suite, and agreement with blst's own interface.

use proptest::prelude::*;
use trustid_core::bls::{
    aggregate, fast_aggregate_verify, verify_aggregate, MinPkAugmented, MinPkBasic,
    MinPkPossession, MinSigAugmented, MinSigBasic, MinSigPossession, Possession, ProvenKey,
    PublicKey, SecretKey, Signature, Suite,
};
use trustid_core::Error;

fn secret<S: Suite>(seed: u8) -> SecretKey<S> {
    SecretKey::derive(&[seed; 32], None, &[]).expect("enough material")
}

fn flip(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[bit / 8] ^= 1 << (bit % 8);
    changed
}

fn check_single<S: Suite>(seed: u8, message: &[u8], bit: usize) {
    let key = secret::<S>(seed);
    let (public, signature) = (key.public_key(), key.sign(message));
    let key_bytes = public.to_bytes();
    let signature_bytes = signature.to_bytes();
    assert_eq!(Ok(public), PublicKey::from_bytes(key_bytes.as_ref()));
    assert_eq!(
        Ok(signature),
        Signature::from_bytes(signature_bytes.as_ref())
    );
    assert_eq!(Ok(()), public.verify(&signature, message));

    let changed = flip(key_bytes.as_ref(), bit % (8 * key_bytes.as_ref().len()));
    let other = PublicKey::<S>::from_bytes(&changed);
    assert!(other
        .and_then(|key| key.verify(&signature, message))
        .is_err());
    let changed = flip(
        signature_bytes.as_ref(),
        bit % (8 * signature_bytes.as_ref().len()),
    );
    let other = Signature::<S>::from_bytes(&changed);
    assert!(other
        .and_then(|signature| public.verify(&signature, message))
        .is_err());
}

fn check_aggregate<S: Suite>(signer: impl Fn(&SecretKey<S>) -> S::Signer, messages: &[Vec<u8>])
where
    S::Signer: Sync,
{
    let secrets: Vec<SecretKey<S>> = (0..).take(messages.len()).map(secret).collect();
    let parts: Vec<Signature<S>> = secrets
        .iter()
        .zip(messages)
        .map(|(key, message)| key.sign(message))
        .collect();
    let reversed: Vec<Signature<S>> = parts.iter().rev().copied().collect();
    let total = aggregate(&parts).expect("parts that do not cancel");
    assert_eq!(Ok(total), aggregate(&reversed));

    let signers: Vec<S::Signer> = secrets.iter().map(signer).collect();
    let mut slices: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    assert_eq!(Ok(()), verify_aggregate(&total, &signers, &slices, 1));
    assert_eq!(Ok(()), verify_aggregate(&total, &signers, &slices, 3));
    slices[0] = b"never signed by anybody";
    assert_eq!(
        Err(Error::AggregateInvalid),
        verify_aggregate(&total, &signers, &slices, 1)
    );
}

fn check_possession<S: Possession>(count: u8, message: &[u8]) {
    let secrets: Vec<SecretKey<S>> = (0..count).map(secret).collect();
    let parts: Vec<Signature<S>> = secrets.iter().map(|key| key.sign(message)).collect();
    let total = aggregate(&parts).expect("parts that do not cancel");
    let keys: Vec<ProvenKey<S>> = secrets
        .iter()
        .map(|key| ProvenKey::prove(key.public_key(), &key.prove_possession()).expect("own proof"))
        .collect();
    assert_eq!(Ok(()), fast_aggregate_verify(&total, &keys, message));
    let fewer = fast_aggregate_verify(&total, &keys[1..], message);
    assert!(matches!(
        fewer,
        Err(Error::AggregateInvalid | Error::AggregateEmpty)
    ));
    let mut twice = keys.clone();
    twice.push(keys[0]);
    assert_eq!(
        Err(Error::DuplicateSigner { index: keys.len() }),
        fast_aggregate_verify(&total, &twice, message)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn single_signatures(seed: u8, message: Vec<u8>, bit: usize) {
        check_single::<MinPkBasic>(seed, &message, bit);
        check_single::<MinPkAugmented>(seed, &message, bit);
        check_single::<MinPkPossession>(seed, &message, bit);
        check_single::<MinSigBasic>(seed, &message, bit);
        check_single::<MinSigAugmented>(seed, &message, bit);
        check_single::<MinSigPossession>(seed, &message, bit);
    }

    #[test]
    fn aggregates(messages in prop::collection::hash_set(any::<Vec<u8>>(), 1..6)) {
        let messages: Vec<Vec<u8>> = messages.into_iter().collect();
        check_aggregate::<MinPkBasic>(SecretKey::public_key, &messages);
        check_aggregate::<MinPkAugmented>(SecretKey::public_key, &messages);
        check_aggregate::<MinPkPossession>(SecretKey::proven_key, &messages);
        check_aggregate::<MinSigBasic>(SecretKey::public_key, &messages);
        check_aggregate::<MinSigAugmented>(SecretKey::public_key, &messages);
        check_aggregate::<MinSigPossession>(SecretKey::proven_key, &messages);
    }

    #[test]
    fn one_message(count in 1_u8..6, message: Vec<u8>) {
        check_possession::<MinPkPossession>(count, &message);
        check_possession::<MinSigPossession>(count, &message);
    }

    #[test]
    fn any_bytes_are_refused_or_read_back_the_same(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(key) = PublicKey::<MinPkBasic>::from_bytes(&bytes) {
            assert_eq!(bytes, key.to_bytes());
        }
        if let Ok(key) = PublicKey::<MinSigBasic>::from_bytes(&bytes) {
            assert_eq!(bytes, key.to_bytes());
        }
    }

    #[test]
    fn the_same_bytes_as_blst(material in prop::collection::vec(any::<u8>(), 32..64), message: Vec<u8>) {
        let ours = SecretKey::<MinPkPossession>::derive(&material, None, b"info").expect("material");
        let theirs = blst::min_pk::SecretKey::key_gen(&material, b"info").expect("material");
        assert_eq!(theirs.to_bytes().as_slice(), ours.to_bytes().as_slice());
        let tag = MinPkPossession::ID.as_bytes();
        assert_eq!(theirs.sign(&message, tag, &[]).to_bytes(), ours.sign(&message).to_bytes());
        assert_eq!(theirs.sk_to_pk().to_bytes(), ours.public_key().to_bytes());

        let ours = SecretKey::<MinSigAugmented>::derive(&material, None, b"").expect("material");
        let theirs = blst::min_sig::SecretKey::key_gen(&material, b"").expect("material");
        let (tag, key) = (MinSigAugmented::ID.as_bytes(), theirs.sk_to_pk().to_bytes());
        assert_eq!(theirs.sign(&message, tag, &key).to_bytes(), ours.sign(&message).to_bytes());
    }
}

#[test]
fn equal_messages_are_refused_in_the_basic_scheme_only() {
    let (ada, bob) = (secret::<MinPkBasic>(1), secret::<MinPkBasic>(2));
    let total = aggregate(&[ada.sign(b"red"), bob.sign(b"red")]).expect("two parts");
    let found = verify_aggregate(
        &total,
        &[ada.public_key(), bob.public_key()],
        &[b"red", b"red"],
        1,
    );
    assert_eq!(Err(Error::MessagesNotDistinct { index: 1 }), found);
}

#[test]
fn a_secret_key_shows_only_its_suite() {
    let text = format!("{:?}", secret::<MinSigBasic>(7));
    assert_eq!(format!("SecretKey({}, redacted)", MinSigBasic::ID), text);
}
