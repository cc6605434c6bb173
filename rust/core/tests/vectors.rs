//! The published vectors, read from the files that the Python tests read.

mod support;

use support::{cases, unhex};
use trustid_core::bls::{
    aggregate, fast_aggregate_verify, verify_aggregate, MinPkBasic, MinPkPossession, ProvenKey,
    PublicKey, SecretKey, Signature,
};
use trustid_core::Error;

type Suite = MinPkPossession;

/// The secret keys behind the Ethereum vectors.
const SECRETS: [&str; 4] = [
    "263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3",
    "47b8192d77bf871b62e87859d653922725724a5c031afeabc60bcef5ff665138",
    "328388aff0d4a5b7dc9205abd374e7e98f3cd9f3418edb4eafda5fb16473d216",
    "0000000000000000000000000000000000000000000000000000000000000001",
];

/// A key of the vectors, with a proof made from its published secret.
fn proven(bytes: &[u8]) -> Result<ProvenKey<Suite>, Error> {
    let key = PublicKey::<Suite>::from_bytes(bytes)?;
    let secret = SECRETS
        .iter()
        .map(|text| SecretKey::<Suite>::from_bytes(&unhex(&(*text).into())).expect("a secret key"))
        .find(|secret| secret.public_key() == key)
        .expect("every key of the vectors has a published secret");
    ProvenKey::prove(key, &secret.prove_possession())
}

fn all<T>(
    list: &serde_json::Value,
    read: impl Fn(&[u8]) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let list = list.as_array().expect("a list");
    list.iter().map(|item| read(&unhex(item))).collect()
}

#[test]
fn sign() {
    for (name, case) in cases("bls/ethereum/sign") {
        let secret = SecretKey::<Suite>::from_bytes(&unhex(&case["input"]["privkey"]));
        if case["output"].is_null() {
            assert_eq!(Some(Error::SecretKeyRange), secret.err(), "{name}");
        } else {
            let found = secret.expect(&name).sign(&unhex(&case["input"]["message"]));
            assert_eq!(unhex(&case["output"]), found.to_bytes(), "{name}");
        }
    }
}

#[test]
fn verify() {
    for (name, case) in cases("bls/ethereum/verify") {
        let input = &case["input"];
        let found = PublicKey::<Suite>::from_bytes(&unhex(&input["pubkey"])).and_then(|key| {
            let signature = Signature::<Suite>::from_bytes(&unhex(&input["signature"]))?;
            key.verify(&signature, &unhex(&input["message"]))
        });
        assert_eq!(case["output"], found.is_ok(), "{name}");
    }
}

#[test]
fn aggregates() {
    for (name, case) in cases("bls/ethereum/aggregate") {
        let found =
            all(&case["input"], Signature::<Suite>::from_bytes).and_then(|parts| aggregate(&parts));
        if case["output"].is_null() {
            assert_eq!(Err(Error::AggregateEmpty), found, "{name}");
        } else {
            assert_eq!(
                unhex(&case["output"]),
                found.expect(&name).to_bytes(),
                "{name}"
            );
        }
    }
}

#[test]
fn aggregate_checks() {
    for (name, case) in cases("bls/ethereum/aggregate_verify") {
        let input = &case["input"];
        let messages: Vec<Vec<u8>> = input["messages"]
            .as_array()
            .expect("a list")
            .iter()
            .map(unhex)
            .collect();
        let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let found = all(&input["pubkeys"], proven).and_then(|keys| {
            let signature = Signature::<Suite>::from_bytes(&unhex(&input["signature"]))?;
            verify_aggregate(&signature, &keys, &messages, 1)
        });
        assert_eq!(case["output"], found.is_ok(), "{name}");
    }
    for (name, case) in cases("bls/ethereum/fast_aggregate_verify") {
        let input = &case["input"];
        let found = all(&input["pubkeys"], proven).and_then(|keys| {
            let signature = Signature::<Suite>::from_bytes(&unhex(&input["signature"]))?;
            fast_aggregate_verify(&signature, &keys, &unhex(&input["message"]))
        });
        assert_eq!(case["output"], found.is_ok(), "{name}");
    }
}

#[test]
fn deserialization() {
    for (name, case) in cases("bls/ethereum/deserialization_G1") {
        let found = PublicKey::<Suite>::from_bytes(&unhex(&case["input"]["pubkey"]));
        let refusal = found.expect_err(&name);
        assert_eq!(case["output"], refusal == Error::KeyIsIdentity, "{name}");
    }
    for (name, case) in cases("bls/ethereum/deserialization_G2") {
        let found = Signature::<Suite>::from_bytes(&unhex(&case["input"]["signature"]));
        let refusal = found.expect_err(&name);
        assert_eq!(
            case["output"],
            refusal == Error::SignatureIsIdentity,
            "{name}"
        );
    }
}

#[test]
fn wycheproof() {
    for (name, document) in cases("bls/wycheproof") {
        let mut run = 0;
        for group in document["testGroups"].as_array().expect("groups") {
            for case in group["tests"].as_array().expect("tests") {
                let (valid, message) = (case["result"] == "valid", unhex(&case["msg"]));
                let found = if let Some(tag) = group["dst"].as_str() {
                    let point = trustid_core::hash::hash_to_g2(&message, tag.as_bytes());
                    point.as_slice() == unhex(&case["expected"])
                } else {
                    PublicKey::<MinPkBasic>::from_bytes(&unhex(&group["publicKey"]["pk"]))
                        .and_then(|key| {
                            key.verify(&Signature::from_bytes(&unhex(&case["sig"]))?, &message)
                        })
                        .is_ok()
                };
                assert_eq!(valid, found, "{name} {}", case["tcId"]);
                run += 1;
            }
        }
        assert_eq!(document["numberOfTests"], run, "{name}");
    }
}
