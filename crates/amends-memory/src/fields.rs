//! What the index holds, and who may look into which part of it.
//!
//! Texts of each kind lie in a field of their own, and what the status page shows lies once more in the public fields.
//! A search looks only into the fields that its [`Sight`] allows. So what somebody may not see is not filtered away
//! afterwards, where it could still be counted: it is never read, and does not even weigh in the ranking.

use crate::words;
use amends_model::Resource;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions,
};

/// Raise it when fields or words change their meaning: an index of another version is made anew.
pub(crate) const VERSION: u32 = 1;

/// What a search may look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// What the status page shows to everybody.
    Public,
    /// Internal things, too: texts of these kinds. Events on an incident, for example, need both
    /// [`Resource::Incident`] and [`Resource::Event`].
    Internal(Vec<Resource>),
}

impl Sight {
    /// Whether texts that need all of these may be seen.
    pub(crate) fn covers(&self, needs: &[Resource]) -> bool {
        match self {
            Sight::Public => false,
            Sight::Internal(resources) => needs.iter().all(|needed| resources.contains(needed)),
        }
    }
}

/// One text field.
pub(crate) struct Part {
    /// Its name in the index.
    name: &'static str,
    /// How much a word in it counts.
    pub weight: f32,
    /// Whether it is a title: looked into for the first letter of a word already.
    pub heading: bool,
    /// What one must be allowed to read; none for public fields.
    needs: &'static [Resource],
}

use Resource::{Action, Event, Incident, Letter, Maintenance, Postmortem, Update};

const TITLE: f32 = 4.0;

macro_rules! parts {
    ($($constant:ident = $name:literal, $weight:expr, $heading:literal, $needs:expr;)+) => {
        parts!(@number 0usize; $($constant)+);
        /// Every text field, in the order of the schema.
        pub(crate) const PARTS: &[Part] =
            &[$(Part { name: $name, weight: $weight, heading: $heading, needs: &$needs }),+];
    };
    (@number $n:expr; $first:ident $($rest:ident)*) => {
        pub(crate) const $first: usize = $n;
        parts!(@number $n + 1; $($rest)*);
    };
    (@number $n:expr;) => {};
}

// By weight, heaviest first: a word that is found in several fields counts in the first.
parts! {
    PUBLIC_TITLE = "public_title", TITLE, true, [];
    INCIDENT_TITLE = "incident_title", TITLE, true, [Incident];
    MAINTENANCE_TITLE = "maintenance_title", TITLE, true, [Maintenance];
    POSTMORTEM_TITLE = "postmortem_title", TITLE, true, [Postmortem];
    ACTION_TITLE = "action_title", 3.0, true, [Action];
    INCIDENT_SUMMARY = "incident_summary", 2.0, false, [Incident];
    PUBLIC_TEXT = "public_text", 1.0, false, [];
    INCIDENT_UPDATE = "incident_update", 1.0, false, [Incident, Update];
    INCIDENT_EVENT = "incident_event", 1.0, false, [Incident, Event];
    MAINTENANCE_UPDATE = "maintenance_update", 1.0, false, [Maintenance, Update];
    MAINTENANCE_EVENT = "maintenance_event", 1.0, false, [Maintenance, Event];
    POSTMORTEM_DOCUMENT = "postmortem_document", 1.0, false, [Postmortem];
    POSTMORTEM_LETTER = "postmortem_letter", 1.0, false, [Postmortem, Letter];
    ACTION_NOTE = "action_note", 1.0, false, [Action];
}

/// Name of the field with the record's time.
pub(crate) const AT: &str = "at";
/// Name of the field with the record's kind and id.
pub(crate) const KEY: &str = "key";

/// The fields of an opened index.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    /// Kind and id; replaced and removed by it.
    pub key: Field,
    /// When it happened, in microseconds; newer ones come first among equals.
    pub at: Field,
    /// In which making of the index it was written.
    pub generation: Field,
    /// Texts, in the order of [`PARTS`].
    pub parts: Vec<Field>,
}

/// The schema.
pub(crate) fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let key = schema.add_text_field(KEY, STRING | FAST);
    let at = schema.add_i64_field(AT, FAST);
    let generation = schema.add_u64_field("generation", INDEXED);
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(words::NAME)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let text = TextOptions::default().set_indexing_options(indexing);
    let parts = PARTS.iter().map(|part| schema.add_text_field(part.name, text.clone())).collect();
    (schema.build(), Fields { key, at, generation, parts })
}

/// The parts that may be looked into, by their number.
pub(crate) fn visible(sight: &Sight) -> Vec<usize> {
    let may = |part: &Part| match sight {
        Sight::Public => part.needs.is_empty(),
        Sight::Internal(_) => !part.needs.is_empty() && sight.covers(part.needs),
    };
    (0..PARTS.len()).filter(|n| may(&PARTS[*n])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sight: &Sight) -> Vec<&'static str> {
        visible(sight).into_iter().map(|n| PARTS[n].name).collect()
    }

    #[test]
    fn the_public_looks_into_public_fields_only() {
        assert_eq!(names(&Sight::Public), ["public_title", "public_text"]);
    }

    #[test]
    fn narrow_rights_open_narrow_fields() {
        assert!(names(&Sight::Internal(vec![])).is_empty());
        assert!(
            names(&Sight::Internal(vec![Event, Update, Letter])).is_empty(),
            "texts without their record"
        );
        assert_eq!(names(&Sight::Internal(vec![Incident])), ["incident_title", "incident_summary"]);
        assert_eq!(names(&Sight::Internal(Resource::ALL.to_vec())).len(), PARTS.len() - 2);
    }

    #[test]
    fn numbers_name_the_fields_they_say() {
        assert_eq!(PARTS[PUBLIC_TITLE].name, "public_title");
        assert_eq!(PARTS[INCIDENT_EVENT].name, "incident_event");
        assert_eq!(PARTS[ACTION_NOTE].name, "action_note");
        assert!(PARTS.windows(2).all(|pair| pair[0].weight >= pair[1].weight));
    }
}
