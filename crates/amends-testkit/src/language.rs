//! Texts for large records.

/// Numbers that are the same every time (xorshift).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The same seed gives the same numbers; it must not be 0.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From 0 to below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.roll() % n as u64) as usize
    }

    fn unit(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Bytes for an id.
    pub fn id(&mut self) -> [u8; 12] {
        std::array::from_fn(|_| self.roll() as u8)
    }
}

/// Words, the commonest first. They occur as words of a language do: the second half as often as the first, and so on.
#[derive(Debug)]
pub struct Language(Vec<String>);

/// The commonest.
pub const COMMON: &str = "the to of and is we in on are not for was that it by with from be as this mail emails database server \
    customers service error users slow down sent alert deploy checkout api login timeout requests failed queue region latency \
    cluster incident messages investigating identified monitoring resolved fix rollback restart connection certificate \
    kubernetes postgres redis network traffic config vendor payment data sync history daily cannot unavailable degraded";

impl Language {
    /// Its words come from `dice`.
    pub fn new(dice: &mut Dice) -> Self {
        let mut words: Vec<String> = COMMON.split_whitespace().map(str::to_owned).collect();
        let (starts, ends) = (
            ["b", "cr", "d", "f", "gl", "h", "k", "l", "m", "n", "p", "qu", "r", "st", "t", "v"],
            ["an", "er", "in", "os", "ul", "et", "or", "ib", "am", "eck", "ing", "ed", "s", "ation"],
        );
        while words.len() < 60_000 {
            let mut word = String::new();
            for _ in 0..2 + dice.below(3) {
                word += starts[dice.below(starts.len())];
                word += ends[dice.below(ends.len())];
            }
            words.push(word);
        }
        Language(words)
    }

    fn word(&self, dice: &mut Dice) -> String {
        if dice.below(40) == 0 {
            // Numbers, hosts, commits.
            return match dice.below(3) {
                0 => dice.below(100_000).to_string(),
                1 => format!("node-{}.eu", dice.below(500)),
                _ => format!("{:07x}", dice.roll() & 0xfff_ffff),
            };
        }
        let rank = (dice.unit() * (self.0.len() as f64).ln()).exp() as usize;
        self.0[rank.min(self.0.len()) - 1].clone()
    }

    /// So many words.
    pub fn text(&self, dice: &mut Dice, words: usize) -> String {
        let mut text = String::with_capacity(words * 7);
        for n in 0..words {
            if n > 0 {
                text.push_str(if n % 13 == 0 { ". " } else { " " });
            }
            text += &self.word(dice);
        }
        text
    }
}
