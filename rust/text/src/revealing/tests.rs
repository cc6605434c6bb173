use super::*;
use crate::base64url;
use crate::concealing::conceal;
use crate::json::writer::Writer;
use proptest::prelude::*;
use serde_json::{json, Value as Json};

const LIMITS: Limits = Limits {
    characters: 4000,
    depth: 8,
};

fn text(parts: &Json) -> String {
    let mut text = Vec::new();
    base64url::encode(parts.to_string().as_bytes(), &mut text);
    String::from_utf8(text).expect("ASCII")
}

fn digest(text: &str) -> String {
    String::from_utf8(disclosure::digests(text.as_bytes(), Hash::Sha256)).expect("ASCII")
}

fn claims(payload: &[u8], texts: &[u8]) -> Result<Json> {
    let mut claims = Writer::default();
    let presented = Presented::read(payload, 16, texts, LIMITS)?;
    presented.reveal(8, &mut claims)?;
    Ok(claims.finish())
}

fn shown(payload: &Json, texts: &[&str]) -> Result<Json> {
    claims(payload.to_string().as_bytes(), texts.join("~").as_bytes())
}

#[test]
fn disclosures_go_where_their_digests_stand() {
    let (name, element) = (
        text(&json!(["s", "name", "Ada"])),
        text(&json!(["s", "DE"])),
    );
    let outer = text(&json!(["s", "outer", {"_sd": [digest(&name)]}]));
    let payload = json!({
        "_sd": ["decoy", digest(&outer)], "_sd_alg": "sha-256",
        "list": ["FR", {"...": "hidden"}, {"...": digest(&element)}],
    });
    assert_eq!(
        shown(&payload, &[&name, &element, &outer]),
        Ok(json!({"list": ["FR", "DE"], "outer": {"name": "Ada"}}))
    );
    assert_eq!(shown(&payload, &[]), Ok(json!({"list": ["FR"]})));
    // The parent of the name is missing.
    assert_eq!(
        shown(&payload, &[&name]),
        Err(Error::DisclosureUnreferenced)
    );
    assert_eq!(
        shown(&payload, &[&outer, &outer]),
        Err(Error::DisclosureDuplicate)
    );

    let texts = [name.as_str(), &element, &outer].join("~");
    let read = Presented::read(payload.to_string().as_bytes(), 16, texts.as_bytes(), LIMITS);
    let read = read.expect("an SD-JWT");
    let places = read.reveal(8, &mut ()).expect("claims");
    let places: Vec<_> = places
        .iter()
        .map(|place| (place.container, place.disclosure))
        .collect();
    // The claims, the list, what is outside, by the order in which they begin.
    assert_eq!(places, [(1, 1), (0, 2), (2, 0)]);
    let mut whole = Writer::default();
    read.payload(&mut whole);
    assert_eq!(whole.finish(), payload);
}

#[test]
fn each_rule_broken_once() {
    let name = text(&json!(["s", "name", "Ada"]));
    let element = text(&json!(["s", "DE"]));
    let (of_name, of_element) = (digest(&name), digest(&element));
    assert!(shown(
        &json!({"_sd": [of_name], "l": [{"...": of_element}]}),
        &[&name, &element]
    )
    .is_ok());
    let malformed = |payload: Json| {
        let found = shown(&payload, &[&name, &element]);
        assert!(
            matches!(found, Err(Error::Disclosure { .. })),
            "{payload}: {found:?}"
        );
    };
    malformed(json!({"_sd": of_name}));
    malformed(json!({"_sd": [1]}));
    malformed(json!({"_sd": [of_element]}));
    malformed(json!({"l": [{"...": of_name}]}));
    malformed(json!({"l": [{"...": of_element, "more": 1}]}));
    malformed(json!({"l": [{"...": 1}]}));
    malformed(json!({"in": {"...": of_element}}));
    for payload in [
        json!({"_sd": [of_name, of_name]}),
        json!({"_sd": ["decoy", "decoy"]}),
        json!({"_sd": [of_name], "in": {"_sd": [of_name]}}),
    ] {
        assert_eq!(
            shown(&payload, &[&name]),
            Err(Error::DigestDuplicate),
            "{payload}"
        );
    }
    assert_eq!(
        shown(&json!({"_sd": [of_name], "name": 1}), &[&name]),
        Err(Error::NameCollision)
    );
    for reserved in ["_sd", "...", "_sd_alg"] {
        let bad = text(&json!(["s", reserved, 1]));
        assert_eq!(
            shown(&json!({"_sd": [digest(&bad)]}), &[&bad]),
            Err(Error::NameForbidden)
        );
    }
    for payload in [
        json!({"_sd_alg": "md5"}),
        json!({"_sd_alg": 1}),
        json!({"a": {"_sd_alg": "sha-256"}}),
    ] {
        let found = shown(&payload, &[]);
        assert!(
            matches!(found, Err(Error::HashNotAllowed { .. })),
            "{payload}"
        );
    }
    assert!(matches!(
        shown(&json!([]), &[]),
        Err(Error::Malformed { .. })
    ));
}

