use super::*;
use crate::disclosure;
use serde_json::{json, Value as Json};

const LIMITS: Limits = Limits {
    characters: 200,
    depth: 3,
};

fn concealed(claims: &Json, paths: &Json, decoys: usize) -> Result<(Json, Vec<Json>)> {
    let (claims, paths) = (claims.to_string(), paths.to_string());
    let made = conceal(claims.as_bytes(), paths.as_bytes(), decoys, LIMITS, 3)?;
    let read = disclosure::read(&made.disclosures, LIMITS).expect("disclosures");
    let parse = |text: &[u8]| serde_json::from_slice(text).expect("JSON");
    let Json::Array(disclosures) = parse(&read) else {
        panic!("an array");
    };
    Ok((parse(&made.payload), disclosures))
}

#[test]
fn what_is_made() {
    let claims = json!({"a": 1, "b": [2, 3], "c": {"d": 4}});
    assert_eq!(
        concealed(&claims, &json!([]), 9),
        Ok((claims.clone(), vec![]))
    );
    assert_eq!(
        concealed(&claims, &json!([["x"], ["b", 7]]), 9),
        Ok((claims.clone(), vec![]))
    );
    let paths = json!([["a"], ["b", null], ["c", "x"]]);
    let (payload, disclosures) = concealed(&claims, &paths, 2).expect("claims");
    assert_eq!(payload["_sd_alg"], "sha-256");
    assert_eq!(payload["c"], claims["c"]);
    let digests = payload["_sd"].as_array().expect("digests");
    assert_eq!(digests.len(), 3);
    assert!(digests.is_sorted_by_key(|digest| digest.as_str()));
    assert_eq!(payload["b"].as_array().map(Vec::len), Some(4));
    assert_eq!(disclosures.len(), 3);
    let salts: std::collections::HashSet<_> = disclosures
        .iter()
        .map(|one| one[0].as_str().map(str::len))
        .collect();
    assert_eq!(salts, [Some(24)].into());
}

#[test]
fn what_is_refused() {
    let attempt = |claims: Json, paths: Json| concealed(&claims, &paths, 0);
    let claims = json!({"a": {"b": 1}, "l": [1, 2, 3, 4]});
    assert!(attempt(claims.clone(), json!([["a", "b"]])).is_ok());
    for reserved in [
        json!({"_sd": 1}),
        json!({"a": [{"...": 1}]}),
        json!({"_sd_alg": 1}),
    ] {
        assert_eq!(attempt(reserved, json!([])), Err(Error::NameForbidden));
    }
    assert_eq!(
        attempt(claims.clone(), json!([["a", "_sd"]])),
        Err(Error::NotDisclosable)
    );
    for paths in [
        json!([["a", 0]]),
        json!([["l", "x"]]),
        json!([["a", "b", "c"]]),
        json!([[null]]),
    ] {
        let found = attempt(claims.clone(), paths);
        assert!(matches!(found, Err(Error::ClaimType { .. })), "{found:?}");
    }
    for paths in [
        json!({}),
        json!([[]]),
        json!(["a"]),
        json!([["l", -1]]),
        json!([["l", true]]),
    ] {
        let found = attempt(claims.clone(), paths);
        assert!(matches!(found, Err(Error::Malformed { .. })), "{found:?}");
    }
    assert!(matches!(
        attempt(json!([]), json!([])),
        Err(Error::Malformed { .. })
    ));
    let many = attempt(claims.clone(), json!([["l", null]]));
    assert!(matches!(many, Err(Error::Limit { limit: 3, .. })));
    let long = attempt(json!({"a": "x".repeat(200)}), json!([["a"]]));
    assert!(matches!(long, Err(Error::Limit { limit: 200, .. })));
    // Four levels are claims, but with the digest in it the disclosure of the outermost is one too deep.
    let deep = json!({"a": {"b": {"c": {"d": 1}}}});
    assert!(attempt(deep.clone(), json!([])).is_ok());
    assert!(matches!(
        attempt(deep, json!([["a"], ["a", "b", "c", "d"]])),
        Err(Error::Limit { limit: 3, .. })
    ));
}
