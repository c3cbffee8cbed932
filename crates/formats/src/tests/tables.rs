//! Tables: known exports, separators and encodings, scales, what a row is recognised by.

use std::collections::BTreeSet;

use base::Severity::{Critical, High, Informational, Low, Medium};
use proptest::prelude::*;

use super::*;

/// A table read with a caller's options: the tools, the findings, the skipped rows.
fn table(text: impl AsRef<[u8]>, options: &Options) -> Result<(String, Whole), String> {
    let mut file = Cursor::new(text.as_ref());
    let format = recognise(&mut file, options).map_err(|error| error.to_string())?;
    assert_eq!(format.name, "csv");
    let report = format
        .survey(&mut file, options)
        .map_err(|error| error.to_string())?;
    let (mut found, mut skipped) = (Vec::new(), Vec::new());
    let mut each = |place: &dyn Display, outcome| {
        match outcome {
            Outcome::Found(_, finding) => found.push(*finding),
            Outcome::Skipped(skip) => skipped.push((place.to_string(), skip.reason)),
        }
        true
    };
    report
        .each(&mut file, "", &mut each)
        .map_err(|error| error.to_string())?;
    let [coverage] = report.coverage() else {
        panic!("{:?}", report.coverage());
    };
    let complete = coverage.not_whole.is_empty();
    Ok((
        coverage.tool.clone(),
        Whole {
            complete,
            found,
            skipped,
        },
    ))
}

fn plain(text: impl AsRef<[u8]>) -> Whole {
    table(text, &Options::default()).unwrap().1
}

fn refused(text: impl AsRef<[u8]>, columns: &str) -> String {
    let options = Options {
        columns: columns.to_owned(),
        ..Options::default()
    };
    table(text, &options).map(|_| ()).unwrap_err()
}

fn with(columns: &str) -> Options {
    Options {
        columns: columns.to_owned(),
        ..Options::default()
    }
}

fn case(name: &str) -> Vec<u8> {
    sample(&format!("cases/{name}"))
}

fn distinct(found: &[Found]) -> usize {
    let all: BTreeSet<_> = found
        .iter()
        .map(|found| (found.identity.group, found.identity.keys))
        .collect();
    all.len()
}

// promise: M6
#[test]
fn a_nessus_table_keeps_ports_and_every_cve() {
    let (tool, whole) = table(case("31-nessus-csv/nessus.csv"), &Options::default()).unwrap();
    assert_eq!(tool, "Nessus");
    assert!(whole.complete && whole.skipped.is_empty());
    let places: Vec<_> = whole
        .found
        .iter()
        .map(|found| found.location().unwrap())
        .collect();
    assert_eq!(
        places,
        [
            "192.0.2.7:443/tcp",
            "192.0.2.7:8443/tcp",
            "192.0.2.7:445/tcp",
            "192.0.2.7:445/tcp",
            "192.0.2.7"
        ]
    );
    let severities: Vec<_> = whole.found.iter().map(|found| found.severity).collect();
    assert_eq!(severities, [Medium, Medium, Critical, Critical, Informational]);
    assert_eq!(whole.found[2].details.identifiers, ["CVE-2017-0143"]);
    assert_eq!(whole.found[3].details.identifiers, ["CVE-2017-0144"]);
    assert_eq!(distinct(&whole.found), 5);
    let cvss = whole.found[0].details.cvss.clone().unwrap();
    assert_eq!(cvss.score, Some(6.4));
}