#[test]
fn names_and_digests_mean_their_characters() {
    let name = text(&json!(["s", "name", "Ada"]));
    let escaped = digest(&name)
        .replace('A', "\\u0041")
        .replace('e', "\\u0065");
    let payload = format!(r#"{{"\u005fsd":["{escaped}"]}}"#);
    assert_eq!(
        claims(payload.as_bytes(), name.as_bytes()),
        Ok(json!({"name": "Ada"}))
    );
    let payload = format!(r#"{{"\u005fsd":["{escaped}"],"n\u0061me":1}}"#);
    assert_eq!(
        claims(payload.as_bytes(), name.as_bytes()),
        Err(Error::NameCollision)
    );
}

#[test]
fn the_depth_is_limited() {
    let nested = |levels: usize| json!((1..levels).fold(json!({}), |inner, _| json!({"a": inner})));
    assert!(shown(&nested(9), &[]).is_ok());
    assert!(matches!(
        shown(&nested(10), &[]),
        Err(Error::Limit { limit: 8, .. })
    ));
    let mut chain = (Vec::new(), json!(1));
    for _ in 0..9 {
        let one = text(&json!(["s", "a", chain.1]));
        chain.1 = json!({"_sd": [digest(&one)]});
        chain.0.push(one);
    }
    let texts: Vec<_> = chain.0.iter().map(String::as_str).collect();
    assert!(shown(&chain.1, &texts).is_ok());
    let one = text(&json!(["s", "a", chain.1]));
    let texts = [&texts[..], &[&one]].concat();
    assert!(matches!(
        shown(&json!({"_sd": [digest(&one)]}), &texts),
        Err(Error::Limit { limit: 8, .. })
    ));
}

proptest! {
    #[test]
    fn what_is_concealed_comes_back(
        names in prop::collection::btree_set("[a-z_\u{e9}\"]{1,8}", 0..6),
        hidden in any::<u8>(),
        decoys in 0..3usize,
    ) {
        let mut given = serde_json::Map::new();
        let mut paths = vec![];
        for (number, name) in names.iter().enumerate().filter(|(_, name)| !is_reserved(name.as_bytes())) {
            given.insert(name.clone(), json!({"list": [number, {"deep": name}], "open": null}));
            if hidden >> number & 1 == 1 {
                paths.extend([json!([name]), json!([name, "list", null]), json!([name, "list", 1, "deep"])]);
            }
        }
        let given = Json::Object(given);
        let made = conceal(given.to_string().as_bytes(), json!(paths).to_string().as_bytes(), decoys, LIMITS, 99)
            .expect("claims");
        prop_assert_eq!(claims(&made.payload, &made.disclosures), Ok(given));
        let payload = String::from_utf8(made.payload).expect("UTF-8");
        prop_assert_eq!(payload.contains("_sd_alg"), !paths.is_empty());
    }
}
