//! The local socket: whoever can open `amends.sock` in the data folder owns the installation and needs no token, also
//! while the server runs and holds the folder.

use amends_app::Caller;
use amends_web::visitor::Local;
use axum::{Extension, Router};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tokio::net::{UnixListener, UnixStream};

/// The socket of a data folder.
pub fn path(data: &Path) -> PathBuf {
    data.join("amends.sock")
}

/// Listens on the socket, readable by its owner only. A socket that an ended process left is replaced; the folder's
/// lock makes sure that no other process listens.
pub fn listen(data: &Path) -> io::Result<UnixListener> {
    let path = path(data);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Connects to the server that runs in a data folder.
pub async fn connect(data: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(path(data)).await
}

/// The routes for callers that own the installation.
pub fn routes(router: Router) -> Router {
    router.layer(Extension(Local(Caller::system("the machine"))))
}