// promise: P7
#[test]
fn a_qualys_table_has_its_own_scale() {
    let (tool, whole) = table(case("46-severity-1-to-5/qualys.csv"), &Options::default()).unwrap();
    assert_eq!(tool, "Qualys");
    let all: Vec<_> = whole
        .found
        .iter()
        .map(|found| (found.severity, found.location().unwrap()))
        .collect();
    assert_eq!(
        all,
        [
            (Low, "192.0.2.5:443"),
            (Critical, "192.0.2.5:445"),
            (High, "192.0.2.5"),
            (Informational, "192.0.2.5")
        ]
    );
    // Lines about the scan report surround its table.
    let above = "Vulnerability scan report\nAcme,\"1 Road\",x\n\nIP,QID,Title,Severity,Port,Protocol,CVE ID,CVSS Base\n\
                 192.0.2.5,1,T,3,22,tcp,\"CVE-2024-1,CVE-2024-2\",7.5 (AV:N/AC:L/Au:N/C:P/I:P/A:P)\nCONFIDENTIAL\n";
    let (tool, whole) = table(above, &Options::default()).unwrap();
    assert_eq!((whole.complete, whole.skipped.len()), (true, 1));
    let found = &whole.found[0];
    assert_eq!(
        (tool.as_str(), found.severity, found.location()),
        ("Qualys", Medium, Some("192.0.2.5:22/tcp"))
    );
    assert_eq!(found.details.identifiers, ["CVE-2024-1", "CVE-2024-2"]);
    let cvss = found.details.cvss.clone().unwrap();
    assert_eq!(
        (cvss.score, cvss.vector.as_str()),
        (Some(7.5), "AV:N/AC:L/Au:N/C:P/I:P/A:P")
    );
}

#[test]
fn other_exports_are_read_by_their_header() {
    let tenable = "Plugin ID,CVE,CVSS,Risk,Host,Protocol,Port,Name,Asset UUID,Severity,Vulnerability State\n\
                   1,CVE-2024-1,9.8,High,a.example,tcp,443,TLS,u,3,Active\n1,,,Medium,a.example,tcp,25,TLS,u,2,Fixed\n";
    let (tool, whole) = table(tenable, &Options::default()).unwrap();
    assert_eq!(
        (tool.as_str(), whole.found[0].severity, whole.found.len()),
        ("Tenable", High, 1)
    );
    assert!(whole.complete && whole.skipped[0].1.contains("fixed"));
    let openvas = "IP,Hostname,Port,Port Protocol,CVSS,Severity,NVT Name,Summary,Specific Result,NVT OID,CVEs,Timestamp\n\
                   192.0.2.1,h,443,tcp,7.5,High,Old TLS,s,r,1.2.3,\"CVE-2024-1,CVE-2024-2\",2021-04-20T10:36:35Z\n\
                   192.0.2.2,,443,tcp,0.0,Log,Old TLS,s,r,1.2.3,,\n";
    let (tool, whole) = table(openvas, &Options::default()).unwrap();
    assert_eq!(tool, "OpenVAS");
    assert_eq!(
        (whole.found[0].title.as_str(), whole.found[0].severity),
        ("Old TLS", High)
    );
    assert_eq!(whole.found[0].location(), Some("192.0.2.1:443/tcp"));
    assert_eq!(whole.found[0].details.identifiers.len(), 2);
    assert!(whole.found[0].details.found_at.is_some());
    assert_eq!(whole.found[1].severity, Informational);
    let testssl = "\"id\",\"fqdn/ip\",\"port\",\"severity\",\"finding\",\"cve\",\"cwe\"\n\
                   \"BREACH\",\"a.example/192.0.2.1\",\"443\",\"MEDIUM\",\"potentially VULNERABLE\",\"CVE-2013-3587\",\"CWE-310\"\n\
                   \"BREACH\",\"a.example/192.0.2.2\",\"443\",\"MEDIUM\",\"potentially VULNERABLE\",\"CVE-2013-3587\",\"CWE-310\"\n\
                   \"ticket\",\"a.example/192.0.2.1\",\"443\",\"OK\",\"none\",\"\",\"\"\n";
    let (tool, whole) = table(testssl, &Options::default()).unwrap();
    assert_eq!(
        (tool.as_str(), whole.found.len(), whole.complete),
        ("testssl", 2, true)
    );
    assert_eq!(whole.found[0].title, "BREACH: potentially VULNERABLE");
    assert_eq!(
        (whole.found[1].location(), whole.found[1].cwe()),
        (Some("a.example/192.0.2.2:443"), Some("CWE-310"))
    );
    assert_eq!(distinct(&whole.found), 2);
    let untested = testssl.replace("\"OK\"", "\"WARN\"");
    assert!(!plain(untested).complete);
}

