//! The corpus: what is inserted into, before and after valid URLs, and URLs written by hand.

/// Hosts that look like the right one, or include it in a URL that leads elsewhere. `HOST` is the right one.
#[rustfmt::skip]
pub(super) const HOSTS: &[&str] = &[
    "HOST.evil.example", "HOSTevil.example", "HOST-evil.example", "HOST_evil.example", "HOST.", "HOST..",
    ".HOST", "..HOST", "HOST.evil.example:443", "evil.example", "evil.example:443", "evil.example\\.HOST",
    "evil.example\\@HOST", "HOST@evil.example", "HOST:443@evil.example", "HOST%40evil.example", "user@HOST",
    "user:pass@HOST", ":@HOST", "@HOST", "user%3Apass@HOST", "evil.example%2f@HOST", "evil.example#@HOST",
    "evil.example?@HOST", "evil.example/@HOST", "HOST%00.evil.example", "HOST%2eevil.example", "HOST%2e",
    "%68OST", "HOST%20", "HOST ", " HOST", "HOST\t", "HO\tST", "HO\nST", "HO\rST", "HOST\0",
    "HOST\u{0}.evil.example", "[HOST]", "HOST:8443", "HOST:80", "HOST:0", "HOST:", "HOST:0443",
    "HOST:65536", "HOST:4433", "HOST:443:443", "HOST:443x", "HOST:-1", "HOST:+443",
    "HOST\u{3002}evil.example", "HOST\u{ff0e}evil.example", "HOST\u{2044}.evil.example",
    "HOST\u{ff0f}evil.example", "HOST\u{ff03}.evil.example", "HOST\u{200b}", "xn--HOST",
    "HOST;evil.example", "HOST,evil.example",
];

/// Hosts that end like the right one: for a guard that accepts no host below it.
#[rustfmt::skip]
pub(super) const PREFIXED: &[&str] = &[
    "evil-HOST", "evilHOST", "xHOST", "a.HOST",
];

/// What may precede the host.
#[rustfmt::skip]
pub(super) const SCHEMES: &[&str] = &[
    "", "//", "/", ":", "://", "http://", "HTTP://", "ftp://", "file://", "ws://", "wss://", "gopher://",
    "javascript://", "data:", "https:", "https:/", "https:///", "https:////", "https:\\\\", "https:/\\",
    " https://", "\thttps://", "https ://", "blob:https://",
];

/// What may follow a path.
#[rustfmt::skip]
pub(super) const TAILS: &[&str] = &[
    "/../../../x", "/..", "/.", "/./x", "/%2e%2e/x", "/%2E%2E%2Fx", "\\..\\x", "#", "#x", " ", "\n",
    "\r\nHost: evil.example", "\0", "\u{202e}", "ä", "\"", "<", ">", "`", "{x}",
];

/// Not Slack URLs.
#[rustfmt::skip]
pub(super) const SLACKS: &[&str] = &[
    "", "https://", "hooks.slack.com", "https://hooks.slack.com/services",
    "https://hooks.slack.com/services/", "https://hooks.slack.com/services//",
    "https://hooks.slack.com/services/T0//x", "https://hooks.slack.com//services/T0/B0/x",
    "https://hooks.slack.com/Services/T0/B0/x", "https://hooks.slack.com/services/T0/B0/x/",
    "https://hooks.slack.com/services/T0/B0/x?x=1", "https://hooks.slack.com/services/T0/B0/%78",
    "https://hooks.slack.com/services/T0/B0/x;y", "https://hooks.slack.com/services/../x",
    "https://hooks.slack.com/api/chat.postMessage", "https://hooks.slack.com/services.evil/x",
    "https://slack.com/services/T0/B0/x", "https://api.slack.com/services/T0/B0/x",
    "https://x.hooks.slack.com/services/T0/B0/x", "https://hooks.slack.co/services/T0/B0/x",
    "https://hooks-slack.com/services/T0/B0/x", "https://hooks.slack-gov.co/services/T0/B0/x",
    "https://hook\u{17f}.slack.com/services/T0/B0/x", "https://hoo\u{212a}s.slack.com/services/T0/B0/x",
    "https://hooks.sla\u{441}k.com/services/T0/B0/x", "https://xn--hooks-slack-x.com/services/T0/B0/x",
    "https://1.1.1.1/services/T0/B0/x", "https://[2606:4700::1]/services/T0/B0/x",
    "https://localhost/services/T0/B0/x",
];

/// Not Teams URLs.
#[rustfmt::skip]
pub(super) const TEAMSES: &[&str] = &[
    "https://office.com/webhookb2/x", "https://webhookoffice.com/webhookb2/x",
    "https://xwebhook.office.com/webhookb2/x", "https://a.xwebhook.office.com/webhookb2/x",
    "https://webhook.office.com.evil.example/x", "https://webhook.office.com/",
    "https://environment.api.powerplatform.com/x", "https://xenvironment.api.powerplatform.com/x",
    "https://api.powerplatform.com/x", "https://logic.azure.com/x", "https://xlogic.azure.com/x",
    "https://logic.azure.com.evil.example/x", "https://azure.com/x", "https://a.b.webhook.office.co/x",
    "https://webhook.office365.com.x/x", "https://webhook.office364.com/x",
    "https://xn--a.webhook.office.com/x", "https://-.webhook.office.com/x",
    "https://a-.webhook.office.com/x", "https://a..webhook.office.com/x",
    "https://a_b:1@x.webhook.office.com/x", "https://40.0.0.1/webhookb2/x",
    "https://*.webhook.office.com/x", "https://acme.webhook.office.com:444/x",
];

