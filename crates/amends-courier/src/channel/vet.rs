//! Which addresses may be posted to, asked when one is typed in: the answer then is kinder than a message that never goes.

use std::sync::Arc;

use amends_egress::{AddressPolicy, Door, DoorConfig, Target, Trust};

/// Says why an address may not be posted to: the end of a sentence that begins with its name.
pub type Vet = Arc<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// By the rules of a door.
pub fn by(door: Door) -> Vet {
    Arc::new(move |address| {
        let target = Target::parse(address).map_err(|e| e.to_string())?;
        door.vet_target(&target, Trust::Visitor).map_err(|e| format!("cannot be used: {}", e.why()))
    })
}

/// Public addresses alone.
pub fn strict() -> Vet {
    match Door::new(DoorConfig { policy: AddressPolicy::default(), ..DoorConfig::default() }) {
        Ok(door) => by(door),
        Err(e) => {
            let why = e.to_string();
            Arc::new(move |_| Err(format!("cannot be used: {why}")))
        }
    }
}
