//! The kinds of fault represented by the cases, in other formats.

use base::Id;
use serde_json::{Value, json};

use crate::{
    tools::{
        Line, cyclonedx, grype, nessus, nuclei, openvas, sarif, secrets, semgrep, trivy, trivy_sarif, zap,
    },
    world::World,
};

/// A world for each of these, with its own project.
pub(crate) async fn whole(world: &World, name: &str, report: impl ToString) -> [u64; 7] {
    let answer = world.import_into(Some(world.project), report.to_string()).await;
    let counts = answer.counts();
    assert_eq!(answer.body["whole"], true, "{name}: {}", answer.body);
    counts
}

/// Imports into a new project of the world.
pub(crate) async fn fresh(world: &mut World, name: &str) {
    world.project = world.add_project(name).await;
}

/// The findings of the world's project: status, place, id.
pub(crate) async fn list(world: &World) -> Vec<(String, String, Id)> {
    let mut all: Vec<_> = world
        .findings()
        .await
        .into_iter()
        .filter(|finding| finding.place.project.as_ref().map(|project| project.id) == Some(world.project))
        .map(|finding| {
            let version = finding
                .details
                .component
                .as_ref()
                .map_or("", |part| part.version.as_str());
            let place = if version.is_empty() {
                finding.location.clone()
            } else {
                version.to_owned()
            };
            (finding.status.name().to_owned(), place, finding.id)
        })
        .collect();
    all.sort();
    all
}

pub(crate) async fn only(world: &World) -> Id {
    let all = list(world).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].2
}

// promise: M4
#[tokio::test]
async fn siblings_of_03_a_new_entry_above_one_with_a_verdict_is_open() {
    let table = |rows: &[(u32, &str)]| {
        let rows: String = rows
            .iter()
            .map(|(line, evidence)| format!("Hard-coded key,high,conf/app.env,{line},{evidence}\n"))
            .collect();
        format!("title,severity,path,line,evidence\n{rows}")
    };
    let code = |tool: &str, lines: &[Line<'_>]| match tool {
        "semgrep" => semgrep(lines),
        tool => sarif(tool, lines),
    };
    let (old, moved) = (
        ("r", "a.py", 10, "run(dev)", "Shell."),
        ("r", "a.py", 11, "run(dev)", "Shell."),
    );
    let new = ("r", "a.py", 3, "run(web)", "Shell.");
    let bare = |line: Line<'static>, message: &'static str| (line.0, line.1, line.2, "", message);
    for mut world in World::all().await {
        for (name, first, second, judged, open) in [
            (
                "semgrep",
                code("semgrep", &[old]),
                code("semgrep", &[new, moved]),
                "a.py:11",
                "a.py:3",
            ),
            (
                "sarif",
                code("T", &[old]),
                code("T", &[new, moved]),
                "a.py:11",
                "a.py:3",
            ),
            (
                "sarif without code",
                code("T", &[bare(old, "key dev")]),
                code("T", &[bare(new, "key web"), bare(moved, "key dev")]),
                "a.py:11",
                "a.py:3",
            ),
            (
                "csv",
                table(&[(10, "dev")]),
                table(&[(3, "web"), (11, "dev")]),
                "conf/app.env:11",
                "conf/app.env:3",
            ),
            (
                "openvas",
                openvas(&[("h", &[443])]),
                openvas(&[("h", &[80, 443])]),
                "h:443/tcp",
                "h:80/tcp",
            ),
        ] {
            fresh(&mut world, name).await;
            whole(&world, name, first).await;
            let id = only(&world).await;
            world.judge(id).await;
            whole(&world, name, second).await;
            let all = list(&world).await;
            let short: Vec<_> = all
                .iter()
                .map(|(status, place, _)| format!("{status} {place}"))
                .collect();
            assert_eq!(
                short,
                [format!("false_positive {judged}"), format!("open {open}")],
                "{name}"
            );
            assert_eq!(all[0].2, id, "{name}");
        }
        // Only the line distinguishes these, and nothing else moved: in doubt the new one is open.
        fresh(&mut world, "lines").await;
        whole(&world, "lines", sarif("T", &[bare(old, "key")])).await;
        world.judge(only(&world).await).await;
        whole(
            &world,
            "lines",
            sarif("T", &[bare(new, "key"), bare(moved, "key")]),
        )
        .await;
        let all = list(&world).await;
        assert!(
            all.iter()
                .any(|(status, place, _)| status == "open" && place == "a.py:3"),
            "{all:?}"
        );
    }
}

