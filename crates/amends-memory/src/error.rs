use amends_store::StoreError;

/// Why the memory could not do something. What is asked for is never the reason: any text is a fair question.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// The record could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder cannot be written or read; the text says which, why and what to do.
    #[error("{0}")]
    Folder(String),
    /// The index cannot be read. It is made anew from the record.
    #[error("the search index was damaged and is being made anew from the record; search again in a minute")]
    Damaged,
}
