//! One SMTP session of the sink (RFC 5321, with RFC 2920 pipelining and RFC 4954 authentication).

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{Behaviour, Message, Shared, Step, must_close, stall};

pub(super) fn serve(stream: TcpStream, shared: &Shared, number: usize) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_millis(20)))?;
    let mut session = Session { stream, shared, input: Vec::new(), replies: Vec::new() };
    stall(shared, Step::Connected);
    if let Behaviour::RefuseConnection(reply) = session.behaviour() {
        session.reply(&reply);
        return session.flush();
    }
    let most = shared.options.connections;
    if most > 0 && shared.state().open > most {
        session.reply("421 4.7.0 Too many connections");
        return session.flush();
    }
    session.reply("220 sink.test ESMTP");
    session.talk(number)
}

struct Session<'a> {
    stream: TcpStream,
    shared: &'a Shared,
    input: Vec<u8>,
    replies: Vec<u8>,
}

#[derive(Default)]
struct Envelope {
    from: Option<(String, String)>,
    recipients: Vec<(String, String)>,
}

impl Session<'_> {
    fn behaviour(&self) -> Behaviour {
        self.shared.state().behaviour.clone()
    }

    fn talk(&mut self, number: usize) -> io::Result<()> {
        let mut hello = String::new();
        let mut envelope = Envelope::default();
        let mut authenticated = self.shared.options.credentials.is_none();
        while let Some(line) = self.line()? {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let upper = line.to_ascii_uppercase();
            let argument = line.split_once(' ').map_or("", |(_, argument)| argument);
            if upper.starts_with("EHLO") || upper.starts_with("HELO") {
                hello = argument.to_owned();
                envelope = Envelope::default();
                self.greet(upper.starts_with("EHLO"));
            } else if upper.starts_with("AUTH") {
                authenticated = self.authenticate(argument)?;
            } else if upper.starts_with("MAIL FROM:") && !authenticated {
                self.reply("530 5.7.0 Authentication required");
            } else if upper.starts_with("MAIL FROM:") {
                stall(self.shared, Step::Sender);
                if let Behaviour::RefuseSender(reply) = self.behaviour() {
                    self.reply(&reply);
                } else {
                    envelope = Envelope { from: Some(path(&line[10..])), recipients: Vec::new() };
                    self.reply("250 2.1.0 Ok");
                }
            } else if upper.starts_with("RCPT TO:") {
                self.recipient(&mut envelope, path(&line[8..]));
            } else if upper == "DATA" {
                if envelope.recipients.is_empty() {
                    self.reply("554 5.5.1 No valid recipients");
                    continue;
                }
                self.reply("354 End data with <CR><LF>.<CR><LF>");
                let Some(raw) = self.data()? else { return Ok(()) };
                if !self.keep(&hello, std::mem::take(&mut envelope), raw, number) {
                    return Ok(());
                }
            } else if upper == "RSET" {
                envelope = Envelope::default();
                self.reply("250 2.0.0 Ok");
            } else if upper.starts_with("NOOP") {
                self.reply("250 2.0.0 Ok");
            } else if upper == "QUIT" {
                self.reply("221 2.0.0 Bye");
                return self.flush();
            } else {
                self.reply("500 5.5.2 Command not understood");
            }
        }
        Ok(())
    }

    fn greet(&mut self, extended: bool) {
        if !extended {
            return self.reply("250 sink.test");
        }
        let mut lines: Vec<String> =
            ["sink.test", "PIPELINING", "SIZE 26214400", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
                .map(str::to_owned)
                .to_vec();
        if self.shared.options.credentials.is_some() {
            lines.push("AUTH PLAIN LOGIN".to_owned());
        }
        lines.extend(self.shared.options.extensions.iter().cloned());
        let last = lines.len() - 1;
        let lines: Vec<String> = lines
            .into_iter()
            .enumerate()
            .map(|(at, line)| format!("250{}{line}", if at == last { " " } else { "-" }))
            .collect();
        self.reply(&lines.join("\n"));
    }

    fn authenticate(&mut self, argument: &str) -> io::Result<bool> {
        let Some((user, password)) = self.shared.options.credentials.clone() else {
            self.reply("503 5.5.1 Not offered");
            return Ok(true);
        };
        let (mechanism, initial) = argument.split_once(' ').unwrap_or((argument, ""));
        let right = if mechanism.eq_ignore_ascii_case("PLAIN") {
            let given = if initial.is_empty() { self.ask("334 ")? } else { initial.to_owned() };
            given == base64(format!("\0{user}\0{password}").as_bytes())
        } else {
            let given_user =
                if initial.is_empty() { self.ask("334 VXNlcm5hbWU6")? } else { initial.to_owned() };
            let given_password = self.ask("334 UGFzc3dvcmQ6")?;
            given_user == base64(user.as_bytes()) && given_password == base64(password.as_bytes())
        };
        self.reply(if right { "235 2.7.0 Accepted" } else { "535 5.7.8 Credentials invalid" });
        Ok(right)
    }

    fn ask(&mut self, challenge: &str) -> io::Result<String> {
        self.reply(challenge);
        Ok(self.line()?.map(|line| String::from_utf8_lossy(&line).trim().to_owned()).unwrap_or_default())
    }

    fn recipient(&mut self, envelope: &mut Envelope, recipient: (String, String)) {
        if envelope.from.is_none() {
            return self.reply("503 5.5.1 MAIL first");
        }
        match self.behaviour() {
            Behaviour::RefuseRecipients(which, reply) if which.contains(&recipient.0) => self.reply(&reply),
            _ => {
                envelope.recipients.push(recipient);
                self.reply("250 2.1.5 Ok");
            }
        }
    }

    /// The message up to its final dot; `None` when the connection ends or has to be cut before.
    fn data(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut raw = Vec::new();
        while let Some(line) = self.line()? {
            if line == b".\r\n" {
                return Ok(Some(raw));
            }
            raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            if matches!(self.behaviour(), Behaviour::CutInData(after) if raw.len() >= after) {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Decides about a message and remembers it; whether the session goes on.
    fn keep(&mut self, hello: &str, envelope: Envelope, raw: Vec<u8>, connection: usize) -> bool {
        stall(self.shared, Step::Message);
        if !self.shared.options.pause.is_zero() {
            std::thread::sleep(self.shared.options.pause);
        }
        let reply = match self.behaviour() {
            Behaviour::RefuseMessage(reply) => reply,
            Behaviour::CutBeforeReply | Behaviour::CutInData(_) => String::new(),
            _ if must_close(self.shared) => String::new(),
            _ => "250 2.0.0 Ok: queued".to_owned(),
        };
        let (from, from_parameters) = envelope.from.unwrap_or_default();
        let (recipients, recipient_parameters) = envelope.recipients.into_iter().unzip();
        let message = Message {
            hello: hello.to_owned(),
            from,
            from_parameters,
            recipients,
            recipient_parameters,
            raw,
            connection,
            reply: reply.clone(),
        };
        self.shared.change(|state| state.messages.push(message));
        if reply.is_empty() {
            return false;
        }
        self.reply(&reply);
        true
    }

    /// The next line with its ending; `None` at the end. Replies go out before it waits.
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut chunk = [0; 16 * 1024];
        loop {
            if let Some(end) = self.input.iter().position(|&byte| byte == b'\n') {
                return Ok(Some(self.input.drain(..=end).collect()));
            }
            self.flush()?;
            if must_close(self.shared) {
                return Ok(None);
            }
            match self.stream.read(&mut chunk) {
                Ok(0) => return Ok(None),
                Ok(length) => self.input.extend_from_slice(&chunk[..length]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn reply(&mut self, lines: &str) {
        for line in lines.lines() {
            self.replies.extend_from_slice(line.as_bytes());
            self.replies.extend_from_slice(b"\r\n");
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let replies = std::mem::take(&mut self.replies);
        self.stream.write_all(&replies)
    }
}

/// `<address> parameters` apart.
fn path(argument: &str) -> (String, String) {
    let argument = argument.trim();
    match argument.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((address, parameters)) => (address.to_owned(), parameters.trim().to_owned()),
        None => (argument.to_owned(), String::new()),
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0u32, |word, &byte| word << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_pads() {
        for (plain, encoded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(super::base64(plain.as_bytes()), encoded);
        }
    }
}