/// Not webhook URLs, where only the public internet is allowed.
#[rustfmt::skip]
pub(super) const WEBHOOKS: &[&str] = &[
    "https://127.0.0.1/", "https://127.1/", "https://127.0.1/", "https://2130706433/",
    "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://017700000001/",
    "https://127.0.0.1./", "https://0/", "https://0.0.0.0/", "https://00.00.00.00/", "https://1.1.1.01/",
    "https://1.1.257/", "https://10.0.0.1/", "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/", "https://172.16.0.1/", "https://192.168.1.1/",
    "https://198.18.0.1/", "https://224.0.0.1/", "https://255.255.255.255/", "https://168.63.129.16/",
    "https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/",
    "https://[0:0:0:0:0:ffff:a9fe:a9fe]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/",
    "https://[2001::1]/", "https://[fe80::1]/", "https://[fe80::1%25eth0]/", "https://[fd00::1]/",
    "https://[fec0::1]/", "https://[ff02::1]/", "https://[::127.0.0.1]/", "https://[::1", "https://::1/",
    "https://[::1]x/", "https://[v1.x]/", "https://localhost/", "https://LOCALHOST/",
    "https://a.localhost/", "http://example.com/", "http://1.1.1.1/", "http://[2606:4700::1]/",
    "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "unix:/run/x",
    "https://example.com:0/", "https://example.com:99999/", "https://example.com:/",
    "https://a@example.com/", "https://a:b@example.com/", "https://example.com/#x", "https://exa mple.com/",
    "https://example.com/a b", "https://ex\u{e4}mple.com/", "https://example.com/\u{e4}",
    "https://example.com/\\x", "https:\\\\example.com\\", "https://example.com./", "https://.example.com/",
    "https://example..com/", "https://-a.com/", "https://a-.com/", "https://exam%70le.com/",
    "https://example.com%2f@127.0.0.1/", "https://127.0.0.1%23.example.com/", "https://example.com/../x",
    "https://example.com/%2e%2e/x", "https:///example.com/", "https://?", "https:///", "https://", "https",
    "//example.com/", "example.com", "https://\u{ff11}27.0.0.1/", "https://\u{2460}.1.1.1/",
    "https://127\u{3002}0\u{3002}0\u{3002}1/", "https://xn--/", "https://a,b.com/", "https://(127.0.0.1)/",
    "https://1.1.1.1 &@127.0.0.1/", "https://example.com|127.0.0.1/", "https://example.com^/",
    "https://ex<a>mple.com/",
    // Other spellings of 127.0.0.1 and 10.0.0.1, which some resolvers parse as numbers.
    "https://0X7F.1/", "https://0x7F000001./", "https://127.0x0.1/", "https://127.00.00.01/", "https://0177.1/",
    "https://4294967295/", "https://4294967297/", "https://0x100000001/", "https://256.256.256.256/",
    "https://127.0.0.0x1/", "https://0x0a000001/", "https://012.0.0.1/", "https://10.1/", "https://0x/", "https://08.1.1.1/",
    // An IPv4 address within an IPv6 one: mapped, translated (NAT64, its local prefix), 6to4, Teredo, ISATAP.
    "https://[::ffff:10.0.0.1]/", "https://[::FFFF:169.254.169.254]/", "https://[::ffff:0:127.0.0.1]/",
    "https://[64:ff9b::10.0.0.1]/", "https://[64:ff9b:1::7f00:1]/", "https://[2002:a00:1::]/",
    "https://[2002:a9fe:a9fe::1]/", "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/", "https://[fe80::5efe:a00:1]/",
    "https://[::ffff:127.1]/", "https://[::ffff:0x7f.0.0.1]/", "https://[::ffff:0177.0.0.1]/",
    // Other networks that are not on the internet: documentation, benchmarking, ORCHID, discard, SRv6.
    "https://192.0.2.1/", "https://198.51.100.7/", "https://203.0.113.9/", "https://192.0.0.8/", "https://240.0.0.1/",
    "https://[2001:db8::1]/", "https://[3fff::1]/", "https://[2001:2::1]/", "https://[2001:10::1]/", "https://[100::1]/",
    "https://[5f00::1]/", "https://[fc00::1]/",
    // Zones, brackets and ports.
    "https://[::1%25lo]/", "https://[::1%lo]/", "https://[2606:4700::1%25eth0]/", "https://[fe80::1%1]/",
    "https://[[::1]]/", "https://[::1]:443:443/", "https://[::1]]/", "https://[1.1.1.1]/", "https://[]/",
    "https://example.com:443a/", "https://example.com:0x1bb/", "https://example.com:4 43/", "https://example.com:\t443/",
    // Malformed schemes, and names of this machine.
    "ht\ttps://example.com/", "https\n://example.com/", "https:\t//example.com/", "hTTp://Example.com/",
    "https://localhost.localdomain./", "https://LocalHost:443/", "https://x.LOCALHOST/", "jar:https://example.com!/",
    "dict://example.com:11211/", "ldap://example.com/", "tftp://example.com/", "view-source:https://example.com/",
];
