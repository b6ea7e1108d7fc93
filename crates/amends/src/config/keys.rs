/// One key of the configuration.
pub(super) struct Key {
    /// Name in the file, with its table: `mail.server`.
    pub name: &'static str,
    /// Value when nothing is said, as TOML; empty for none.
    pub default: &'static str,
    /// An example, as TOML.
    pub example: &'static str,
    /// What it does.
    pub about: &'static str,
}

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "data",
        default: "\"./amends-data\"",
        example: "\"/var/lib/amends\"",
        about: "Folder of the embedded database, the search index and your own templates. Used by one process at a time.",
    },
    Key {
        name: "database",
        default: "",
        example: "\"postgres://amends@localhost/amends\"",
        about: "PostgreSQL instead of the embedded SQLite. Several nodes may share one database; each has its own data folder.",
    },
    Key {
        name: "listen",
        default: "\"127.0.0.1:8080\"",
        example: "\"0.0.0.0:8080\"",
        about: "Address and port to listen on. Put a proxy that speaks https before it.",
    },
    Key {
        name: "public_url",
        default: "",
        example: "\"https://status.example.com\"",
        about: "Address under which people reach this server. Links in mails and feeds begin with it. By default http:// and the address listened on.",
    },
    Key {
        name: "trusted_proxies",
        default: "[]",
        example: "[\"127.0.0.1\"]",
        about: "Addresses of proxies whose X-Forwarded-For is believed, so that budgets count people and not the proxy.",
    },
    Key {
        name: "api_requests_per_minute",
        default: "1200",
        example: "6000",
        about: "API requests that each caller (a person, a token, an address without either) may make in a minute.",
    },
    Key {
        name: "log",
        default: "\"info\"",
        example: "\"info,amends_courier=debug\"",
        about: "What is logged on standard error: error, warn, info, debug or trace, also for single parts.",
    },
    Key {
        name: "metrics.listen",
        default: "",
        example: "\"127.0.0.1:9464\"",
        about: "Address and port that /metrics is answered on, instead of the one of everything else. It asks for a token of a responder there, too.",
    },
    Key {
        name: "mirror.dir",
        default: "",
        example: "\"/srv/status-mirror\"",
        about: "Folder that the public site is written to after every change, for a static host that stands in when this server is away. It holds nothing else.",
    },
    Key {
        name: "mirror.bucket",
        default: "",
        example: "\"s3://status-mirror\"",
        about: "The same in a bucket of Amazon S3, or of what speaks as it does: s3://BUCKET or s3://BUCKET/PREFIX. One node writes it.",
    },
    Key {
        name: "mirror.endpoint",
        default: "",
        example: "\"https://minio.example.com:9000\"",
        about: "Address of what speaks as Amazon S3 does. By default Amazon's own of the region.",
    },
    Key {
        name: "mirror.region",
        default: "\"us-east-1\"",
        example: "\"eu-central-1\"",
        about: "Region of the bucket.",
    },
    Key {
        name: "mirror.path_style",
        default: "",
        example: "true",
        about: "Whether the bucket is named in the path of an address instead of before its host. By default true with mirror.endpoint, false at Amazon.",
    },
    Key {
        name: "mirror.access_key",
        default: "",
        example: "\"AKIAIOSFODNN7EXAMPLE\"",
        about: "Access key for the bucket. It may get, put and delete objects, and list the bucket.",
    },
    Key {
        name: "mirror.secret_key",
        default: "",
        example: "\"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\"",
        about: "Its secret.",
    },
    Key {
        name: "mirror.secret_key_file",
        default: "",
        example: "\"/etc/amends/mirror-secret\"",
        about: "File with the secret, instead of mirror.secret_key.",
    },
    Key {
        name: "subscribers.most_per_hour",
        default: "20",
        example: "40",
        about: "Messages that each subscriber gets in an hour at most; what is more comes together in one digest afterwards. 0 for no limit. Webhooks are programs and get everything.",
    },
    Key {
        name: "operators.alarms",
        default: "[]",
        example: "[\"https://hooks.slack.com/services/T…/B…/…\"]",
        about: "Where you are told at once when mail does not go out, and when it does again: webhooks of Slack, Teams or Discord channels, or a server of your own that is posted to. One in your own network needs an entry in egress.allow.",
    },
    Key {
        name: "egress.allow",
        default: "[]",
        example: "[\"hook.corp.local 10.0.0.0/8 8080\"]",
        about: "Addresses of your own network that subscribers may name for webhooks, each as host (or *), network and port; plain http is allowed there. Without it only public addresses are posted to, by https and port 443. Link-local and metadata addresses are never.",
    },
    Key {
        name: "mail.server",
        default: "",
        example: "\"smtp+starttls://user:password@smtp.example.com:587\"",
        about: "Mail server: smtp:// (encrypted when it offers to be), smtp+starttls:// (always) or smtps://. Without one, mail goes to the built-in viewer.",
    },
    Key {
        name: "mail.fallback_servers",
        default: "[]",
        example: "[\"smtps://user:password@smtp.example.org\"]",
        about: "Mail servers to use, in this order, while mail.server does not work or refuses our mail. It is tried again from time to time.",
    },
    Key {
        name: "mail.from",
        default: "",
        example: "\"Example Status <status@example.com>\"",
        about: "From address of all mail. By default the page's name and status@ the public host.",
    },
    Key {
        name: "mail.reply_to",
        default: "",
        example: "\"support@example.com\"",
        about: "Where answers of customers go.",
    },
    Key {
        name: "mail.bounces_to",
        default: "",
        example: "\"b@bounce.example.com\"",
        about: "Where mail that cannot be delivered comes back to (the envelope sender); each message has an address of its own: b-…@bounce.example.com. By default the From address. The domain needs an SPF record that names your mail server; feed the mailbox to ‘amends subscriber report’.",
    },
    Key {
        name: "mail.operators",
        default: "[]",
        example: "[\"oncall@example.com\"]",
        about: "Who gets a mail when mail to subscribers could not be sent for a while and now can again.",
    },
    Key {
        name: "mail.canary",
        default: "",
        example: "\"status-canary@example.com\"",
        about: "A mailbox of your own that gets a copy of every broadcast, ahead of everybody else.",
    },
    Key {
        name: "mail.dkim_domain",
        default: "",
        example: "\"example.com\"",
        about: "Domain of the DKIM signature; set together with the next two. Without them the mail server is expected to sign.",
    },
    Key {
        name: "mail.dkim_selector",
        default: "",
        example: "\"amends1\"",
        about: "Selector under which the public key stands in DNS.",
    },
    Key {
        name: "mail.dkim_key_file",
        default: "",
        example: "\"/etc/amends/dkim.pem\"",
        about: "PEM file with the private key (RSA of 2048 bits, or Ed25519).",
    },
    Key {
        name: "mail.hello",
        default: "",
        example: "\"status.example.com\"",
        about: "Name that this server gives itself to the mail server. By default the public host.",
    },
    Key {
        name: "reports.mailgun",
        default: "",
        example: "\"key-…\"",
        about: "Webhook signing key of Mailgun. What it reports to /hooks/mail/mailgun is taken then: addresses that bounce or complain are not written to any more.",
    },
    Key {
        name: "reports.sendgrid",
        default: "",
        example: "\"MFkwEwYHKoZIzj0…\"",
        about: "Verification key of SendGrid's signed event webhook; the address is /hooks/mail/sendgrid.",
    },
    Key {
        name: "reports.postmark",
        default: "",
        example: "\"amends:a-long-password\"",
        about: "Name and password that Postmark shows; the address is https://amends:a-long-password@…/hooks/mail/postmark.",
    },
    Key {
        name: "reports.ses",
        default: "",
        example: "\"arn:aws:sns:eu-west-1:123456789012:mail\"",
        about: "Topic of Amazon SNS to which SES reports, with SignatureVersion 2; the address is /hooks/mail/ses.",
    },
    Key {
        name: "reports.mandrill",
        default: "",
        example: "\"webhook-key\"",
        about: "Webhook key of Mailchimp Transactional (Mandrill); the address is /hooks/mail/mandrill.",
    },
    Key {
        name: "sms.countries",
        default: "[]",
        example: "[\"+49\", \"+43\"]",
        about: "Beginnings of numbers that text messages may go to; whatever is not listed is not written to. Text messages are offered once this and a gateway (sms.twilio_account or sms.url) are set.",
    },
    Key {
        name: "sms.from",
        default: "",
        example: "\"+15005550006\"",
        about: "Number or name that text messages come from, or the id of a messaging service of Twilio (MG…).",
    },
    Key {
        name: "sms.twilio_account",
        default: "",
        example: "\"AC0123456789abcdef0123456789abcdef\"",
        about: "Account id of Twilio, or of who speaks as it does. Set what comes in to POST /hooks/sms/twilio/in, so that STOP is understood.",
    },
    Key {
        name: "sms.twilio_token",
        default: "",
        example: "\"0123456789abcdef0123456789abcdef\"",
        about: "The account's token.",
    },
    Key {
        name: "sms.twilio_key",
        default: "",
        example: "\"KY0123:shared-secret\"",
        about: "Name and secret of the shared key that reports are signed with by HMAC-SHA256, if one was made. Otherwise they are signed with the token.",
    },
    Key {
        name: "sms.twilio_url",
        default: "\"https://api.twilio.com\"",
        example: "\"https://example.signalwire.com/api/laml\"",
        about: "Address of the API in Twilio's shape.",
    },
    Key {
        name: "sms.url",
        default: "",
        example: "\"http://localhost:13013/cgi-bin/sendsms?username=u&password=p&from={from}&to={to}&text={text}&charset=UTF-8&coding={coding}&dlr-mask=19&dlr-url={status_url}%3Fstate%3D%25d\"",
        about: "Any other gateway, here Kannel: an address with {to}, {text}, {from}, {id}, {coding} (0, or 2 for other alphabets) and {status_url}, which is where it reports what became of a message.",
    },
    Key {
        name: "sms.body",
        default: "",
        example: "\"{\\\"to\\\": \\\"{to}\\\", \\\"text\\\": \\\"{text}\\\"}\"",
        about: "Body of the request to sms.url, a form or JSON with the same places; without one the request is a GET.",
    },
    Key {
        name: "sms.headers",
        default: "[]",
        example: "[\"Authorization: Bearer secret\"]",
        about: "Header fields of the request to sms.url.",
    },
    Key {
        name: "sms.secret",
        default: "",
        example: "\"a-long-random-word\"",
        about: "What the gateway behind sms.url shows: /hooks/sms/SECRET/in takes what people answer (fields from and text), /hooks/sms/SECRET/status/ID what became of a message. Without it STOP is not understood, and each message has a link to stop instead.",
    },
    Key {
        name: "sms.messages_per_day",
        default: "10000",
        example: "500",
        about: "Text messages in a day in all; beyond, none is sent.",
    },
    Key {
        name: "sms.messages_per_number",
        default: "30",
        example: "10",
        about: "Text messages to one number in a day.",
    },
    Key {
        name: "sms.codes_per_day",
        default: "200",
        example: "50",
        about: "Codes by text message that the form on the page sends in a day, to all numbers together.",
    },
];

