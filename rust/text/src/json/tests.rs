use super::*;
use proptest::prelude::*;

const DEPTH: usize = 4;

#[test]
fn what_json_is() {
    for text in [
        "0",
        "-0",
        "1.5e-3",
        "\"\"",
        "true",
        "false",
        "null",
        "[]",
        "{}",
        " [ 1 , 2 ] ",
        r#"{"a":{"a":1},"b":[{"a":2}]}"#,
        r#""\ud83d\ude00 \"\\\/\b\f\n\r\t\u0041""#,
        "1E4",
        "[[[[]]]]",
    ] {
        assert_eq!(check(text.as_bytes(), DEPTH), Ok(()), "{text}");
    }
}

#[test]
fn what_json_is_not() {
    for text in [
        "",
        " ",
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "--1",
        "nul",
        "truey",
        "NaN",
        "Infinity",
        "-Infinity",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "{\"a\":1,}",
        "\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\u12",
        "\"a\nb\"",
        "\u{feff}1",
        "1 1",
        "]",
        "[1",
        "1e999",
        "-1.0e999",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"\\ud800x\"",
        "{\"\\u0000\":1}",
    ] {
        let found = check(text.as_bytes(), DEPTH);
        assert!(
            matches!(found, Err(Error::Malformed { .. })),
            "{text}: {found:?}"
        );
    }
    assert!(check(b"\"\xff\"", DEPTH).is_err());
    assert!(check(b"\"\xed\xa0\x80\"", DEPTH).is_err());
}

#[test]
fn integers_have_a_moderate_length() {
    let digits = "1".repeat(DIGITS_MAX);
    assert_eq!(check(digits.as_bytes(), DEPTH), Ok(()));
    assert_eq!(check(format!("-{digits}").as_bytes(), DEPTH), Ok(()));
    for text in [format!("{digits}1"), format!("-{digits}1")] {
        assert!(matches!(
            check(text.as_bytes(), DEPTH),
            Err(Error::Malformed { .. })
        ));
    }
}

#[test]
fn what_is_handed_over() {
    let text = r#" {"a":[1,{"\u0061\"":null}],"b":{},"c":[[]],"d":"\ud83d\ude00"} "#;
    let mut found = writer::Writer::default();
    read(text.as_bytes(), DEPTH, &mut found).expect("JSON");
    let expected: serde_json::Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(found.finish(), expected);
    let mut scalar = writer::Writer::default();
    read(b" 1.5 ", DEPTH, &mut scalar).expect("JSON");
    assert_eq!(scalar.finish(), serde_json::json!(1.5));
}

#[test]
fn names_are_compared_as_what_they_mean() {
    for text in [
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"[{"x":{"a":1,"b":2,"a":3}}]"#,
        "{\"\u{1f600}\":1,\"\\ud83d\\ude00\":2}",
        r#"{"\n":1,"\u000a":2}"#,
        r#"{"":1,"":2}"#,
    ] {
        assert_eq!(
            check(text.as_bytes(), DEPTH),
            Err(Error::DuplicateKey),
            "{text}"
        );
    }
    assert_eq!(
        check(
            r#"{"a":1,"A":2,"\u0041\u0061":3,"\\u0061":4}"#.as_bytes(),
            DEPTH
        ),
        Ok(())
    );
    let mut many: Vec<String> = (0..40).map(|name| format!("\"{name}\":0")).collect();
    assert_eq!(
        check(format!("{{{}}}", many.join(",")).as_bytes(), DEPTH),
        Ok(())
    );
    many.push("\"7\":0".into());
    assert_eq!(
        check(format!("{{{}}}", many.join(",")).as_bytes(), DEPTH),
        Err(Error::DuplicateKey)
    );
}

#[test]
fn the_depth_is_limited() {
    assert_eq!(check(b"[{\"a\":[[]]}]", DEPTH), Ok(()));
    assert!(matches!(
        check(b"[{\"a\":[[[]]]}]", DEPTH),
        Err(Error::Limit { limit: DEPTH, .. })
    ));
    let deep = vec![b'['; 1 << 20];
    assert!(matches!(
        check(&deep, usize::MAX),
        Err(Error::Limit {
            limit: DEPTH_MAX,
            ..
        })
    ));
}

proptest! {
    /// What is accepted here is read by serde_json, and the other way round where it has no other rules.
    #[test]
    fn agrees_with_serde_json(text in r#"[\[\]{}",:0-9eE.\\utrfalsn a-c-]{0,24}"#) {
        let ours = check(text.as_bytes(), 64);
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        match ours {
            Ok(()) => prop_assert!(theirs.is_ok()),
            Err(Error::Malformed { .. }) => {
                prop_assert!(theirs.is_err() || text.contains("u0000"), "{text}");
            }
            Err(_) => {}
        }
    }

    #[test]
    fn any_value_is_accepted(names in prop::collection::btree_set(any::<String>(), 0..30)) {
        let object: serde_json::Map<String, serde_json::Value> = names
            .into_iter()
            .filter(|name| !name.contains('\0'))
            .map(|name| (name.clone(), name.into()))
            .collect();
        let text = serde_json::Value::from(object.clone()).to_string();
        prop_assert_eq!(check(text.as_bytes(), 2), Ok(()));
        let mut found = writer::Writer::default();
        prop_assert_eq!(read(text.as_bytes(), 2, &mut found), Ok(()));
        prop_assert_eq!(found.finish(), serde_json::Value::from(object));
    }
}