// promise: P3
// promise: P8
#[test]
fn an_unreadable_row_makes_the_table_incomplete() {
    let first = plain(case("06-unreadable-row-closes/1.csv"));
    assert!(first.complete && first.found.len() == 3);
    let second = plain(case("06-unreadable-row-closes/2.csv"));
    assert!(!second.complete);
    assert_eq!(second.found.len(), 1);
    assert_eq!(second.found[0].identity, first.found[2].identity);
    assert_eq!(second.skipped[0].0, "line 2");
    assert!(second.skipped[0].1.contains("`Severe`"), "{:?}", second.skipped);
    assert_eq!(
        second.skipped[1],
        (
            "line 3".to_owned(),
            "the row has 4 cells, the header 3".to_owned()
        )
    );
    // An empty row, and empty cells after the last column, are not a fault.
    let blank = plain("title,severity\nA,high,\n,\n,,\n");
    assert_eq!(
        (blank.complete, blank.found.len(), blank.skipped.len()),
        (true, 1, 2)
    );
}

// promise: P7
#[test]
fn an_unstated_scale_is_rejected_with_its_column() {
    for text in ["Name,Risk\nA,5\nB,1\n", "Name,Risk\nA,0\n", "Name;Risk\nA;3\n;\n"] {
        let what = refused(text, "");
        assert!(
            what.contains("the column `Risk`") && what.contains("columns=severity:Risk,critical:5"),
            "{what}"
        );
        assert!(refused(text, "severity:Risk,title:Name").contains("`Risk`"));
    }
    let mapped = with("severity:Risk,critical:5,high:4,low:1");
    let (_, whole) = table("Name,Risk\nA,5\nB,1\nC,2\n", &mapped).unwrap();
    let all: Vec<_> = whole.found.iter().map(|found| found.severity).collect();
    assert_eq!(
        (all, whole.skipped.len(), whole.complete),
        (vec![Critical, Low], 1, false)
    );
    let (_, whole) = table("Name,Risk\nA,5\nB,1\n", &with("cvss:Risk")).unwrap();
    assert_eq!(whole.found[0].severity, Medium);
    // Numbers are scores if one has a fraction; a number among words is not.
    assert_eq!(plain("title,severity\nA,5\nB,9.8\n").found[0].severity, Medium);
    assert_eq!(plain("title,severity\nA,5\nB,10\n").found[0].severity, Medium);
    let words = plain("title,severity\nA,5\nB,high\n");
    assert_eq!((words.found.len(), words.complete), (1, false));
    assert!(words.skipped[0].1.contains("`5`"));
    assert_eq!(plain("title,severity\nA,Important\n").found[0].severity, High);
    assert_eq!(plain("title,cvss\nA,9.1\n").found[0].severity, Critical);
    for score in ["NaN", "inf", "-1", "11", "high"] {
        let reason = format!("the CVSS score `{score}` is not a number from 0 to 10");
        let whole = plain(format!("title,cvss\nA,{score}\nB,4.0\n"));
        assert_eq!((whole.found.len(), &whole.skipped[0].1), (1, &reason));
    }
}

#[test]
fn a_caller_maps_the_columns() {
    let text = "Befund,Risiko,Ort\nSQL,Hoch,src/a.py:3\n";
    assert!(refused(text, "").contains("no column `title`"));
    let (_, whole) = table(text, &with("title:Befund,severity:Risiko,location:Ort,high:Hoch")).unwrap();
    let found = &whole.found[0];
    assert_eq!(
        (found.title.as_str(), found.severity, found.location()),
        ("SQL", High, Some("src/a.py:3"))
    );
    for (columns, named) in [
        ("colour:Befund", "`colour`"),
        ("title:Nichts", "`nichts`"),
        ("title", "`title`"),
        ("title:", "`title:`"),
    ] {
        let what = refused(text, columns);
        assert!(what.contains(named), "{columns}: {what}");
    }
    // Quoted if the name has a comma; another column than the one with that name.
    let (_, whole) = table(
        "title,\"Name, long\",severity\nx,y,low\n",
        &with("\"title:Name, long\""),
    )
    .unwrap();
    assert_eq!(whole.found[0].title, "y");
}

