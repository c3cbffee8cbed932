use super::*;

fn load(variables: &[(&str, &str)]) -> Result<Config, Invalid> {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(None, variables)
}

#[test]
fn the_defaults_are_valid() {
    let config = load(&[]).unwrap();
    assert_eq!(config.public_url, "http://127.0.0.1:8080");
    assert!(!config.demo && config.smtp_url.is_none() && config.admin.is_none());
}

/// Tests of single crates start from these; a user gets those of the file.
#[test]
fn the_defaults_of_the_code_are_those_of_the_file() {
    let config = load(&[]).unwrap();
    let records = records::Settings::default();
    let of_records = (
        config.sla_days,
        config.retest_days,
        config.sla_steps,
        config.agreement_steps,
        config.report_limits,
    );
    let expected = (
        records.sla_days,
        records.retest_days,
        records.sla_steps,
        records.agreement_steps,
        records.reports,
    );
    assert_eq!(format!("{of_records:?}"), format!("{expected:?}"));
    let access = access::Options::new(access::Secret::new(
        "a key of thirty-two characters....".to_owned(),
    ));
    let login = access::LoginLimits::new(config.login_attempts, config.login_wait);
    assert_eq!(format!("{login:?}"), format!("{:?}", access.login));
    assert_eq!(
        format!("{:?}", config.share_limits),
        format!("{:?}", access.shares)
    );
    let sessions = (config.session, config.session_idle);
    assert_eq!(sessions, (access.session_lifetime, access.session_idle));
    let import = records::import::Limits::default();
    assert_eq!(format!("{:?}", config.import_limits), format!("{import:?}"));
    let stream = realtime::Options::default();
    assert_eq!(config.stream_connections, stream.total);
    assert_eq!(config.stream_connections_per_user, stream.per_user);
}

#[test]
fn the_environment_wins_and_numbers_stay_text_for_text_settings() {
    let config = load(&[
        ("CAMPANILE_ADMIN_EMAIL", "a@b.test"),
        ("CAMPANILE_ADMIN_PASSWORD", "007007007008"),
        ("CAMPANILE_OUTBOUND__ALLOW_NETWORKS", "10.0.0.0/8, 127.0.0.0/8"),
        ("CAMPANILE_PUBLIC_URL", "https://campanile.example/"),
        ("CAMPANILE_TEST_POSTGRES", "not a setting"),
    ])
    .unwrap();
    assert_eq!(
        config.admin,
        Some(("a@b.test".to_owned(), "007007007008".to_owned()))
    );
    assert_eq!(config.allow_networks.len(), 2);
    assert_eq!(config.public_url, "https://campanile.example");
}

// issue 18, line 11
// promise: L5
#[test]
fn an_attempt_ends_before_its_lease() {
    assert_eq!(load(&[]).unwrap().lease(), Duration::from_mins(2));
    for channel in ["WEBHOOK", "CHAT", "EMAIL"] {
        let name = format!("CAMPANILE_OUTBOUND__{channel}_TIMEOUT");
        let config = load(&[(&name, "300")]).unwrap();
        assert_eq!(config.lease(), Duration::from_mins(20), "{channel}");
    }
    let brief = ["WEBHOOK", "CHAT", "EMAIL"].map(|channel| format!("CAMPANILE_OUTBOUND__{channel}_TIMEOUT"));
    let config = load(&brief.each_ref().map(|name| (name.as_str(), "1"))).unwrap();
    assert_eq!(config.lease(), Duration::from_secs(10));
}

#[test]
fn all_errors_are_reported_together_without_secrets() {
    let Err(Invalid(errors)) = load(&[
        ("CAMPANILE_LISTEN", "here"),
        ("CAMPANILE_DATABASE_URL", "mysql://me:hunter2@db/x"),
        ("CAMPANILE_SMTP__URL_FILE", "/does/not/exist"),
        ("CAMPANILE_SMPT__URL", "smtp://x"),
        ("CAMPANILE_OUTBOUND__ALLOW_NETWORKS", "10.0.0.0/99"),
        ("CAMPANILE_ADMIN_EMAIL", "a@b.test"),
        ("CAMPANILE_DEMO", "perhaps"),
        ("CAMPANILE_SECRET_KEY", "hunter2"),
        ("CAMPANILE_SMTP__URL", "smtp//me:hunter2@mail"),
        ("CAMPANILE_SMTP__FROM", "nobody"),
        ("CAMPANILE_OUTBOUND__CA_FILE", "/does/not/exist"),
        ("CAMPANILE_LOG__LEVEL", "a=b=c"),
        ("CAMPANILE_DATA_DIR", ""),
        ("CAMPANILE_", "x"),
        ("CAMPANILE___", "x"),
    ]) else {
        panic!("it was accepted")
    };
    assert_eq!(errors.len(), 15, "{errors:#?}");
    assert!(!errors.join(" ").contains("hunter2"), "{errors:#?}");
}

