//! Choosing components and their status in a form: one list for each, named `status:ID`.

use crate::pages::fields::Fields;
use amends_app::incident::ComponentInput;
use amends_model::{Component, ComponentId, ComponentStatus, Incident};

/// A group of components; components without a group stand in one without a name.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name; none for components without a group.
    pub name: Option<String>,
    /// Its components.
    pub components: Vec<Picked>,
}

/// One component to choose a status for.
#[derive(Debug, Clone)]
pub struct Picked {
    /// Name.
    pub name: String,
    /// Name of the field.
    pub field: String,
    /// How it is now.
    pub now: ComponentStatus,
    /// What is chosen; none leaves it as it is.
    pub chosen: Option<ComponentStatus>,
}

impl Picked {
    /// Whether this status is chosen.
    pub fn is(&self, status: &ComponentStatus) -> bool {
        self.chosen == Some(*status)
    }
}

/// All components in their groups with what `form` has chosen. `now` says how each is now because of an incident.
pub fn groups(all: &[Component], form: &Fields, incident: Option<&Incident>) -> Vec<Group> {
    let picked = |c: &Component| {
        let field = format!("status:{}", c.id);
        let affected = incident.and_then(|i| i.components.iter().find(|a| a.component_id == c.id));
        Picked {
            name: c.name.clone(),
            chosen: form.value(&field).parse().ok(),
            field,
            now: affected.map_or(ComponentStatus::Operational, |a| a.current),
        }
    };
    let leaves = |group: Option<&ComponentId>| -> Vec<Picked> {
        all.iter().filter(|c| !c.is_group && c.group_id.as_ref() == group).map(picked).collect()
    };
    let loose = Group { name: None, components: leaves(None) };
    let grouped = all
        .iter()
        .filter(|c| c.is_group)
        .map(|g| Group { name: Some(g.name.clone()), components: leaves(Some(&g.id)) });
    std::iter::once(loose).chain(grouped).filter(|g| !g.components.is_empty()).collect()
}

/// What the form has chosen. Unknown words are noted as wrong.
pub fn chosen(form: &mut Fields) -> Vec<ComponentInput> {
    let typed: Vec<(String, String)> = form
        .with_prefix("status:")
        .filter(|(_, value)| !value.is_empty())
        .map(|(id, value)| (id.to_owned(), value.to_owned()))
        .collect();
    let mut inputs = Vec::new();
    for (component, value) in typed {
        match value.parse() {
            Ok(status) => inputs.push(ComponentInput { component, status }),
            Err(detail) => form.refuse(&format!("status:{component}"), detail),
        }
    }
    inputs
}

/// The field of the form that a pointer such as `/components/1/status` is about.
pub fn field_of(inputs: &[ComponentInput], parts: &[&str]) -> Option<String> {
    let ["components", n, ..] = parts else { return None };
    let input = inputs.get(n.parse::<usize>().ok()?)?;
    Some(format!("status:{}", input.component))
}
