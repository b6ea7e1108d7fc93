//! Five hundred people who want to hear from the demo's page, the same on every run. Their addresses are at domains
//! reserved for examples (RFC 2606), so that a demo that is given a mail server by accident disturbs nobody.

const FIRST: [&str; 50] = [
    "ada", "amir", "anouk", "basil", "bea", "bram", "carla", "chidi", "clara", "dario", "dina", "edo",
    "elif", "emre", "esther", "farid", "femke", "gita", "goran", "hanna", "hugo", "ida", "ivo", "jana",
    "joris", "kaja", "karim", "lena", "luca", "maja", "malik", "mina", "nadia", "nils", "noor", "olga",
    "oskar", "paula", "pim", "rosa", "ruben", "sanne", "selma", "simon", "sofia", "tariq", "tess", "uma",
    "viktor", "zora",
];

const LAST: [&str; 40] = [
    "aalto", "bakker", "barros", "bauer", "becker", "blanc", "castro", "costa", "dumas", "eriksen",
    "fischer", "gallo", "garcia", "haas", "hansen", "ito", "jansen", "kaya", "keller", "kowal", "lambert",
    "lindberg", "lopes", "maes", "marino", "meyer", "moreau", "nagy", "novak", "okoro", "peeters", "popov",
    "reyes", "rossi", "santos", "silva", "visser", "weber", "willems", "yilmaz",
];

const DOMAINS: [&str; 3] = ["example.com", "example.org", "example.net"];

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Address.
    pub email: String,
    /// Keys of the components they chose; empty for the whole page.
    pub components: Vec<String>,
    /// How many minutes ago they confirmed.
    pub minutes_ago: i64,
}

/// Makes `count` subscribers. Three in ten chose one to three of the `components`.
pub fn make(count: usize, components: &[&str]) -> Vec<Made> {
    let mut random = Sequence(0x6d61_7272_6f77_6279);
    let mut seen = std::collections::HashSet::with_capacity(count);
    let mut out = Vec::with_capacity(count);
    while out.len() < count {
        let (first, last) = (random.pick(&FIRST), random.pick(&LAST));
        let mut email = format!("{first}.{last}@{}", random.pick(&DOMAINS));
        if !seen.insert(email.clone()) {
            // The number of names is finite; a second one of the same name takes a number, as people do.
            email = format!("{first}.{last}{}@{}", 2 + random.below(97), random.pick(&DOMAINS));
            if !seen.insert(email.clone()) {
                continue;
            }
        }
        let mut chosen: Vec<String> = Vec::new();
        if !components.is_empty() && random.below(10) < 3 {
            for _ in 0..=random.below(3) {
                let key = components[random.below(components.len())];
                if !chosen.iter().any(|c| c == key) {
                    chosen.push(key.to_owned());
                }
            }
        }
        let minutes_ago = 60 + random.below(364 * 24 * 60);
        out.push(Made { email, components: chosen, minutes_ago: i64::try_from(minutes_ago).unwrap_or(60) });
    }
    out
}

/// SplitMix64: small, and the same numbers on every machine.
struct Sequence(u64);

impl Sequence {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or(0)
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}