#[test]
fn an_invalid_administrator_is_reported() {
    let Err(Invalid(errors)) = load(&[
        ("CAMPANILE_ADMIN_EMAIL", "nobody"),
        ("CAMPANILE_ADMIN_PASSWORD", "hunter2"),
    ]) else {
        panic!("it was accepted")
    };
    let keys: Vec<_> = errors
        .iter()
        .filter_map(|error| error.split(':').next())
        .collect();
    assert_eq!(keys, ["admin_email", "admin_password"], "{errors:#?}");
    // issue 18, line 4
    for password in ["eleven char", "PassWord1234", "root.of.all@campanile.test"] {
        let Err(Invalid(errors)) = load(&[
            ("CAMPANILE_ADMIN_EMAIL", "root.of.all@campanile.test"),
            ("CAMPANILE_ADMIN_PASSWORD", password),
        ]) else {
            panic!("{password} was accepted")
        };
        assert!(
            errors.len() == 1 && errors[0].starts_with("admin_password: "),
            "{errors:#?}"
        );
    }
    // A value of only spaces counts as not set.
    let Err(Invalid(errors)) = load(&[
        ("CAMPANILE_ADMIN_EMAIL", "root.of.all@campanile.test"),
        ("CAMPANILE_ADMIN_PASSWORD", "            "),
    ]) else {
        panic!("spaces were accepted")
    };
    assert_eq!(errors, ["set both admin_email and admin_password, or neither"]);
}

/// The settings of a file with this text.
fn from_file(text: &str) -> Result<String, Invalid> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("campanile.toml");
    std::fs::write(&file, text).unwrap();
    shown(Some(&file), [])
}

#[test]
fn layers_are_merged_key_by_key_and_their_errors_reported_together() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("campanile.toml");
    let load = |text: &str, variables: &[(&str, &str)]| {
        std::fs::write(&file, text).unwrap();
        let variables = variables.iter();
        let variables = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(Some(&file), variables)
    };
    let text = "data_dir = \"x\"\ntrusted_proxies = [\"10.0.0.0/8\"]\n[sla]\nlow = 7\nhigh = 8\n";
    let config = load(text, &[("CAMPANILE_SLA__HIGH", "9"), ("CAMPANILE_DEMO", "true")]).unwrap();
    let days = (
        config.sla_days.low,
        config.sla_days.high,
        config.sla_days.critical,
    );
    assert_eq!(days, (7, 9, records::sla::Days::default().critical));
    assert!(config.demo && config.data_dir == Path::new("x") && config.trusted_proxies.len() == 1);
    let listed = [("CAMPANILE_TRUSTED_PROXIES", "10.1.0.0/16, 10.2.0.0/16")];
    assert_eq!(load(text, &listed).unwrap().trusted_proxies.len(), 2);

    let text = "dmeo = true\n[sla]\nlow = \"soon\"\n[sla.high]\nx = 1\n[smtp]\nfrom = 2026-12-01\n";
    let Err(Invalid(errors)) = load(text, &[("CAMPANILE_LISTEN", "here"), ("CAMPANILE_DMEO", "x")]) else {
        panic!("it was accepted")
    };
    for key in ["dmeo", "sla.low", "sla.high", "sla.high.x", "smtp.from", "listen"] {
        let named = |error: &String| error.split(':').next() == Some(key);
        assert_eq!(
            errors.iter().filter(|error| named(error)).count(),
            1,
            "{key}: {errors:#?}"
        );
    }
    assert_eq!(errors.len(), 6, "{errors:#?}");
}

#[test]
fn an_invalid_toml_file_is_one_error_without_quotes() {
    for broken in [
        "listen = \"127.0.0.1:1\"\nadmin_password = \"hunter2\n",
        "[smtp]\nurl = hunter2\n",
        "secret_key = \"a\" \"hunter2\"\n",
        "secret_key = \"a\"\nsecret_key = \"hunter2\"\n",
    ] {
        let Err(Invalid(errors)) = from_file(broken) else {
            panic!("it was accepted")
        };
        assert_eq!(errors.len(), 1, "{errors:#?}");
        assert!(
            errors[0].contains("line 2") || broken.starts_with("secret"),
            "{errors:#?}"
        );
        assert!(!errors[0].contains("hunter2"), "{errors:#?}");
    }
}

#[test]
fn a_value_of_the_wrong_type_is_refused_and_a_secret_number_is_hidden() {
    for wrong in [
        "[smtp]\nurl = [\"smtp://me:hunter2@mail\"]",
        "demo = [true]",
        "[listen]\nx = 1",
        "smtp = 1",
    ] {
        assert!(from_file(wrong).is_err(), "{wrong}");
    }
    let text = from_file("admin_email = \"a@b.test\"\nadmin_password = 730916485203").unwrap();
    assert!(
        !text.contains("730916485203") && text.contains("admin_password = \"***\""),
        "{text}"
    );
}

