//! Which addresses may be dialled.
//!
//! A destination that the operator wrote into the configuration is theirs to choose: their mail server usually *is*
//! on a private address. A destination that a visitor or an ordinary user typed in must never reach anything that
//! the public internet could not reach by itself, whatever name or spelling leads there.
//!
//! Everything here is pure: it looks at addresses that have been resolved already, so the address that is judged is
//! the address that is dialled.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::target::Target;

/// Who chose a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The operator, in the configuration. Any address may be dialled.
    Operator,
    /// Anybody else: a subscriber's webhook, a link in a form. Only public addresses and the operator's allow list.
    Visitor,
}

/// One entry of the operator's allow list: this name, resolved into this network, on this port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Host name as it is written in the destination, without a trailing dot; compared without case. `*` is any.
    pub host: String,
    /// First address of the network.
    pub network: IpAddr,
    /// Length of the network's prefix in bits.
    pub prefix: u8,
    /// TCP port.
    pub port: u16,
}

impl Allowed {
    /// Reads `hook.corp.local 10.0.0.0/8 8080`: host (or `*`), network, port.
    ///
    /// # Errors
    /// What is wrong and how to write it.
    pub fn parse(written: &str) -> Result<Self, String> {
        let how = "write host, network and port: hook.corp.local 10.0.0.0/8 8080";
        let mut parts = written.split_whitespace();
        let (Some(host), Some(network), Some(port), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(how.into());
        };
        let (network, prefix) = network.split_once('/').ok_or(how)?;
        let network: IpAddr = network.parse().map_err(|_| how)?;
        let most = if network.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.parse().ok().filter(|p| *p <= most).ok_or(how)?;
        let port = port.parse().ok().filter(|p| *p > 0).ok_or(how)?;
        let entry = Self { host: host.to_owned(), network, prefix, port };
        if prefix > 0 && never_allowed(network) {
            return Err("link-local and metadata addresses cannot be allowed".into());
        }
        Ok(entry)
    }

    fn is_for(&self, host: &str) -> bool {
        self.host == "*" || self.host.trim_end_matches('.').eq_ignore_ascii_case(host.trim_end_matches('.'))
    }
}

/// Why an address or name is not dialled. The text names the kind of address, never more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not dialled: {why}")]
pub struct Refusal {
    what: String,
    why: &'static str,
}

impl Refusal {
    pub(crate) fn new(what: impl fmt::Display, why: &'static str) -> Self {
        Self { what: what.to_string(), why }
    }

    /// The reason alone, for a list of findings.
    pub fn why(&self) -> &'static str {
        self.why
    }
}

/// The rules for one installation.
#[derive(Debug, Clone)]
pub struct AddressPolicy {
    /// The operator's exceptions for [`Trust::Visitor`]. They never cover link-local or metadata addresses.
    pub allow: Vec<Allowed>,
    /// Ports that a visitor's destination may use.
    pub ports: Vec<u16>,
    /// Addresses on which this program itself listens.
    pub own: Vec<SocketAddr>,
}

impl Default for AddressPolicy {
    fn default() -> Self {
        Self { allow: Vec::new(), ports: vec![443], own: Vec::new() }
    }
}

impl AddressPolicy {
    /// Judges every address that a name resolved to. One bad address refuses the destination, because a name that
    /// points inside and outside at once is not an accident.
    ///
    /// # Errors
    /// The first [`Refusal`], also when there is no address at all.
    pub fn vet(&self, host: &str, port: u16, addresses: &[IpAddr], trust: Trust) -> Result<(), Refusal> {
        if addresses.is_empty() {
            return Err(Refusal::new(host, "the name has no address"));
        }
        if trust == Trust::Operator {
            return Ok(());
        }
        let by_list: Vec<bool> = addresses.iter().map(|ip| self.on_list(host, port, *ip)).collect();
        if !by_list.iter().all(|on| *on) {
            if let Some(why) = refused_name(host) {
                return Err(Refusal::new(host, why));
            }
            if !self.ports.contains(&port) {
                return Err(Refusal::new(
                    format_args!("port {port}"),
                    "the port is not open to visitors' addresses",
                ));
            }
        }
        for (ip, on_list) in addresses.iter().zip(by_list) {
            if !on_list && let Some(why) = refused_address(*ip) {
                return Err(Refusal::new(ip, why));
            }
            if self.own.iter().any(|own| own.port() == port && plain(own.ip()) == plain(*ip)) {
                return Err(Refusal::new(ip, "it is this program's own address"));
            }
        }
        Ok(())
    }