// promise: M6
#[test]
fn rows_are_one_only_if_all_their_cells_are_equal() {
    let whole = plain(
        "title,severity,host,port,owner\nA,high,h,80,x\nA,high,h,443,x\nA,high,h,443,x\nA,high,h,443,y\n",
    );
    let wholes: BTreeSet<_> = whole.found.iter().map(|found| found.identity.whole).collect();
    assert_eq!(wholes.len(), 3);
    let cve =
        plain("id,title,severity,host\nCVE-2024-1,A,high,a\nCVE-2024-1,A,high,b\nCVE-2024-1,A,high,c\n");
    assert_eq!(distinct(&cve.found), 3);
    assert_eq!(cve.found[0].details.identifiers, ["CVE-2024-1"]);
    // Other columns of a known export are compared, too, although they are not shown.
    let qualys = plain("IP,QID,Title,Severity,Instance\n192.0.2.1,1,T,3,a\n192.0.2.1,1,T,3,b\n");
    assert_ne!(qualys.found[0].identity.whole, qualys.found[1].identity.whole);
}

// promise: M1
// promise: M2
#[test]
fn order_lines_and_counted_ids_identify_nothing() {
    let rows = [
        "A,high,src/a.py:3,d1",
        "B,low,src/b.py:9,d2",
        "C,low,https://x.example/a,d3",
    ];
    let print = |found: &Found| (found.identity.group, found.identity.keys, found.identity.message);
    let all = |text: String| -> BTreeSet<_> { plain(text).found.iter().map(print).collect() };
    let head = "title,severity,location,description\n";
    let first = all(format!("{head}{}\n", rows.join("\n")));
    let back: Vec<_> = rows.iter().rev().copied().collect();
    assert_eq!(first, all(format!("{head}{}\n", back.join("\n"))));
    let moved = rows.join("\n").replace(":3", ":30").replace(":9", ":90");
    assert_eq!(first, all(format!("{head}{moved}\n")));
    assert_ne!(
        first,
        all(format!("{head}{}\n", rows.join("\n").replace("d1", "dx")))
    );
    // The ids of one sheet are its row numbers: a row at the top shifts them all.
    let one = all("id,title,severity\n1,A,high\n2,B,low\n".to_owned());
    let two = all("id,title,severity\n1,New,high\n2,A,high\n3,B,low\n".to_owned());
    assert!(one.is_subset(&two));
    let named = plain("fingerprint,title,severity,host\nT-1,A,high,a\n").found;
    let later = plain("fingerprint,title,severity,host\nT-1,A new title,high,b\n").found;
    assert_eq!(
        (named[0].identity.group, named[0].identity.keys),
        (later[0].identity.group, later[0].identity.keys)
    );
    assert_ne!(named[0].identity.message, later[0].identity.message);
}

#[test]
fn separators_and_encodings_are_those_of_spreadsheets() {
    let text = "Title;Severity;Note\nGröße;hoch;“x”\n";
    let mapped = with("high:hoch");
    let wide: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut western = Options {
        encoding: "windows-1252".to_owned(),
        ..mapped.clone()
    };
    let latin = b"Title;Severity;Note\nGr\xf6\xdfe;hoch;\x93x\x94\n";
    let marked = format!("sep=;\r\n{text}");
    let expected = table(text, &mapped).unwrap().1.found;
    assert_eq!(expected[0].title, "Größe");
    assert!(expected[0].description.contains("Note: “x”"));
    assert_eq!(table(&wide, &mapped).unwrap().1.found, expected);
    assert_eq!(table(&marked, &mapped).unwrap().1.found, expected);
    assert_eq!(table(latin, &western).unwrap().1.found, expected);
    let what = table(
        b"Title;Severity\nok;low\n\"a\nb\";high\nGr\xf6\xdfe;low\n",
        &mapped,
    )
    .map(|_| ())
    .unwrap_err();
    assert!(
        what.contains("line 5") && what.contains("CSV UTF-8") && what.contains("encoding=windows-1252"),
        "{what}"
    );
    western.encoding = "ebcdic".to_owned();
    assert!(
        table(latin, &western)
            .map(|_| ())
            .unwrap_err()
            .contains("encoding: unknown encoding")
    );
    // The line of a row is that of the file, even after `sep=`.
    let skipped = plain("sep=;\ntitle;severity\nx;odd\n").skipped;
    assert_eq!(skipped[0].0, "line 3");
}