#[test]
fn shows_the_effective_settings_without_secrets() {
    let variables = [(
        "CAMPANILE_SMTP__URL".to_owned(),
        "smtp://me:hunter2@mail".to_owned(),
    )];
    let text = shown(None, variables).unwrap();
    assert!(text.contains("listen = \"127.0.0.1:8080\""), "{text}");
    assert!(text.contains("\"***\"") && !text.contains("hunter2"), "{text}");
}

#[test]
fn nats_is_a_secret_with_a_file_of_credentials() {
    assert!(load(&[]).unwrap().nats.is_none());
    let url = ("CAMPANILE_NATS_URL", "tls://me:hunter2@a, tls://me:hunter2@b");
    assert!(load(&[url]).unwrap().nats.is_some());
    let text = shown(None, [(url.0.to_owned(), url.1.to_owned())]).unwrap();
    assert!(text.contains("nats_url = \"***\""), "{text}");
    let missing = ("CAMPANILE_NATS_CREDENTIALS", "/does/not/exist");
    for (variables, key) in [
        (vec![("CAMPANILE_NATS_URL", "http://me:hunter2@a")], "nats_url: "),
        (vec![missing], "nats_credentials: set nats_url"),
        (vec![url, missing], "nats_credentials: "),
    ] {
        let Err(Invalid(errors)) = load(&variables) else {
            panic!("it was accepted")
        };
        assert_eq!(errors.len(), 1, "{errors:#?}");
        assert!(
            errors[0].starts_with(key) && !errors[0].contains("hunter2"),
            "{errors:#?}"
        );
    }
}

#[test]
fn chat_hosts_have_defaults_that_can_be_replaced() {
    assert_eq!(load(&[]).unwrap().hosts, Hosts::default());
    let config = load(&[
        ("CAMPANILE_OUTBOUND__SLACK_GOV", "true"),
        (
            "CAMPANILE_OUTBOUND__TEAMS_HOSTS",
            ".flows.acme.example, webhook.office.com",
        ),
    ])
    .unwrap();
    assert!(config.hosts.slack_gov);
    let teams: Vec<_> = config.hosts.teams.iter().map(ToString::to_string).collect();
    assert_eq!(teams, [".flows.acme.example", "webhook.office.com"]);
    let none = load(&[("CAMPANILE_OUTBOUND__TEAMS_HOSTS", "")]).unwrap();
    assert!(none.hosts.teams.is_empty(), "Teams is disabled");
    for bad in ["com", "*.webhook.office.com", "https://webhook.office.com"] {
        assert!(
            load(&[("CAMPANILE_OUTBOUND__TEAMS_HOSTS", bad)]).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn tls_needs_a_certificate_and_its_key() {
    use notify::testing::Ca;
    let (ca, folder) = (Ca::new(), tempfile::tempdir().unwrap());
    let (cert, key) = ca.server_files(folder.path(), &["localhost"]);
    let (cert, key) = (cert.display().to_string(), key.display().to_string());
    let cert_file = ("CAMPANILE_TLS__CERT_FILE", &*cert);
    let key_file = ("CAMPANILE_TLS__KEY_FILE", &*key);

    let config = load(&[cert_file, key_file]).unwrap();
    assert_eq!(config.public_url, "https://127.0.0.1:8080");
    let elsewhere = SocketAddr::from(([127, 0, 0, 1], 8443));
    assert_eq!(config.reached_at(elsewhere).public_url, "https://127.0.0.1:8443");
    let named = ("CAMPANILE_PUBLIC_URL", "https://campanile.example");
    let config = load(&[cert_file, key_file, named]).unwrap().reached_at(elsewhere);
    assert_eq!(config.public_url, "https://campanile.example");

    let shown = shown(
        None,
        [cert_file, key_file].map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    assert!(shown.unwrap().contains(&format!("tls.key_file = {key:?}")));
    for one in [cert_file, key_file] {
        let Err(Invalid(errors)) = load(&[one]) else {
            panic!("it was accepted")
        };
        assert_eq!(errors, ["set both tls.cert_file and tls.key_file, or neither"]);
    }
    let Err(Invalid(errors)) = load(&[
        ("CAMPANILE_TLS__CERT_FILE", "/does/not/exist"),
        ("CAMPANILE_TLS__KEY_FILE", &cert),
        ("CAMPANILE_DEMO", "perhaps"),
    ]) else {
        panic!("it was accepted")
    };
    assert_eq!(errors.len(), 3, "{errors:#?}");
}