    /// Judges what can be judged before DNS is asked: scheme, port, name, and an address that stands there itself.
    ///
    /// # Errors
    /// The [`Refusal`].
    pub fn vet_target(&self, target: &Target, trust: Trust) -> Result<(), Refusal> {
        if trust == Trust::Operator {
            return Ok(());
        }
        let (host, port) = (target.host(), target.port());
        let listed = self.lists(host, port);
        if !target.is_https() && !listed {
            return Err(Refusal::new(host, "only https is allowed"));
        }
        if let Ok(ip) = host.parse::<IpAddr>() {
            return self.vet(host, port, &[ip], trust);
        }
        if listed {
            return Ok(());
        }
        if let Some(why) = refused_name(host) {
            return Err(Refusal::new(host, why));
        }
        if !self.ports.contains(&port) {
            return Err(Refusal::new(
                format_args!("port {port}"),
                "the port is not open to visitors' addresses",
            ));
        }
        Ok(())
    }

    /// Whether the allow list has an entry for this name and port, whatever it resolves to.
    pub(crate) fn lists(&self, host: &str, port: u16) -> bool {
        self.allow.iter().any(|a| a.port == port && a.is_for(host))
    }

    fn on_list(&self, host: &str, port: u16, ip: IpAddr) -> bool {
        !never_allowed(ip)
            && self
                .allow
                .iter()
                .any(|a| a.port == port && a.is_for(host) && within(plain(ip), a.network, a.prefix))
    }
}

/// Why a visitor's destination may not have this host name, before it is resolved. `None` when the name is fine
/// (or an address literal, which [`refused_address`] judges).
pub fn refused_name(host: &str) -> Option<&'static str> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if host.parse::<IpAddr>().is_ok() {
        return None;
    }
    if host.is_empty() || !host.is_ascii() || host.bytes().any(|b| b <= b' ' || b == 0x7f || b == b'\\') {
        return Some("it is not a host name");
    }
    const ENDINGS: [&str; 5] = ["localhost", "localdomain", "local", "internal", "home.arpa"];
    if ENDINGS.iter().any(|e| host == *e || host.strip_suffix(e).is_some_and(|rest| rest.ends_with('.'))) {
        return Some("the name belongs to a private network");
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    if !host.contains('.') {
        return Some("the name has a single part");
    }
    // "127.1", "0x7f.1": no top-level domain is a number, but old parsers read such names as IPv4 addresses.
    if last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x") {
        return Some("it is an unusual spelling of an address");
    }
    None
}

type Net4 = (Ipv4Addr, u8, &'static str);
type Net6 = (Ipv6Addr, u8, &'static str);

const fn v4(a: u8, b: u8, c: u8, d: u8) -> Ipv4Addr {
    Ipv4Addr::new(a, b, c, d)
}

/// IPv4 networks that no visitor's destination may lead to.
const REFUSED_4: [Net4; 19] = [
    (v4(0, 0, 0, 0), 8, "the address means this host"),
    (v4(10, 0, 0, 0), 8, PRIVATE),
    (v4(100, 64, 0, 0), 10, PRIVATE),
    (v4(127, 0, 0, 0), 8, "the address is loopback"),
    (v4(169, 254, 0, 0), 16, LINK_LOCAL),
    (v4(172, 16, 0, 0), 12, PRIVATE),
    (v4(192, 0, 0, 0), 24, SPECIAL),
    (v4(192, 0, 2, 0), 24, SPECIAL),
    (v4(192, 31, 196, 0), 24, SPECIAL),
    (v4(192, 52, 193, 0), 24, SPECIAL),
    (v4(192, 88, 99, 0), 24, SPECIAL),
    (v4(192, 168, 0, 0), 16, PRIVATE),
    (v4(192, 175, 48, 0), 24, SPECIAL),
    (v4(198, 18, 0, 0), 15, SPECIAL),
    (v4(198, 51, 100, 0), 24, SPECIAL),
    (v4(203, 0, 113, 0), 24, SPECIAL),
    (v4(224, 0, 0, 0), 4, "the address is multicast"),
    (v4(240, 0, 0, 0), 4, SPECIAL),
    (v4(168, 63, 129, 16), 32, METADATA),
];

const PRIVATE: &str = "the address is private";
const LINK_LOCAL: &str = "the address is link-local, where clouds keep their metadata";
const METADATA: &str = "the address is a cloud's metadata service";
const SPECIAL: &str = "the address is reserved for special use";

/// IPv6 networks inside 2000::/3 (the only public space) that are refused nevertheless.
const REFUSED_6: [Net6; 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, SPECIAL),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, SPECIAL),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "the address embeds an IPv4 address"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, SPECIAL),
];

/// Addresses that not even the operator's allow list opens to visitors: whoever reaches them owns the machine.
const NEVER: [(IpAddr, u8); 6] = [
    (IpAddr::V4(v4(169, 254, 0, 0)), 16),
    (IpAddr::V4(v4(168, 63, 129, 16)), 32),
    (IpAddr::V4(v4(100, 100, 100, 200)), 32),
    (IpAddr::V4(v4(192, 0, 0, 192)), 32),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
    (IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)), 128),
];