/// The variable of a key: `AMENDS_MAIL_SERVER`.
pub(super) fn variable(name: &str) -> String {
    format!("AMENDS_{}", name.replace('.', "_").to_ascii_uppercase())
}

/// Every key with its default, variable and meaning, as a TOML file that can be copied.
pub fn reference() -> String {
    let mut text = String::from(
        "# Configuration of Amends. Every key may be left out. A variable of the environment wins over the file,\n\
         # an option of the command line over both. `amends serve --config FILE` reads this file.\n",
    );
    let mut table = "";
    for key in KEYS {
        let (own_table, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if own_table != table {
            table = own_table;
            text += &format!("\n[{table}]\n");
        }
        text.push('\n');
        for line in wrapped(key.about, 110) {
            text += &format!("# {line}\n");
        }
        let default = if key.default.is_empty() { "none" } else { key.default };
        text += &format!("# Default: {default}. Variable: {}\n", variable(key.name));
        text += &format!("#{name} = {}\n", key.example);
    }
    text
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        if !lines[last].is_empty() && lines[last].len() + 1 + word.len() > width {
            lines.push(word.to_owned());
        } else {
            let space = if lines[last].is_empty() { "" } else { " " };
            lines[last] += space;
            lines[last] += word;
        }
    }
    lines
}