// promise: M1, M4
#[tokio::test]
async fn siblings_of_04_two_versions_keep_their_identities() {
    let package = |version| ("CVE-2021-23337", "lodash", version, "lib/package-lock.json");
    let makers: [(&str, fn(&[crate::tools::Package<'_>]) -> String); 4] = [
        ("grype", |packages| grype("shop:1", packages)),
        ("cyclonedx", |packages| cyclonedx("shop", packages)),
        ("trivy sarif", trivy_sarif),
        ("trivy image", |packages| trivy("shop:1", packages)),
    ];
    for mut world in World::all().await {
        for (name, make) in makers {
            for (judged, left) in [("3.10.1", "4.17.4"), ("4.17.4", "3.10.1")] {
                let name = format!("{name} {judged}");
                fresh(&mut world, &name).await;
                let both = [package("3.10.1"), package("4.17.4")];
                assert_eq!(whole(&world, &name, make(&both)).await[1], 2, "{name}");
                let all = list(&world).await;
                let id = all.iter().find(|(_, version, _)| version == judged);
                world
                    .judge(id.unwrap_or_else(|| panic!("{name}: {all:?}")).2)
                    .await;
                let counts = whole(&world, &name, make(&[package(left)])).await;
                assert_eq!(counts, [1, 0, 0, 0, 0, 1, 0], "{name}");
                let all: Vec<_> = list(&world)
                    .await
                    .into_iter()
                    .map(|(status, version, _)| (status, version))
                    .collect();
                let expected = [("false_positive", judged), ("open", left)];
                let expected = expected.map(|(status, version)| (status.to_owned(), version.to_owned()));
                assert_eq!(all, expected, "{name}");
            }
        }
    }
}

// promise: P2
#[tokio::test]
async fn siblings_of_05_two_targets_in_one_project_do_not_affect_each_other() {
    let package = ("CVE-1", "lodash", "1.0", "package-lock.json");
    let none: &[crate::tools::Package<'_>] = &[];
    for mut world in World::all().await {
        // A report of the first target, one of the second, and one in which the first is clean.
        for (name, first, second, clean) in [
            (
                "trivy",
                trivy("shop:1", &[package]),
                trivy("cart:1", &[package]),
                trivy("shop:2", none),
            ),
            (
                "grype",
                grype("r.test:5000/shop:1", &[package]),
                grype("cart", &[package]),
                grype("r.test:5000/shop:2", none),
            ),
            (
                "cyclonedx",
                cyclonedx("shop", &[package]),
                cyclonedx("cart", &[package]),
                cyclonedx("shop", none),
            ),
            (
                "nessus",
                nessus(&[("192.0.2.1", &[443])]),
                nessus(&[("192.0.2.2", &[443])]),
                nessus(&[("192.0.2.1", &[])]),
            ),
            (
                "openvas",
                openvas(&[("192.0.2.1", &[443])]),
                openvas(&[("192.0.2.2", &[443])]),
                openvas(&[("192.0.2.1", &[])]),
            ),
            (
                "zap",
                zap(&[("https://a.test", &["/x"])]).to_string(),
                zap(&[("https://b.test", &["/x"])]).to_string(),
                zap(&[("https://a.test", &[])]).to_string(),
            ),
        ] {
            fresh(&mut world, name).await;
            assert_eq!(whole(&world, name, &first).await, [1, 1, 0, 0, 0, 0, 0], "{name}");
            assert_eq!(
                whole(&world, name, &second).await,
                [1, 1, 0, 0, 0, 0, 0],
                "{name}"
            );
            assert_eq!(
                whole(&world, name, &first).await,
                [1, 0, 0, 0, 0, 1, 0],
                "{name} again"
            );
            assert_eq!(
                whole(&world, name, clean).await,
                [0, 0, 0, 0, 1, 0, 0],
                "{name} clean"
            );
            assert_eq!(
                whole(&world, name, second).await,
                [1, 0, 0, 0, 0, 1, 0],
                "{name}: the other is unchanged"
            );
        }
        // A report of Nuclei states nothing about hosts that it does not name.
        fresh(&mut world, "nuclei").await;
        whole(&world, "nuclei", nuclei(&[("a.test", "/x"), ("a.test", "/y")])).await;
        assert_eq!(
            whole(&world, "nuclei", nuclei(&[("b.test", "/x")])).await,
            [1, 1, 0, 0, 0, 0, 0]
        );
        assert_eq!(
            whole(&world, "nuclei", nuclei(&[("a.test", "/y")])).await,
            [1, 0, 0, 0, 1, 1, 0]
        );
    }
}

// promise: P3, P8
#[tokio::test]
async fn siblings_of_06_an_unreadable_entry_closes_nothing() {
    let two: [Line<'_>; 2] = [("r", "a.py", 1, "a()", "A."), ("s", "b.py", 1, "b()", "B.")];
    let packages = [("CVE-1", "p", "1.0", "l"), ("CVE-2", "q", "1.0", "l")];
    let broken = |text: &str, change: &dyn Fn(&mut Value)| {
        let mut report: Value = serde_json::from_str(text).unwrap();
        change(&mut report);
        report.to_string()
    };
    for mut world in World::all().await {
        let semgrep = semgrep(&two);
        let sarif = sarif("T", &two);
        let trivy = trivy("shop:1", &packages);
        let grype = grype("shop:1", &packages);
        let nuclei = nuclei(&[("a.test", "/x"), ("a.test", "/y")]);
        for (name, first, second) in [
            (
                "semgrep",
                semgrep.clone(),
                broken(&semgrep, &|all| all["results"][0]["extra"] = json!(7)),
            ),
            (
                "sarif",
                sarif.clone(),
                broken(&sarif, &|all| all["runs"][0]["results"][0]["message"] = json!([])),
            ),
            (
                "trivy",
                trivy.clone(),
                broken(&trivy, &|all| {
                    all["Results"][0]["Vulnerabilities"][0]["PkgName"] = json!({});
                }),
            ),
            (
                "grype",
                grype.clone(),
                broken(&grype, &|all| all["matches"][0]["artifact"] = json!("p")),
            ),
            (
                "nuclei",
                nuclei.clone(),
                format!(
                    "{{\"template-id\": \"sqli\", \"info\": \n{}",
                    nuclei.lines().last().unwrap()
                ),
            ),
        ] {
            fresh(&mut world, name).await;
            assert_eq!(whole(&world, name, &first).await[1], 2, "{name}");
            let answer = world.import(second).await;
            assert_eq!(answer.counts(), [2, 0, 0, 0, 0, 1, 1], "{name}: {}", answer.body);
            assert_eq!(answer.body["whole"], false, "{name}");
            assert!(
                answer.body["not_whole"].to_string().contains("could not be read"),
                "{name}: {}",
                answer.body
            );
            assert!(!answer.body["skipped"][0]["reason"].as_str().unwrap().is_empty());
            assert!(
                list(&world).await.iter().all(|(status, ..)| status == "open"),
                "{name}"
            );
            assert_eq!(whole(&world, name, first).await[5], 2, "{name}: valid again");
        }
    }
}

// promise: M5
#[tokio::test]
async fn siblings_of_07_an_upgrade_without_the_fix_is_the_same_finding() {
    for mut world in World::all().await {
        let jar =
            |version: &'static str, path: &'static str| [("CVE-2021-44228", "log4j-core", version, path)];
        let (before, after) = (
            jar("2.14.0", "app/lib/log4j-core-2.14.0.jar"),
            jar("2.14.1", "app/lib/log4j-core-2.14.1.jar"),
        );
        let (egg, newer) = (
            jar("2.30.0", "usr/lib/requests-2.30.0.dist-info/METADATA"),
            jar("2.31.0", "usr/lib/requests-2.31.0.dist-info/METADATA"),
        );
        for (name, first, second) in [
            ("grype", grype("shop:1", &before), grype("shop:2", &after)),
            (
                "grype egg",
                grype("shop:1", &egg),
                grype("shop@sha256:ab", &newer),
            ),
            ("cyclonedx", cyclonedx("shop", &before), cyclonedx("shop", &after)),
            ("trivy sarif", trivy_sarif(&before), trivy_sarif(&after)),
            ("trivy egg", trivy("shop:1", &egg), trivy("shop:1.2", &newer)),
        ] {
            fresh(&mut world, name).await;
            whole(&world, name, first).await;
            let id = only(&world).await;
            assert_eq!(whole(&world, name, second).await, [1, 0, 1, 0, 0, 0, 0], "{name}");
            assert_eq!(only(&world).await, id, "{name}");
        }
    }
}

// promise: M5
#[tokio::test]
async fn siblings_of_08_moved_and_reindented_lines_are_the_same_findings() {
    let lines = |by: u32, indent: &str| -> Vec<(String, u32, String)> {
        let code = ["eval(a)", "eval(b)", "eval(a)"];
        (0..3)
            .map(|at| {
                (
                    "no-eval".to_owned(),
                    10 * (at + 1) + by,
                    format!("{indent}{}", code[at as usize]),
                )
            })
            .collect()
    };
    let as_lines = |made: &[(String, u32, String)], bare: bool| -> Vec<(String, u32, String)> {
        made.iter()
            .map(|(rule, line, code)| {
                (
                    rule.clone(),
                    *line,
                    if bare { String::new() } else { code.clone() },
                )
            })
            .collect()
    };
    let shown = |tool: &str, made: &[(String, u32, String)], root: &str| {
        let path = format!("{root}src/a.js");
        let lines: Vec<Line<'_>> = made
            .iter()
            .map(|(rule, line, code)| {
                (
                    rule.as_str(),
                    path.as_str(),
                    *line,
                    code.as_str(),
                    "It can be harmful.",
                )
            })
            .collect();
        if tool == "semgrep" {
            semgrep(&lines)
        } else {
            sarif(tool, &lines)
        }
    };
    let table = |by: u32| {
        format!(
            "title,severity,path,line\nEval,high,a.js,{}\nEval,high,a.js,{}\n",
            10 + by,
            20 + by
        )
    };
    for mut world in World::all().await {
        let (before, after) = (lines(0, ""), lines(3, "    "));
        let bare = |made: &[(String, u32, String)]| as_lines(made, true);
        for (name, first, second, count) in [
            (
                "semgrep",
                shown("semgrep", &before, ""),
                shown("semgrep", &after, ""),
                3,
            ),
            ("sarif", shown("T", &before, ""), shown("T", &after, "./"), 3),
            (
                "sarif bare",
                shown("T", &bare(&before), ""),
                shown("T", &bare(&after), ""),
                3,
            ),
            (
                "secrets",
                secrets(&[(10, "a=***"), (20, "b=***")]),
                secrets(&[(13, "a=***"), (23, "b=***")]),
                2,
            ),
            ("csv", table(0), table(3), 2),
        ] {
            fresh(&mut world, name).await;
            assert_eq!(whole(&world, name, first).await[1], count, "{name}");
            let by_line = |all: Vec<(String, String, Id)>| {
                let mut all: Vec<_> = all.into_iter().map(|(_, place, id)| (place, id)).collect();
                all.sort();
                all.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
            };
            let ids = by_line(list(&world).await);
            let counts = whole(&world, name, second).await;
            assert_eq!(counts, [count, 0, count, 0, 0, 0, 0], "{name}");
            assert_eq!(by_line(list(&world).await), ids, "{name}");
        }
    }
}