/// Why a visitor's destination may not lead to `ip`; `None` when it is an ordinary public address.
pub fn refused_address(ip: IpAddr) -> Option<&'static str> {
    match plain(ip) {
        IpAddr::V4(ip) => REFUSED_4
            .iter()
            .find(|(net, len, _)| within(ip.into(), (*net).into(), *len))
            .map(|(_, _, why)| *why),
        IpAddr::V6(ip) => {
            if ip.segments()[0] & 0xe000 != 0x2000 {
                return Some("the address is not in the public IPv6 space");
            }
            REFUSED_6
                .iter()
                .find(|(net, len, _)| within(ip.into(), (*net).into(), *len))
                .map(|(_, _, why)| *why)
        }
    }
}

fn never_allowed(ip: IpAddr) -> bool {
    NEVER.iter().any(|(net, len)| within(plain(ip), *net, *len))
}

/// `::ffff:a.b.c.d` is the IPv4 address that the kernel will dial.
fn plain(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

fn within(ip: IpAddr, network: IpAddr, prefix: u8) -> bool {
    match (ip, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
            u32::from(a) & mask == u32::from(n) & mask
        }
        (IpAddr::V6(a), IpAddr::V6(n)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
            u128::from(a) & mask == u128::from(n) & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(s: &str) -> IpAddr {
        s.parse().unwrap()
    }

    #[test]
    fn every_refused_literal_of_the_reference_is_refused() {
        for s in [
            "127.0.0.1",
            "127.127.127.127",
            "0.0.0.0",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:7f00:1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::a00:1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "100::1",
            "5f00::1",
            "3fff:0:1::1",
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "192.31.196.1",
            "192.52.193.1",
            "192.88.99.1",
            "192.175.48.1",
        ] {
            assert!(refused_address(ip(s)).is_some(), "{s} must be refused");
        }
    }

    #[test]
    fn neighbours_of_the_refused_networks_are_public() {
        for s in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "168.63.129.15",
            "2606:4700::1111",
            "2001:200::1",
            "2003::1",
            "2001:db9::1",
            "::ffff:1.1.1.1",
        ] {
            assert_eq!(refused_address(ip(s)), None, "{s} is public");
        }
    }

    #[test]
    fn names_of_private_networks_and_disguised_addresses_are_refused() {
        for s in [
            "localhost",
            "LOCALHOST.",
            "localhost.localdomain",
            "foo.localhost",
            "printer.local",
            "home.arpa",
            "a.home.arpa",
            "metadata.google.internal",
            "intranet",
            "",
            "127.1",
            "127.0.1",
            "0x7f.0.0.1",
            "2130706433",
            "0177.0.0.0x1",
            "256.256.256.256",
            "1.2.3.4.5",
            "ex ample.com",
            "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
            "example.com\\x",
        ] {
            assert!(refused_name(s).is_some(), "{s} must be refused");
        }
        for s in
            ["example.com", "example.com.", "mylocalhost.com", "local.example.com", "internal.example.org"]
        {
            assert_eq!(refused_name(s), None, "{s} is fine");
        }
    }

    #[test]
    fn one_private_address_among_public_ones_refuses_the_name() {
        let p = AddressPolicy::default();
        let mixed = [ip("1.1.1.1"), ip("10.0.0.1")];
        assert!(p.vet("example.com", 443, &mixed, Trust::Visitor).is_err());
        assert!(p.vet("example.com", 443, &mixed[..1], Trust::Visitor).is_ok());
        assert!(
            p.vet("example.com", 25, &mixed[..1], Trust::Visitor).is_err(),
            "port 25 is not for visitors"
        );
        assert!(p.vet("example.com", 443, &[], Trust::Visitor).is_err());
        assert!(p.vet("mail", 25, &mixed, Trust::Operator).is_ok(), "the operator's own choice");
    }

    #[test]
    fn the_allow_list_opens_a_network_but_never_metadata() {
        let p = AddressPolicy {
            allow: vec![Allowed {
                host: "hook.corp.local".into(),
                network: ip("0.0.0.0"),
                prefix: 0,
                port: 8080,
            }],
            own: vec!["10.0.0.9:8080".parse().unwrap()],
            ..AddressPolicy::default()
        };
        assert!(p.vet("Hook.corp.local.", 8080, &[ip("10.0.0.1")], Trust::Visitor).is_ok());
        assert!(p.vet("hook.corp.local", 8081, &[ip("10.0.0.1")], Trust::Visitor).is_err());
        assert!(p.vet("other.corp.local", 8080, &[ip("10.0.0.1")], Trust::Visitor).is_err());
        for never in ["169.254.169.254", "::ffff:169.254.169.254", "100.100.100.200", "168.63.129.16"] {
            assert!(p.vet("hook.corp.local", 8080, &[ip(never)], Trust::Visitor).is_err(), "{never}");
        }
        assert!(
            p.vet("hook.corp.local", 8080, &[ip("10.0.0.9")], Trust::Visitor).is_err(),
            "our own listener"
        );
    }
}