#[test]
fn a_table_is_previewed_before_it_is_mapped() {
    let text = "Befund;Risiko\nA;1\nB;2\nC;3\nD;4\nE;5\nF;5\n";
    let shown = preview_rows(&mut Cursor::new(text), &Options::default()).unwrap();
    assert_eq!(shown.header, ["Befund", "Risiko"]);
    assert_eq!(
        (shown.rows.len(), shown.rows[4].clone()),
        (5, vec!["E".to_owned(), "5".to_owned()])
    );
    assert!(shown.fault.unwrap().contains("no column `title`"));
    assert!(shown.names.contains(&"severity"));
    let shown = preview_rows(&mut Cursor::new(text), &with("title:Befund,severity:Risiko")).unwrap();
    assert!(shown.fault.unwrap().contains("critical:5"));
    let shown = preview_rows(
        &mut Cursor::new(case("46-severity-1-to-5/qualys.csv")),
        &Options::default(),
    )
    .unwrap();
    assert_eq!((shown.layout, shown.fault), (Some("Qualys"), None));
    assert!(shown.columns.contains(&("host", "IP".to_owned())));
}

#[test]
fn the_old_identity_of_a_row_stays_the_same() {
    let old = |found: &Found| found.old;
    let table =
        plain("title,severity,description,location,rule_id,fingerprint\nA,high,d,l,r,\nA,high,d,l,r,F\n")
            .found;
    assert_eq!(
        old(&table[0]),
        crate::draft::old("csv row 1", &["r", "A", "l"], 0, &["d"])
    );
    assert_eq!(
        old(&table[1]),
        crate::draft::old("csv fingerprint 1", &["F"], 0, &[])
    );
    let nessus = plain(case("31-nessus-csv/nessus.csv")).found;
    let expected = ["51192", "SSL Certificate Cannot Be Trusted", "192.0.2.7"];
    assert_eq!(
        old(&nessus[0]),
        crate::draft::old("csv row 1", &expected, 0, &["The certificate cannot be trusted."])
    );
}

/// Pieces of tables, and of other data.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        &b"title"[..],
        b"severity",
        b"QID",
        b"IP",
        b"id",
        b"high",
        b"5",
        b",",
        b";",
        b"\t",
        b"\n",
        b"\r\n",
        b"\"",
        b"sep=",
        b"sep=;\n",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xef\xbb\xbf",
        b"\0",
        b"\xd8\0",
        b"\xe9",
        b"a:1",
        b"/x.py:3",
        b"CVE-2024-1",
        b"{",
        b"[",
        b"<",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_table_and_no_options_cause_a_panic(
        text in pieces(),
        head in prop::sample::select(vec!["", "title,severity\n", "IP;QID;Title;Severity\n", "id\tname\trisk\n"]),
        columns in prop::sample::select(vec!["", "title:severity", "severity:QID,high:5", "\"", "a", ":", "cvss:severity,title:title"]),
        encoding in prop::sample::select(vec!["", "windows-1252", "utf-16", "x"]),
    ) {
        let text = [head.as_bytes(), &text].concat();
        let options = Options { columns: columns.to_owned(), encoding: encoding.to_owned(), ..Options::default() };
        for result in [
            preview_rows(&mut Cursor::new(&text), &options).map(|_| ()),
            "csv".parse::<&Format>().unwrap().survey(&mut Cursor::new(&text), &options).map(|_| ()),
        ] {
            match result {
                Ok(()) => {}
                Err(Error::Refused(refusal)) => prop_assert!(!refusal.what.is_empty()),
                Err(Error::Io(error)) => prop_assert!(false, "{error}"),
            }
        }
        if let Ok((_, whole)) = table(&text, &options) {
            prop_assert!(whole.found.iter().all(|found| !found.title.is_empty()));
        }
    }
}
